// `POST /v1/overrides` and `GET /v1/ruleset?overrides=false`: the two halves that a server evaluates by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const document = (flags, overrides) => ({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags,
  overrides,
});
const server = ownServer({
  document: document({ gift: {}, other: {} }, { customers: { 'c-1': { gift: true } }, organizations: { 'o-1': { gift: true } } }),
});

const rules = (query = '') => server.asServer(`/v1/ruleset?overrides=false${query}`, { method: 'GET' });
const ask = body => server.asServer('/v1/overrides', { body });
const override = (owner, flags) => server.asAdmin('/api/admin/overrides', { body: { ...owner, flags, reason: 'a test' } });
const version = ({ epoch, version }) => `${epoch}.${version}`;
const trees = owners =>
  Object.fromEntries(Object.entries(owners).map(([id, { tree, ...rest }]) => [id, { ...rest, ...(tree && { tree: JSON.parse(tree) }) }]));

test('the document without overrides is served, and is unchanged after an override', async () => {
  const first = await rules();
  assert.equal(first.status, 200, first.text);
  const { document, ...about } = first.json();
  assert.deepEqual(Object.keys(document.flags), ['gift', 'other']);
  assert.equal('overrides' in document, false);
  assert.equal((await server.asServer('/v1/ruleset', { method: 'GET' })).json().document.overrides.customers['c-1'].gift, true);

  const { version: number } = (await override({ customerId: 'c-2' }, { gift: true })).json();
  const then = await rules(`&since=${version(about)}`);
  assert.deepEqual([then.status, then.headers.get('etag')], [204, `"${about.epoch}.${number}"`]);
  // With overrides, the same version is an old one.
  assert.equal((await server.asServer(`/v1/ruleset?since=${version(about)}`, { method: 'GET' })).status, 200);
});

test('the document without overrides is sent again after a change of a flag', async () => {
  const before = (await rules()).json();
  await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'other', action: 'kill', reason: 'a test' } });
  const after = await rules(`&since=${version(before)}`);
  assert.equal(after.status, 200);
  assert.equal(after.json().document.flags.other.enabled, false);
  assert.equal((await rules('&since=0a1b2c3d4e5f.1')).status, 200);
  assert.equal((await rules(`&since=${before.epoch}.4000000000`)).status, 200);
});

test('owners are answered with their overrides, and customers with their organization', async () => {
  await server.asAdmin('/api/admin/customers', { body: { customerId: 'c-3', organizationId: 'o-1', reason: 'a test' } });
  const answer = await ask({ customers: ['c-1', 'c-3', 'c-3', '__proto__'], organizations: ['o-9'] });
  assert.equal(answer.status, 200, answer.text);
  const { customers, organizations, ...about } = answer.json();
  assert.deepEqual(trees(customers), { 'c-1': { tree: { gift: true } }, 'c-3': { organizationId: 'o-1' }, ['__proto__']: {} });
  assert.deepEqual(trees(organizations), { 'o-1': { tree: { gift: true } }, 'o-9': {} });
  assert.equal(answer.headers.get('twinflag-version'), version(about));
});

test('since a version, only owners on changed pages are answered', async () => {
  const all = Array.from({ length: 400 }, (_, index) => `s-${index}`);
  const before = (await ask({ customers: all })).json();
  assert.equal(Object.keys(before.customers).length, 400);
  await override({ customerId: 's-7' }, { gift: true });
  const after = (await ask({ customers: all, since: version(before) })).json();
  assert.deepEqual(JSON.parse(after.customers['s-7'].tree), { gift: true });
  // 400 owners lie on about 330 of 1,024 pages; on the changed one there are few others.
  assert.ok(Object.keys(after.customers).length < 10, Object.keys(after.customers).join());
  // After a version of another store, everything is news.
  const other = (await ask({ customers: all, since: '0a1b2c3d4e5f.1' })).json();
  assert.equal(Object.keys(other.customers).length, 400);
});

test('too many ids, other ids than text, and unknown members are refused', async () => {
  const many = Array.from({ length: 1001 }, (_, index) => String(index));
  for (const [body, pointer] of [
    [{ customers: many }, undefined],
    [{ customers: ['c', 7] }, '/customers/1'],
    [{ organizations: [''] }, '/organizations/0'],
    [{ since: 1 }, '/since'],
    [{ users: [] }, undefined],
  ]) {
    const answer = await ask(body);
    assert.deepEqual([answer.status, answer.json().code, answer.json().pointer], [400, 'PARSE_ERROR', pointer], answer.text);
  }
  assert.equal((await ask({ customers: ['x'.repeat(300_000)] })).status, 413);
  assert.equal((await rules('&overrides=true')).status, 400);
  assert.equal((await server.asServer('/v1/ruleset?overrides=no', { method: 'GET' })).status, 400);
  for (const [token, status] of [
    [server.clientKey, 403],
    [undefined, 401],
    [server.adminToken, 401],
  ])
    assert.equal((await server.request('/v1/overrides', { token, body: {} })).status, status);
});
