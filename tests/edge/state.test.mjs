// Importing over a stored document: state is kept, changes are reported, and no version is overwritten unread.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const KEY = '000102030405060708090a0b0c0d0e0f';
const document = (flags, more) => ({ schema: 'twinflag/1', environment: 'test', bucketKey: KEY, flags, ...more });

const server = ownServer();

const put = (body, query = '', headers = {}) => server.asAdmin(`/api/admin/document${query}`, { method: 'PUT', body, headers });
const get = () => server.asAdmin('/api/admin/document', { method: 'GET' });
const health = async () => (await server.request('/health', { method: 'GET' })).json();

const KILLED = document(
  { killed: { default: 'on', enabled: false }, rolling: { rollout: { status: 'active', percentage: 100 } } },
  { overrides: { customers: { 'c-1': { killed: true, rolling: false } } } },
);
beforeEach(async () => {
  assert.equal((await put(KILLED, '?state=replace')).status, 200);
});

test('an import keeps kills, rollouts and overrides', async () => {
  const deployed = document(
    { killed: { default: 'on', description: 'new' }, rolling: {}, fresh: { enabled: false } },
    { overrides: { customers: { 'c-1': { rolling: true } } } },
  );
  const answer = (await put(deployed)).json();
  assert.deepEqual(answer.kept, [
    { pointer: '/flags/killed/enabled' },
    { pointer: '/flags/rolling/rollout' },
    { pointer: '/overrides/customers/c-1' },
  ]);
  assert.deepEqual(answer.changes, [
    { kind: 'added', pointer: '/flags/fresh' },
    { kind: 'changed', pointer: '/flags/killed' },
  ]);
  const [killed, rolling, fresh, own] = await server.evaluate(
    { flag: 'killed' },
    { flag: 'rolling', context: { targetingKey: 'u' } },
    { flag: 'fresh' },
    { flag: 'rolling', context: { customerId: 'c-1' } },
  );
  assert.deepEqual([killed.reason, rolling.value, fresh.reason, own.value, own.layer], ['DISABLED', true, 'DISABLED', false, 'customer']);
  assert.deepEqual((await get()).json().flags.killed, { default: 'on', description: 'new', enabled: false });
});

test('state=replace replaces kills, rollouts and overrides too', async () => {
  const deployed = document({ killed: { default: 'on' }, rolling: {} });
  const answer = (await put(deployed, '?state=replace')).json();
  assert.deepEqual(answer.kept, []);
  const changes = answer.changes.map(({ kind, pointer }) => `${kind} ${pointer}`).sort();
  assert.deepEqual(changes, ['removed /flags/killed/enabled', 'removed /flags/rolling/rollout', 'removed /overrides/customers/c-1']);
  assert.deepEqual((await get()).json(), deployed);
  assert.equal((await server.evaluate({ flag: 'rolling', context: { customerId: 'c-1' } }))[0].layer, 'default');
});

test('a dry run reports what an import would change, and stores nothing', async () => {
  const before = await get();
  const deployed = document({ killed: { default: 'on', enabled: true }, novel: {}, bad: { type: 'colour' } });
  const dry = (await put(deployed, '?dryRun=true&remove=flags/rolling')).json();
  assert.deepEqual(Object.keys(dry).sort(), ['changes', 'consequences', 'errorCount', 'errors', 'kept', 'records', 'version', 'warnings']);
  const after = await get();
  assert.equal(after.text, before.text);
  assert.equal(after.headers.get('etag'), before.headers.get('etag'));
  assert.match(before.headers.get('etag'), new RegExp(`^"[0-9a-f]{12}[.]${dry.version}"$`));
  const real = (await put(deployed, '?remove=flags/rolling')).json();
  assert.deepEqual({ ...real, version: 0 }, { ...dry, version: 0 });
  assert.deepEqual(real.kept, [{ pointer: '/flags/killed/enabled' }]);
  assert.equal(real.version, dry.version + 1);
});

test('an import of the stored document makes no version', async () => {
  const { version } = await health();
  for (const same of [KILLED, JSON.stringify(KILLED, null, 2), (await get()).text]) {
    const answer = (await put(same)).json();
    assert.deepEqual([answer.version, answer.changes], [version, []]);
  }
  assert.equal((await health()).version, version);
});

test('an import with an outdated If-Match is refused with 412', async () => {
  const tag = (await get()).headers.get('etag');
  const taken = await put(document({ a: {} }), '', { 'if-match': tag });
  assert.equal(taken.status, 200);
  const newest = taken.headers.get('etag');
  for (const unspelled of ['x', '2', '"2"', newest.slice(1, -1)]) {
    const refused = await put(document({ b: {} }), '', { 'if-match': unspelled });
    assert.equal(refused.status, 400, unspelled);
    assert.match(refused.json().detail, /^expected If-Match to be .*in quotes/);
  }
  for (const late of [tag, `W/${newest}`]) {
    const refused = await put(document({ b: {} }), '', { 'if-match': late });
    assert.equal(refused.status, 412, late);
    assert.equal(refused.type, 'application/problem+json');
    assert.equal(refused.headers.get('etag'), newest);
    assert.ok(refused.json().detail.endsWith(`If-Match: ${newest}`));
    assert.equal((await put(document({ b: {} }), '?dryRun=true', { 'if-match': late })).status, 412);
  }
  assert.deepEqual(Object.keys((await get()).json().flags), ['a']);
  assert.equal((await put(document({ b: {} }), '', { 'if-match': `"0", ${taken.headers.get('etag')}` })).status, 200);
  assert.equal((await put(document({ c: {} }), '', { 'if-match': '*' })).status, 200);
});

test('an import without If-Match is refused with 428', async () => {
  const tag = (await get()).headers.get('etag');
  const blind = await server.request('/api/admin/document', { method: 'PUT', token: server.adminToken, body: document({ b: {} }) });
  assert.deepEqual([blind.status, blind.json().code, blind.headers.get('etag')], [428, 'PRECONDITION_REQUIRED', tag]);
  assert.equal((await get()).headers.get('etag'), tag);
});

test('a wrong query parameter is refused and imports nothing', async () => {
  const before = await get();
  for (const query of ['?state=foo', '?dryRun=maybe', '?dryrun=true', '?state=', '?dryRun']) {
    const answer = await put(document({ a: {} }), query);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.json().code, 'PARSE_ERROR');
  }
  assert.equal((await get()).text, before.text);
});

test('a refused document is refused in a dry run too', async () => {
  assert.equal((await put('{"schema":"other"}', '?dryRun=true')).status, 422);
});
