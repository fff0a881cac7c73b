// Rate limits. The unit tests in `limit/limiter.rs` cover the minute itself; here everything happens within one.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker, token } from './workerd.mjs';

const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: {} },
});
const PAGE = 'https://shop.example';

const ends = [];
after(() => Promise.all(ends.map(end => end())));
const hosted = async settings => {
  const folder = await dataFolder();
  const server = await hostWorker({ data: folder.path, document: DOCUMENT, settings });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  return server;
};

const of = (sub, role) => token({ sub, exp: Math.floor(Date.now() / 1000) + 600, app_metadata: role && { role } });
/** The number of requests, among `count`, that are answered 200; every other one must be refused with 429. */
async function passing(count, ask) {
  let passed = 0;
  for (let index = 0; index < count; index++) {
    const answer = await ask(index);
    if (answer.status === 200) passed += 1;
    else tooMany(answer);
  }
  return passed;
}

function tooMany(answer) {
  assert.equal(answer.status, 429, answer.text);
  const seconds = Number(answer.headers.get('retry-after'));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, String(seconds));
  assert.equal(answer.headers.get('cache-control'), 'no-store');
}

const dryRun = (server, subject) =>
  server.request('/api/admin/document?dryRun=true', { method: 'PUT', body: DOCUMENT, token: of(subject, 'admin') });
const all = (server, bearer, headers) => server.request('/ofrep/v1/evaluate/flags', { body: { context: {} }, token: bearer, headers });

test("an administrator's 31st change in a minute is refused; reads and other administrators are not", async () => {
  const server = await hosted({ RATE_LIMITS: '' });
  assert.equal(await passing(31, () => dryRun(server, 'greedy')), 30);
  const refused = await dryRun(server, 'greedy');
  tooMany(refused);
  assert.equal(refused.type, 'application/problem+json');
  const { code, title, status } = refused.json();
  assert.deepEqual({ code, title, status }, { code: 'RATE_LIMITED', title: 'Too Many Requests', status: 429 });
  assert.equal((await server.request('/api/admin/document', { method: 'GET', token: of('greedy', 'admin') })).status, 200);
  assert.equal((await dryRun(server, 'modest')).status, 200);
  // Evaluations with the same subject count separately.
  assert.equal((await all(server, of('greedy', 'admin'))).status, 200);
});

test('a kill and a rollback pass after the limit of changes, and explanations do not count as changes', async () => {
  const server = await hosted({ RATE_LIMITS: '' });
  const admin = of('on call', 'admin');
  const say = (path, body) => server.request(path, { body, token: admin });
  assert.equal(await passing(31, () => dryRun(server, 'on call')), 30);
  tooMany(await say('/api/admin/rollout/create', { featureName: 'plain' }));
  assert.equal((await say('/api/admin/feature-flags', { featureName: 'plain', action: 'kill', reason: 'it burns' })).status, 200);
  tooMany(await say('/api/admin/feature-flags', { featureName: 'plain', action: 'revive', reason: 'it does not' }));
  // The rollback passes the limit; it is refused because the flag has no rollout.
  assert.equal((await say('/api/admin/rollout/rollback', { featureName: 'plain', reason: 'it burns' })).json().code, 'ILLEGAL_STEP');
  for (let asked = 0; asked < 40; asked++) assert.equal((await say('/v1/explain', { flag: 'plain' })).status, 200);
});

test("the 31st evaluation with a user's token in a minute is refused, in the format of its route", async () => {
  const server = await hosted({ RATE_LIMITS: '', CLIENT_ORIGINS: PAGE });
  assert.equal(await passing(31, () => all(server, of('greedy'))), 30);
  const refused = await server.request('/ofrep/v1/evaluate/flags/plain', {
    body: { context: {} },
    token: of('greedy'),
    headers: { origin: PAGE },
  });
  tooMany(refused);
  assert.equal(refused.type, 'application/json');
  assert.equal(refused.json().errorCode, 'GENERAL');
  assert.equal(refused.json().key, 'plain');
  // A page of another origin may read Retry-After.
  assert.equal(refused.headers.get('access-control-allow-origin'), PAGE);
  assert.match(refused.headers.get('access-control-expose-headers'), /retry-after/);
  for (const path of ['/v1/program', '/api/widget/config'])
    tooMany(
      await server.request(path, {
        method: path === '/v1/program' ? 'POST' : 'GET',
        body: path === '/v1/program' ? {} : undefined,
        token: of('greedy'),
      }),
    );
  assert.equal((await all(server, of('modest'))).status, 200);
  assert.equal((await all(server, server.clientKey)).status, 200);
});

test('the 601st evaluation with the client key from one address is refused; a server key has no limit', async () => {
  const server = await hosted({ RATE_LIMITS: '' });
  assert.equal(await passing(601, () => all(server, server.clientKey)), 600);
  for (let again = 0; again < 20; again++) assert.equal((await all(server, server.serverKey)).status, 200);
  assert.equal((await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'plain' }] } })).status, 200);
  assert.equal((await server.request('/ofrep/v1/evaluate/flags', { method: 'OPTIONS' })).status, 204);
  assert.equal((await all(server, 'wrong')).status, 401);
});

test('headers that a client can forge do not change the address it is counted by', async () => {
  const server = await hosted({ RATE_LIMITS: 'client=5' });
  const forged = index => ({
    'x-forwarded-for': `192.0.2.${index}`,
    'cf-connecting-ip': `192.0.2.${index}`,
    'x-real-ip': `192.0.2.${index}`,
    forwarded: `for=192.0.2.${index}`,
    'true-client-ip': `192.0.2.${index}`,
  });
  assert.equal(await passing(50, index => all(server, server.clientKey, forged(index))), 5);
});

test('with CLIENT_ADDRESS_HEADER a client counts by the last address in that header, an IPv6 client by its /64', async () => {
  const server = await hosted({ RATE_LIMITS: 'client=5', CLIENT_ADDRESS_HEADER: 'x-client-address' });
  const from = (address, headers) => all(server, server.clientKey, { 'x-client-address': address, ...headers });
  assert.equal(await passing(50, index => from(`2001:db8:0:7:${index}::1`, { 'x-forwarded-for': `192.0.2.${index}` })), 5);
  assert.equal(await passing(6, () => from('2001:db8:0:8::1')), 5);
  assert.equal(await passing(6, index => from(`[2001:db8:0:9::${index}]:${1_000 + index}`)), 5);
  assert.equal(await passing(6, index => from(`198.51.100.1:${1_000 + index}`)), 5);
  tooMany(await from('::ffff:198.51.100.1'));
  assert.equal(await passing(6, index => from(`192.0.2.${index}, 198.51.100.2`)), 5);
  assert.equal((await from('198.51.100.3')).status, 200);
  // The networks of one site share four times the rate.
  assert.equal(await passing(40, index => from(`2001:db8:1:${index.toString(16)}::1`)), 20);
  // Without a valid address in the header, the connection's address counts.
  assert.equal(await passing(12, index => (index % 2 ? all(server, server.clientKey) : from('no address'))), 5);
});

test('40 wrong keys and tokens of any form are refused with 429 before the 40th, and right ones from the same address hold', async () => {
  const server = await hosted({ RATE_LIMITS: '' });
  const digits = index => index.toString(16).padStart(40, '0');
  const forms = [
    index => `tf_client_${digits(index)}`,
    index => `tf_server_${digits(index)}`,
    index => `tf_api_${digits(index)}`,
    index => `guess ${index}`,
    index => of(`forger ${index}`, 'admin').slice(0, -3),
  ];
  const guess = index => {
    const bearer = forms[index % forms.length](index);
    return index % 2
      ? server.request('/api/admin/changes', { method: 'GET', token: bearer })
      : server.request('/ofrep/v1/evaluate/flags', { body: { context: {} }, token: bearer });
  };
  const statuses = [];
  for (let index = 0; index < 60; index++) statuses.push((await guess(index)).status);
  assert.deepEqual(statuses, [...Array(30).fill(401), ...Array(30).fill(429)]);
  tooMany(await guess(60));
  assert.equal((await all(server, server.clientKey)).status, 200);
  assert.equal((await all(server, server.serverKey)).status, 200);
  assert.equal((await server.request('/api/admin/changes', { method: 'GET', token: of('on call', 'admin') })).status, 200);
  // A request without credentials is no guess.
  assert.equal((await server.request('/ofrep/v1/evaluate/flags', { body: { context: {} } })).status, 401);
});

test('wrong credentials on a route that counts no evaluations count for their own address alone', async () => {
  const server = await hosted({ RATE_LIMITS: 'failed=5', CLIENT_ADDRESS_HEADER: 'x-client-address' });
  const from = address =>
    server.request('/v1/evaluate', { body: { evaluations: [] }, token: 'a guess', headers: { 'x-client-address': address } });
  const statuses = [];
  for (let index = 0; index < 8; index++) statuses.push((await from('198.51.100.1')).status);
  assert.deepEqual(statuses, [...Array(5).fill(401), ...Array(3).fill(429)]);
  assert.equal((await from('198.51.100.2')).status, 401);
});

test("requests that an organization's administrator has no right to count as changes and as reads", async () => {
  const server = await hosted({ RATE_LIMITS: 'admin=5,read=7' });
  const bearer = token({
    sub: 'curious',
    exp: Math.floor(Date.now() / 1000) + 600,
    app_metadata: { role: 'organization_admin', organizationId: 'o-1' },
  });
  const statuses = async (count, ask) => {
    const found = [];
    for (let index = 0; index < count; index++) found.push((await ask()).status);
    return found;
  };
  const kill = () =>
    server.request('/api/admin/feature-flags', { body: { featureName: 'plain', action: 'kill', reason: 'curious' }, token: bearer });
  assert.deepEqual(await statuses(20, kill), [...Array(5).fill(403), ...Array(15).fill(429)]);
  const read = () => server.request('/api/admin/keys', { method: 'GET', token: bearer });
  assert.deepEqual(await statuses(20, read), [...Array(7).fill(403), ...Array(13).fill(429)]);
});

test('RATE_LIMITS=off refuses no request', async () => {
  const off = await hosted({ RATE_LIMITS: 'off' });
  assert.equal(await passing(40, () => dryRun(off, 'greedy')), 40);
});

test('a viewer over the limit of reads is refused, and an administrator can still kill a flag', async () => {
  const server = await hosted({ RATE_LIMITS: 'read=5' });
  const viewer = of('a viewer', 'viewer'),
    admin = of('on call', 'admin');
  const read = (bearer, path) => server.request(path, { method: 'GET', token: bearer });
  assert.equal(await passing(6, () => read(viewer, '/api/admin/changes')), 5);
  tooMany(await server.request('/v1/explain', { body: { flag: 'plain' }, token: viewer }));
  assert.equal((await read(admin, '/api/admin/changes')).status, 200);
  assert.equal(
    (await server.request('/api/admin/feature-flags', { body: { featureName: 'plain', action: 'kill', reason: 'it burns' }, token: admin }))
      .status,
    200,
  );
});
