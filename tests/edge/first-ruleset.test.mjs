// An isolate without a ruleset: one request at a time asks the hub for it, and a key that opens nothing makes no isolate load an environment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { startOn } from './workerd.mjs';

const document = environment => ({
  schema: 'twinflag/1',
  environment,
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { [`of-${environment}`]: { default: 'on' } },
});

let folder, server, key;
const start = () => startOn({ config: new URL('workers/bad.capnp', import.meta.url), data: folder.path });
const good = async answer => {
  const got = await answer;
  assert.equal(got.status, 200, got.text);
  return got.json();
};
/** The hub's last answer of this kind, and the number of its answers. */
async function hubSaid(what) {
  const { text, headers } = await server.request(`/test/hub/${what}`, { method: 'GET' });
  return { text, count: Number(headers.get('test-answers')) };
}
const evaluate = async (token, flag) => (await server.request('/v1/evaluate', { token, body: { evaluations: [{ flag }] } })).status;

before(async () => {
  folder = await dataFolder();
  server = await start();
  await good(server.asAdmin('/api/admin/document', { method: 'PUT', body: document('production') }));
  await good(server.asAdmin('/api/admin/environments', { body: { name: 'staging', reason: 'r' } }));
  await good(server.asAdmin('/api/admin/document?environment=staging', { method: 'PUT', body: document('staging') }));
  ({ key } = await good(server.asAdmin('/api/admin/keys?environment=staging', { body: { kind: 'server', label: 'a test', reason: 'r' } })));
  await server.stop();
  server = await start();
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

test('many requests at once to a new isolate fetch one ruleset', async () => {
  const statuses = await Promise.all(Array.from({ length: 50 }, () => evaluate(server.serverKey, 'of-production')));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal((await hubSaid('ruleset')).count, 1);
});

test('a key that opens nothing makes the isolate ask for keys, not for the ruleset', async () => {
  const made = number => `tf_server_staging_${String(number).padStart(40, '0')}`;
  const statuses = await Promise.all(Array.from({ length: 20 }, (_, number) => evaluate(made(number), 'of-staging')));
  assert.deepEqual(new Set(statuses), new Set([401]));
  assert.ok((await hubSaid('keys')).count > 0);
  const { text, count } = await hubSaid('ruleset');
  assert.ok(count === 1 && !text.includes('of-staging'));
  assert.equal(await evaluate(key, 'of-staging'), 200);
  assert.ok((await hubSaid('ruleset')).text.includes('of-staging'));
});
