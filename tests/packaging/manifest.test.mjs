// What is in the packages, by the tools that others check packages with.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { createProject } from './project.mjs';

const NAMES = ['client', 'react', 'elements', 'chat-widget', 'edge', 'server', 'openfeature', 'admin'].map(name => `@twinflag/${name}`);

let project;
before(async () => {
  project = await createProject({
    ours: NAMES,
    others: {
      publint: '0.3.25',
      '@arethetypeswrong/cli': '0.18.5',
      react: '19.3.1',
      'react-dom': '19.3.1',
      '@openfeature/core': '1.12.0',
      '@openfeature/server-sdk': '1.23.0',
      '@openfeature/web-sdk': '1.10.0',
    },
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
      // The elements describe themselves to editors.
      name === '@twinflag/elements' ? ['custom-elements.json'] : [],
    );
  });
}

test('the hooks and the elements bring no engine, requests, timers or storage of their own', async () => {
  for (const name of ['@twinflag/react', '@twinflag/elements']) {
    // The file for a `<script>` contains the client.
    for (const path of project.packages[name].paths.filter(path => path.endsWith('.js') && !path.endsWith('/twinflag-elements.js'))) {
      const script = await readFile(project.path(`node_modules/${name}/${path}`), 'utf8');
      assert.doesNotMatch(script, /WebAssembly|\.wasm|\bfetch\(|setTimeout|setInterval|localStorage|sessionStorage/, path);
    }
  }
});

test('everything may be imported on a server', async () => {
  const script = `for (const name of ${JSON.stringify([...NAMES.filter(name => name !== '@twinflag/openfeature'), '@twinflag/react/boolean', '@twinflag/react/posthog', '@twinflag/react/testing', '@twinflag/elements/define', '@twinflag/elements/server', '@twinflag/elements/jsx', '@twinflag/client/bootstrap', '@twinflag/client/outcomes', '@twinflag/client/native', '@twinflag/client/script-engine', '@twinflag/chat-widget/config', '@twinflag/edge/manager', '@twinflag/edge/widget-config', '@twinflag/openfeature/server', '@twinflag/openfeature/web'])}) await import(name);`;
  assert.deepEqual(await project.node('--input-type=module', '--eval', script), { stdout: '', stderr: '' });
});
