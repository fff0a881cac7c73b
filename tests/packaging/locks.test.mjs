// The lock file of each workspace agrees with its manifests, and names the public registries alone: what it installs is the same everywhere.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { run } from './project.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CARGO = ['', 'tests/bench/native', 'tests/fuzz', 'tests/providers/languages/rust'];
const NPM = ['docs/site', 'npm', 'tests/bench/js', 'tests/bench/server', 'tests/dashboard', 'tests/providers'];
/** The crates of the root's workspace on which the others depend. */
const SHARED = ['sdk-core'];
const CRATES = 'registry+https://github.com/rust-lang/crates.io-index';
const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

const read = (...path) => readFile(join(ROOT, ...path), 'utf8');

/** The folders of the repository in which a file has this name. */
async function foldersWith(name, folder = '') {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true });
  const inner = entries.filter(entry => entry.isDirectory() && !/^(\..*|target|node_modules|dist)$/.test(entry.name));
  const found = await Promise.all(inner.map(entry => foldersWith(name, join(folder, entry.name))));
  return [...(entries.some(entry => entry.name === name) ? [folder] : []), ...found.flat()].sort();
}

/** The packages of a `Cargo.lock`, which Cargo writes in one form. */
function packagesOf(lock) {
  const member = (block, name) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(block)?.[1];
  return lock
    .split('[[package]]\n')
    .slice(1)
    .map(block => ({
      ...Object.fromEntries(['name', 'version', 'source', 'checksum'].map(name => [name, member(block, name)])),
      dependencies: [...block.matchAll(/^ "(.*)",$/gm)].map(([, dependency]) => dependency.split(' ')),
    }));
}

/** True if a version fits a requirement of one of the forms that the manifests have: `*`, `=1.2.3` and `^1.2`. */
function fits(version, requirement) {
  if (requirement === '*') return true;
  const [, sign, wanted] = /^([=^])(\d+(?:\.\d+){0,2})$/.exec(requirement) ?? assert.fail(`a requirement of another form: ${requirement}`);
  if (sign === '=') return version === wanted;
  const [own, least] = [version, wanted].map(text => text.split(/[.+-]/).slice(0, 3).map(Number));
  // The first number that is not 0 stays as it is, and so do those before it.
  const first = least.findIndex(number => number > 0);
  if (least.slice(0, first < 0 ? least.length : first + 1).some((number, place) => number !== own[place])) return false;
  const differing = least.findIndex((number, place) => number !== own[place]);
  return differing < 0 || own[differing] > least[differing];
}

/** The contradictions between a `Cargo.lock` and the manifests, as `cargo metadata` tells them. */
function faultsOfCargo(lock, manifests) {
  const locked = packagesOf(lock);
  const faults = locked
    .filter(({ source, checksum }) => source !== undefined && (source !== CRATES || !/^[0-9a-f]{64}$/.test(checksum ?? '')))
    .map(({ name, source }) => `${name} comes from ${source}`);
  for (const { name, version, dependencies } of manifests) {
    const own = locked.find(each => each.name === name && each.version === version && each.source === undefined);
    if (!own) {
      faults.push(`${name} ${version} is not locked`);
      continue;
    }
    for (const [dependency] of own.dependencies)
      if (!dependencies.some(each => each.name === dependency)) faults.push(`${name} has no dependency ${dependency}`);
    for (const { name: dependency, req } of dependencies) {
      const [, chosen] = own.dependencies.find(([each, at]) => each === dependency && (!at || fits(at, req))) ?? [dependency, ''];
      const found = locked.find(each => each.name === dependency && each.version === (chosen ?? each.version));
      if (!found || !fits(found.version, req)) faults.push(`${name} wants ${dependency} ${req}, and has ${found?.version}`);
    }
  }
  for (const { name, source } of locked)
    if (source === undefined && !manifests.some(each => each.name === name) && !SHARED.includes(name))
      faults.push(`${name} is no crate of ours`);
  return faults;
}

/** The contradictions between a `package-lock.json` and the manifests, by folder. */
function faultsOfNpm({ packages }, manifests) {
  const faults = Object.entries(packages)
    .filter(([, { resolved, link }]) => resolved !== undefined && !link && !resolved.startsWith('https://registry.npmjs.org/'))
    .map(([path, { resolved }]) => `${path} comes from ${resolved}`);
  for (const [path, { link, integrity }] of Object.entries(packages))
    if (path.startsWith('node_modules/') && !link && !integrity?.startsWith('sha512-')) faults.push(`${path} has no SHA-512`);
  for (const [folder, manifest] of Object.entries(manifests)) {
    for (const section of SECTIONS) {
      const [wanted, locked] = [manifest[section] ?? {}, packages[folder]?.[section] ?? {}];
      for (const name of new Set([...Object.keys(wanted), ...Object.keys(locked)])) {
        if (wanted[name] !== locked[name]) faults.push(`${folder} wants ${name} ${wanted[name]}, and the lock file has ${locked[name]}`);
        const { link, version } = packages[`${folder}/node_modules/${name}`] ?? packages[`node_modules/${name}`] ?? {};
        const isExact = /^\d+\.\d+\.\d+/.test(wanted[name] ?? '');
        if (isExact && !link && version !== wanted[name]) faults.push(`${folder} wants ${name} ${wanted[name]}, and has ${version}`);
      }
    }
  }
  return faults;
}

/** The crates of a workspace with their dependencies, by their manifests alone. */
async function crates(folder) {
  const options = ['metadata', '--no-deps', '--offline', '--format-version', '1'];
  return JSON.parse((await run('cargo', options, { cwd: join(ROOT, folder), maxBuffer: 16e6 })).stdout).packages;
}

async function packages(folder) {
  const lock = JSON.parse(await read(folder, 'package-lock.json'));
  const folders = Object.keys(lock.packages).filter(path => !/(^|\/)node_modules\//.test(path));
  const manifests = await Promise.all(folders.map(async path => [path, JSON.parse(await read(folder, path, 'package.json'))]));
  return { lock, manifests: Object.fromEntries(manifests) };
}

test('each workspace has a lock file', async () => {
  assert.deepEqual(await foldersWith('Cargo.lock'), CARGO);
  assert.deepEqual(await foldersWith('package-lock.json'), NPM);
  const folders = await foldersWith('Cargo.toml');
  const roots = await Promise.all(folders.map(async folder => /^\[workspace\]$/m.test(await read(folder, 'Cargo.toml'))));
  assert.deepEqual(
    folders.filter((_, place) => roots[place]),
    CARGO,
  );
});

for (const folder of CARGO) {
  test(`Cargo.lock of ${folder || 'the root'} agrees with its manifests`, async () => {
    assert.deepEqual(faultsOfCargo(await read(folder, 'Cargo.lock'), await crates(folder)), []);
  });
}

for (const folder of NPM) {
  test(`package-lock.json of ${folder} agrees with its manifests`, async () => {
    const { lock, manifests } = await packages(folder);
    assert.deepEqual(faultsOfNpm(lock, manifests), []);
    // npm's own opinion of the whole tree.
    await run('npm', ['ls', '--package-lock-only', '--all'], { cwd: join(ROOT, folder), maxBuffer: 16e6 });
  });
}

test('the control: a lock file that disagrees, or names another host, is noticed', async () => {
  const [lock, manifests] = [await read('tests/fuzz', 'Cargo.lock'), await crates('tests/fuzz')];
  const spoilt = {
    'comes from': lock.replace(CRATES, 'registry+https://crates.internal.example/index'),
    'libfuzzer-sys ^0.4, and has 0.5.0': lock.replace(/(name = "libfuzzer-sys"\nversion = )"0\.4\.[^"]*"/, '$1"0.5.0"'),
    'is not locked': lock.replace(/(name = "tests-fuzz"\nversion = )"[^"]*"/, '$1"9.9.9"'),
    'has no dependency': lock.replace(' "libfuzzer-sys",', ' "arbitrary",'),
  };
  for (const [fault, text] of Object.entries(spoilt)) assert.ok(faultsOfCargo(text, manifests).join().includes(fault), fault);
  const { lock: whole, manifests: wanted } = await packages('tests/bench/js');
  const name = '@openfeature/core';
  const spoil = change => {
    const copy = structuredClone(whole);
    change(copy.packages);
    return faultsOfNpm(copy, wanted).join();
  };
  assert.match(
    spoil(all => {
      all[`node_modules/${name}`].resolved = `https://npm.internal.example/${name}.tgz`;
    }),
    /comes from https:\/\/npm\.internal/,
  );
  assert.match(
    spoil(all => {
      all[`node_modules/${name}`].version = '0.0.1';
    }),
    /wants @openfeature\/core .*, and has 0\.0\.1/,
  );
  assert.match(
    spoil(all => {
      all[''].dependencies[name] = '0.0.1';
    }),
    /the lock file has 0\.0\.1/,
  );
  for (const [version, requirement, expected] of [
    ['1.9.0', '^1.2', true],
    ['2.0.0', '^1.2', false],
    ['1.1.9', '^1.2', false],
    ['0.4.9', '^0.4', true],
    ['0.5.0', '^0.4', false],
    ['0.0.9', '^0.0', true],
    ['0.1.0', '^0.0', false],
    ['0.8.6', '^0.8.7', false],
    ['0.8.8', '^0.8.7', true],
    ['0.2.130', '=0.2.130', true],
    ['0.2.131', '=0.2.130', false],
  ])
    assert.equal(fits(version, requirement), expected, `${version} ${requirement}`);
});
