// `GET /api/widget/config`: the chat widget's configuration when it starts, the values of all flags as a tree.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'staging',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    'session.phase1.restore': { default: 'on' },
    'session.phase2.retry': {},
    'session-limit': { type: 'number', variants: { low: 5, high: 50 }, on: 'high', off: 'low' },
    'session.phase1.storage': { default: 'on' },
    top: { type: 'object', variants: { x: { a: [1] } }, on: 'x', off: 'x' },
    callers: { default: null },
    drawn: { unit: 'userId', rollout: { status: 'active', percentage: 50 } },
  },
  overrides: {
    customers: { 'c-1': { session: { phase2: { retry: true } } } },
    organizations: { 'o-1': { session: { phase1: { storage: false } } } },
  },
};
const PLAIN = { session: { phase1: { restore: true, storage: true }, phase2: { retry: false } }, 'session-limit': 5, top: { a: [1] } };

const server = ownServer({ document: DOCUMENT });

const get = (query = '', options) => server.asClient(`/api/widget/config${query}`, { method: 'GET', ...options });

test('values are nested by the dots in their keys, and flags without a value are left out', async () => {
  const answer = await get();
  assert.equal(answer.status, 200);
  const { config, source, epoch, version, evaluatedAt, ...rest } = answer.json();
  assert.deepEqual(config, PLAIN);
  assert.deepEqual(rest, {});
  assert.equal(source, 'default');
  assert.equal(`${epoch}.${version}`, answer.headers.get('twinflag-version'));
  assert.ok(Math.abs(Date.parse(evaluatedAt) - Date.now()) < 60_000);
});

test('a flag whose key is a path to another is left out of the tree, and other routes answer it', async () => {
  const on = { default: 'on' },
    keys = ['a', 'a-b', 'a.b', 'a.b-c.d', 'a.b.c', 'a.bc', 'b.c', 'b.c.d'];
  const flags = { ...Object.fromEntries(keys.map(key => [key, on])), 'b.c.d': { default: null } };
  await server.asAdmin('/api/admin/document', { method: 'PUT', body: { ...DOCUMENT, flags, overrides: undefined } });
  // The tree's shape does not depend on values: `b.c` is left out although `b.c.d` has no value.
  assert.deepEqual((await get()).json().config, { 'a-b': true, a: { b: { c: true }, 'b-c': { d: true }, bc: true } });
  assert.deepEqual(
    (await server.evaluate({ flag: 'a.b' }, { flag: 'b.c' })).map(({ value }) => value),
    [true, true],
  );
  await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
});

test("the overrides of the query's customer and organization apply, and source names the highest", async () => {
  const customer = (await get('?customerId=c-1')).json();
  assert.equal(customer.source, 'customer_override');
  assert.equal(customer.customerId, 'c-1');
  assert.equal(customer.config.session.phase2.retry, true);
  const organization = (await get('?organizationId=o-1')).json();
  assert.equal(organization.source, 'organization_override');
  assert.equal(organization.config.session.phase1.storage, false);
  const both = (await get('?organizationId=o-1&customerId=c-1')).json();
  assert.equal(both.source, 'customer_override');
  assert.deepEqual(both.config.session, { phase1: { restore: true, storage: false }, phase2: { retry: true } });
  assert.deepEqual((await get('?customerId=c-2')).json().config, PLAIN);
});

test('a flag with a rollout by unit is left out if the query has no unit', async () => {
  assert.equal('drawn' in (await get()).json().config, false);
  const draws = await Promise.all(Array.from({ length: 32 }, async (_, index) => (await get(`?userId=u-${index}`)).json().config.drawn));
  assert.deepEqual([...new Set(draws)].sort(), [false, true]);
});

test("source is environment if the environment's default is the highest layer", async () => {
  const document = { ...DOCUMENT, flags: { a: { environments: { staging: 'on' } }, b: {} }, overrides: undefined };
  await server.asAdmin('/api/admin/document', { method: 'PUT', body: document });
  const { config, source } = (await get()).json();
  assert.deepEqual([config, source], [{ a: true, b: false }, 'environment']);
  await server.asAdmin('/api/admin/document', { method: 'PUT', body: { ...document, flags: {} } });
  assert.deepEqual((await get()).json().config, {});
  await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
});

test('a configuration that did not change is 304, although the time did', async () => {
  const first = await get('?customerId=c-1');
  const etag = first.headers.get('etag');
  assert.match(etag, /^W\/"[0-9a-f]{32}"$/);
  const again = await get('?customerId=c-1', { headers: { 'if-none-match': etag } });
  assert.equal(again.status, 304);
  assert.equal(again.bytes.length, 0);
  assert.equal((await get('?customerId=c-2', { headers: { 'if-none-match': etag } })).status, 200);
});

test('a query with a wrong or repeated parameter is refused', async () => {
  for (const query of [
    '?customerId=a&customerId=a',
    '?customer=a',
    '?customerId=%ff',
    '?customerid=a',
    '?minVersion=x',
    '?minVersion=1',
    '?=',
  ]) {
    const answer = await get(query);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.type, 'application/problem+json');
    assert.equal(answer.json().code, 'PARSE_ERROR');
  }
  assert.equal((await get('?customerId=%00')).json().code, 'INVALID_CONTEXT');
  assert.equal((await get('?customerId=')).status, 200);
  assert.equal((await get('?customerId=a+b%2B%C3%A9')).json().customerId, 'a b+é');
});

test('the configuration needs a client key or a server key', async () => {
  assert.equal((await get('', { token: undefined })).status, 401);
  assert.equal((await get('', { token: server.serverKey })).status, 200);
});
