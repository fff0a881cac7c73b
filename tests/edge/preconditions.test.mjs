// `If-Match` beside a program that writes overrides, and the answers that are kept for requests that are sent again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';

const document = (flags, customers) => ({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags,
  ...(customers && { overrides: { customers } }),
});

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: document({ chat: { default: 'off' } }) });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const put = (body, query, headers) => server.asAdmin(`/api/admin/document${query}`, { method: 'PUT', body, headers });
const tag = async () => (await server.asAdmin('/api/admin/document', { method: 'GET' })).headers.get('etag');
async function override(customerId, chat) {
  const answer = await server.asAdmin('/api/admin/overrides', { body: { customerId, flags: { chat }, reason: 'asked for' } });
  assert.equal(answer.status, 200, answer.text);
}
const kill = async action => {
  const answer = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'chat', action, reason: 'a test' } });
  assert.equal(answer.status, 200, answer.text);
};

test('overrides written meanwhile break no import, and are kept by it', async () => {
  const read = await tag();
  for (const customer of ['acme', 'zen']) await override(customer, true);
  const answer = await put(document({ chat: { default: 'off', description: 'edited' } }), '', { 'if-match': read });
  assert.equal(answer.status, 200, answer.text);
  const { overrides } = (await server.asAdmin('/api/admin/document', { method: 'GET' })).json();
  assert.deepEqual(overrides.customers, { acme: { chat: true }, zen: { chat: true } });
});

test('an import that replaces the state is refused if it would lose an override that its operator did not see', async () => {
  const read = await tag();
  await override('late', true);
  const refused = await put(document({ chat: { default: 'off' } }), '?state=replace', { 'if-match': read });
  assert.deepEqual([refused.status, refused.json().code], [412, 'VERSION_MISMATCH']);
  assert.equal((await server.evaluate({ flag: 'chat', context: { customerId: 'late' } }))[0].value, true);
  const taken = await put(document({ chat: { default: 'off' } }), '?state=replace', { 'if-match': await tag() });
  assert.equal(taken.status, 200, taken.text);
});

test('a kill, a definition or a newer import makes every import late', async () => {
  const read = await tag();
  await kill('kill');
  const late = await put(document({ chat: { default: 'on' } }), '', { 'if-match': read });
  assert.deepEqual([late.status, late.json().code, late.headers.get('etag')], [412, 'VERSION_MISMATCH', await tag()]);
  const [epoch, number] = read.slice(1, -1).split('.');
  const future = await put(document({ chat: { default: 'on' } }), '', { 'if-match': `"${epoch}.${Number(number) + 100}"` });
  assert.equal(future.status, 412, 'no operator can have read it');
  await kill('revive');
});

test('an override names the version of all overrides', async () => {
  const read = await tag();
  await override('acme', true);
  const body = { customerId: 'acme', flags: { chat: false }, reason: 'a second thought' };
  const late = await server.asAdmin('/api/admin/overrides', { body, headers: { 'if-match': read } });
  assert.equal(late.status, 412, late.text);
  const now = await server.asAdmin('/api/admin/overrides', { body, headers: { 'if-match': await tag() } });
  assert.equal(now.status, 200, now.text);
});

test('a long answer is whole once, and short and carried out once for a request that is sent again', async () => {
  const customers = Object.fromEntries(Array.from({ length: 2_000 }, (_, number) => [`customer-${number}`, { chat: true }]));
  const headers = { 'idempotency-key': 'a long one', 'if-match': '*' };
  const import_ = () => put(document({ chat: { default: 'off' } }, customers), '?state=replace', headers);
  const first = await import_();
  assert.equal(first.status, 200, first.text);
  assert.ok(first.text.length > 64_000 && first.json().changes.length >= 2_000);
  const again = await import_();
  const { changes, changesAt, errors, records, replayed, version } = again.json();
  assert.deepEqual(
    [again.status, again.headers.get('idempotency-replayed'), again.headers.get('etag')],
    [200, 'true', first.headers.get('etag')],
  );
  assert.deepEqual([changes, errors, replayed, records, version], [[], [], true, first.json().records, first.json().version]);
  assert.ok(again.text.length < 64_000);
  const listed = (await server.asAdmin(`${changesAt}&limit=1`, { method: 'GET' })).json().changes;
  assert.equal(listed[0].version, version);
  const other = await put(document({ chat: { default: 'on' } }, customers), '?state=replace', headers);
  assert.deepEqual([other.status, other.json().code], [422, 'IDEMPOTENCY_KEY_REUSED']);
});
