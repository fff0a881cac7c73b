// An example as its reader copies it: its own manifest, with our packages packed, in a folder of its own.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createProject } from '../packaging/project.mjs';

const EXAMPLES = fileURLToPath(new URL('../../npm/examples/', import.meta.url));

/**
 * Installs an example, with further files and packages of a test.
 *
 * @param {string} name its folder in `npm/examples`
 */
export async function copyExample(name, { files = {}, others = {} } = {}) {
  const folder = join(EXAMPLES, name);
  const { dependencies, ...manifest } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const theirs = Object.fromEntries(Object.entries(dependencies).filter(([dependency]) => !isOurs(dependency)));
  const ours = await withTheirOwn(Object.keys(dependencies).filter(isOurs));
  return createProject({ ours, others: { ...theirs, ...others }, manifest, files: { ...(await filesOf(folder)), ...files } });
}

const isOurs = dependency => dependency.startsWith('@twinflag/');

/** Packages of ours with those that they depend on: npm finds none of them in a registry. */
async function withTheirOwn(names) {
  const all = new Set(names);
  for (const name of all) {
    const manifest = new URL(`../../npm/${name.slice('@twinflag/'.length)}/package.json`, import.meta.url);
    for (const own of Object.keys(JSON.parse(await readFile(manifest, 'utf8')).dependencies ?? {})) all.add(own);
  }
  return [...all];
}

async function filesOf(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries.filter(entry => entry.isFile() && entry.name !== 'package.json').map(entry => join(entry.parentPath, entry.name));
  return Object.fromEntries(await Promise.all(paths.map(async path => [path.slice(folder.length + 1), await readFile(path, 'utf8')])));
}
