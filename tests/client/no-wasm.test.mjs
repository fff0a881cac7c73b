// The client in a runtime without WebAssembly and BigInt: the same answers, by the engine as a script.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const AT = Date.UTC(2040, 0, 1);
const flagsOf = word => ({
  pro: { rules: [{ name: 'r', if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }] },
  words: { type: 'object', variants: { a: { label: 'Pay' }, b: { label: `${word} – ☕` } }, on: 'b', off: 'a' },
  later: { rules: [{ name: 'r', if: { attribute: 'now', op: 'after', value: new Date(AT).toISOString() }, serve: 'on' }] },
  own: {},
});
const server = ownServer({
  document: {
    schema: 'twinflag/1',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags: flagsOf('Pay now'),
    overrides: { customers: { 'c-1': { own: true } } },
  },
});

const CONTEXT = { customerId: 'c-1', userId: 'ü', plan: 'pro' };

/** Takes WebAssembly and BigInt from this runtime, and then imports the client. */
async function withoutWasm() {
  // Node's own `fetch` needs WebAssembly, once.
  await server.request('/health', { method: 'GET' });
  for (const name of ['WebAssembly', 'BigInt']) delete globalThis[name];
  for (const name of ['getBigInt64', 'getBigUint64']) delete DataView.prototype[name];
  const { createClient } = await import('../../npm/client/dist/entry/node.js');
  return options => createClient({ url: server.url, clientKey: server.clientKey, refresh: { push: false }, ...options });
}

test('rules, overrides, objects and another context are answered', async () => {
  const open = await withoutWasm();
  const client = open({ context: CONTEXT });
  await client.ready();
  assert.equal(client.error, undefined);
  assert.equal(client.status, 'ready');
  assert.deepEqual([client.isEnabled('pro'), client.isEnabled('own'), client.isEnabled('later')], [true, true, false]);
  assert.deepEqual(client.get('words', {}), { value: { label: 'Pay' }, variant: 'a', reason: 'STATIC', layer: 'default' });
  assert.equal(client.get('nobody', 1).errorCode, 'FLAG_NOT_FOUND');
  await client.setContext({ ...CONTEXT, plan: 'free' });
  assert.deepEqual([client.isEnabled('pro'), client.isEnabled('own')], [false, true]);
  client.close();
});

test('a program that another client takes, and that lets the memory grow, changes no answer of the first', async () => {
  const open = await withoutWasm();
  const [one, other] = [open({ context: CONTEXT }), open({ context: { customerId: 'c-2' } })];
  await Promise.all([one.ready(), other.ready()]);
  // Longer than the memory with which the engine begins: it is refused, for it is no program.
  const large = new Uint8Array(4_000_000);
  const third = open({ fetch: async () => new Response(large), retryMs: 86_400_000, maxRetryMs: 86_400_000 });
  await third.ready();
  assert.equal(third.error?.name, 'ProgramRefused');
  for (const plan of ['free', 'pro']) {
    await one.setContext({ ...CONTEXT, plan });
    assert.deepEqual([one.isEnabled('pro'), one.isEnabled('own'), other.isEnabled('own')], [plan === 'pro', true, false]);
  }
  for (const client of [one, other, third]) client.close();
});
