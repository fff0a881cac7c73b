// A client that is switched off: everybody's default, no request, no engine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { ownServer } from '../own-server.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { default: 'on' }, size: { type: 'number', variants: { small: 5, large: 50 }, on: 'large', off: 'small' } },
};

const server = ownServer({ document: DOCUMENT });

/** Does with a client all that one does with clients, and counts what leaves it. */
async function used(t, options) {
  const seen = { requests: 0, heard: 0 };
  const { fetch } = globalThis,
    network = t.mock.method(globalThis, 'fetch');
  const door = (...request) => {
    seen.requests++;
    return fetch(...request);
  };
  const client = createClient({ url: server.url, clientKey: server.clientKey, context: { customerId: 'c-1' }, fetch: door, ...options });
  const stop = client.subscribe(() => seen.heard++);
  client.subscribe('checkout', () => seen.heard++);
  await client.ready();
  await client.setContext({ customerId: 'c-2' });
  await client.refresh();
  stop();
  const answers = [client.get('checkout', false), client.getValue('size', 7), client.isEnabled('checkout')],
    { status, error } = client;
  client.close();
  t.mock.restoreAll();
  return { ...seen, network: network.mock.callCount(), answers, status, error };
}

test('switched off, nothing is asked of anybody', async t => {
  const answers = [{ value: false, reason: 'DISABLED' }, 7, false];
  assert.deepEqual(await used(t, { enabled: false }), { requests: 0, heard: 0, network: 0, answers, status: 'ready', error: undefined });
  // Without an own `fetch` there would be the runtime's.
  assert.equal((await used(t, { enabled: false, fetch: undefined, lazy: true })).network, 0);
});

test('the control: switched on, there are requests, and other answers', async t => {
  for (const enabled of [undefined, true]) {
    const { requests, heard, answers } = await used(t, { enabled });
    assert.ok(requests >= 2 && heard > 0, `${requests} requests, heard ${heard} times`);
    assert.deepEqual(answers, [{ value: true, reason: 'STATIC', variant: 'on', layer: 'default' }, 5, true]);
  }
  assert.ok((await used(t, { fetch: undefined })).network >= 2);
});

test('no engine is made or compiled for it, in a process that has none yet', () => {
  const counted = enabled => {
    const script = `
      // Node's own fetch is a module, too.
      let made = 0;
      const { Instance, Module, compile } = WebAssembly;
      const count = (module) => { if (Module.exports(module).some(({ name }) => name === 'identify')) made++; return module; };
      WebAssembly.Instance = class extends Instance { constructor(module) { super(count(module)); } };
      WebAssembly.compile = async (bytes) => count(await compile(bytes));
      const { createClient } = await import('${new URL('../../npm/client/dist/entry/node.js', import.meta.url)}');
      const client = createClient({ url: '${server.url}', clientKey: '${server.clientKey}', enabled: ${enabled} });
      await client.ready();
      console.log(made, client.status);
      client.close();`;
    return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }).trim();
  };
  assert.deepEqual([counted(false), counted(true)], ['0 ready', '2 ready']);
});

test('given defaults come before those of the caller, where their type is asked for', () => {
  const mine = { label: 'mine' };
  const client = createClient({ url: '', clientKey: '', enabled: false, defaults: { checkout: true, size: 9, words: { label: 'given' } } });
  assert.equal(client.isEnabled('checkout'), true);
  assert.deepEqual(client.get('size', 1), { value: 9, reason: 'DISABLED' });
  assert.deepEqual([client.getValue('size', 'text'), client.getValue('size', undefined), client.getValue('absent', 'x')], ['text', 9, 'x']);
  assert.deepEqual(client.getValue('words', mine), { label: 'given' });
  for (const read of [
    () => client.get('words', mine),
    () => client.get('absent', mine),
    () => client.get('absent', 1),
    () => client.get('size', 'text'),
  ])
    assert.equal(read(), read());
});
