// The client for CommonJS: `require` of the package by name, in a Node that has `require(esm)`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));

for (const [name, exported] of [
  ['@twinflag/client', 'createClient'],
  ['@twinflag/client/outcomes', 'outcomes'],
  ['@twinflag/client/storage', 'storage'],
  ['@twinflag/client/native', 'deviceStorage'],
  ['@twinflag/client/script-engine', 'loadScriptEngine'],
  ['@twinflag/client/tabs', 'tabs'],
  ['@twinflag/client/engine', 'loadEngine'],
])
  test(`require('${name}') has ${exported}`, async () => {
    const program = `console.log(typeof require('${name}').${exported})`;
    const { stdout } = await run(process.execPath, ['--input-type=commonjs', '--eval', program], { cwd: NPM });
    assert.equal(stdout, 'function\n');
  });
