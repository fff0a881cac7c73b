// What is in the packages, by the tools that others check packages with.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { createProject } from './project.mjs';

const NAMES = ['@twinflag/client', '@twinflag/react', '@twinflag/elements', '@twinflag/edge', '@twinflag/server', '@twinflag/admin'];

let project;
before(async () => {
  project = await createProject({
    ours: NAMES,
    others: { publint: '0.3.25', '@arethetypeswrong/cli': '0.18.5', react: '19.3.1', 'react-dom': '19.3.1' },
  });
});
after(() => project?.remove());

for (const name of NAMES) {
  test(`${name}: exports and types are found by whoever resolves them`, async () => {
    const { tarball } = project.packages[name];
    assert.match((await project.bin('publint', tarball, '--strict')).stdout, /All good!/);
    await project
      .bin('attw', tarball, '--profile', 'esm-only', '--exclude-entrypoints', './engine.wasm', './full.wasm')
      .catch(error => assert.fail(error.stdout));
  });

  test(`${name}: what is built, a readme and the licences, and nothing else`, async () => {
    const { paths } = project.packages[name];
    for (const needed of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'package.json']) assert.ok(paths.includes(needed), needed);
    assert.deepEqual(
      paths.filter(path => !/^(README\.md|LICENSE-(MIT|APACHE)|package\.json|dist\/.*(\.d\.ts|\.js|\.wasm))$/.test(path)),
      [],
    );
  });
}

test('the hooks and the elements bring no engine, requests, timers or storage of their own', async () => {
  for (const name of ['@twinflag/react', '@twinflag/elements']) {
    for (const path of project.packages[name].paths.filter(path => path.endsWith('.js'))) {
      const script = await readFile(project.path(`node_modules/${name}/${path}`), 'utf8');
      assert.doesNotMatch(script, /WebAssembly|\.wasm|\bfetch\(|setTimeout|setInterval|localStorage|sessionStorage/, path);
    }
  }
});

test('everything may be imported on a server', async () => {
  const script = `for (const name of ${JSON.stringify([...NAMES, '@twinflag/react/boolean', '@twinflag/elements/define', '@twinflag/edge/manager'])}) await import(name);`;
  assert.deepEqual(await project.node('--input-type=module', '--eval', script), { stdout: '', stderr: '' });
});
