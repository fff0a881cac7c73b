// Help for developers: warnings in development, each once, and nothing of it in what visitors get.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { ownServer } from '../own-server.mjs';

const run = promisify(execFile);
const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));
const CLIENT = join(NPM, 'client/dist/entry/node.js');
const WARNING = /^twinflag: .* answers 401: .*$/gm;

const server = ownServer({ document: { schema: 'twinflag/1', flags: { checkout: {} } } });

/** Returns the warnings of a program that opens two clients with these keys, one after the other. */
async function warnings(keys, env) {
  const program = `
    import { createClient } from ${JSON.stringify(CLIENT)};
    for (const clientKey of ${JSON.stringify(keys)}) {
      const client = createClient({ url: ${JSON.stringify(server.url)}, clientKey });
      await client.ready();
      client.close();
    }`;
  const { stderr } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
  return stderr.match(WARNING) ?? [];
}

test('a developer is told once that the edge refuses the client key, and what to do', async () => {
  const [told, ...more] = await warnings(['tf_client_wrong', 'tf_client_wrong_too'], { NODE_ENV: 'development' });
  assert.match(told, /it knows no such client key, .*\. Flags have the defaults of the code\. A server prints its client key/);
  assert.ok(told.includes(server.url) && !told.includes('tf_client'), told);
  assert.deepEqual(more, []);
  const [missing] = await warnings([undefined], { NODE_ENV: '' });
  assert.match(missing, /no clientKey was given/);
});

test('a good key warns of nothing, and neither does a program in production', async () => {
  assert.deepEqual(await warnings([server.clientKey], { NODE_ENV: 'development' }), []);
  assert.deepEqual(await warnings(['tf_client_wrong'], { NODE_ENV: 'production' }), []);
});

test('an unknown flag and a default of another type warn once each, to the logger if there is one', async () => {
  const program = `
    import { createClient } from ${JSON.stringify(CLIENT)};
    const lines = [];
    const client = createClient({ url: ${JSON.stringify(server.url)}, clientKey: '${server.clientKey}', logger: { warn: line => lines.push(line) } });
    client.get('before there are answers', false);
    await client.ready();
    for (const key of ['chekout', 'chekout', 'checkout']) client.get(key, false);
    for (let times = 0; times < 2; times++) client.getValue('checkout', 'text');
    for (let index = 0; index < 1000; index++) client.isEnabled('made up ' + index);
    client.close();
    console.log(JSON.stringify(lines));`;
  const said = async mode => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { env: { ...process.env, NODE_ENV: mode } });
    return JSON.parse(stdout);
  };
  const [unknown, type, ...more] = await said('development');
  assert.match(unknown, /^twinflag: the server has no flag "chekout".*twinflag list/);
  assert.match(type, /^twinflag: the values of the flag "checkout" are not of the type string.*twinflag types/);
  assert.ok(more.length < 110 && more.every(line => line.includes('"made up ')), `${more.length} more`);
  assert.deepEqual(await said('production'), []);
});

test('a bundle for production has nothing of the warning, and one for development has it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twinflag-warning-'));
  try {
    const page = join(folder, 'page.mjs');
    await writeFile(
      page,
      `import { createClient } from ${JSON.stringify(join(NPM, 'client/dist/entry/url.js'))}; createClient({ url: '/', clientKey: '' });`,
    );
    for (const [mode, isThere] of [
      ['production', false],
      ['development', true],
    ]) {
      const options = ['--bundle', '--minify', '--format=esm', `--define:process.env.NODE_ENV="${mode}"`];
      const { stdout } = await run(join(NPM, 'node_modules/.bin/esbuild'), [page, ...options], { maxBuffer: 8e6 });
      for (const text of ['Flags have the defaults', 'the server has no flag']) assert.equal(stdout.includes(text), isThere, mode);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
