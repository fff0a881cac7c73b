// How often somebody may ask. What counts as a minute is for the unit tests of `limit/limiter.rs`; here everything happens within one.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker, token } from './workerd.mjs';

const DOCUMENT = JSON.stringify({ schema: 'twinflag/1', environment: 'test', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { plain: {} } });
const PAGE = 'https://shop.example';

const ends = [];
after(() => Promise.all(ends.map((end) => end())));
const hosted = async (settings) => {
  const folder = await dataFolder();
  const server = await hostWorker({ data: folder.path, document: DOCUMENT, settings });
  ends.push(async () => { await server.stop(); await folder.remove(); });
  return server;
};

const of = (sub, role) => token({ sub, exp: Math.floor(Date.now() / 1000) + 600, app_metadata: role && { role } });
/** How many of so many requests are answered 200; the others must say that they are too many. */
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

const dryRun = (server, subject) => server.request('/api/admin/document?dryRun=true', { method: 'PUT', body: DOCUMENT, token: of(subject, 'admin') });
const all = (server, bearer, headers) => server.request('/ofrep/v1/evaluate/flags', { body: {}, token: bearer, headers });

test('the thirty-first change of a minute is refused, a read and somebody else are not', async () => {
  const server = await hosted({ RATE_LIMITS: '' });
  assert.equal(await passing(31, () => dryRun(server, 'greedy')), 30);
  const refused = await dryRun(server, 'greedy');
  tooMany(refused);
  assert.equal(refused.type, 'application/problem+json');
  const { code, title, status } = refused.json();
  assert.deepEqual({ code, title, status }, { code: 'RATE_LIMITED', title: 'Too Many Requests', status: 429 });
  assert.equal((await server.request('/api/admin/document', { method: 'GET', token: of('greedy', 'admin') })).status, 200);
  assert.equal((await dryRun(server, 'modest')).status, 200);
  // The same person's evaluations are counted apart.
  assert.equal((await all(server, of('greedy', 'admin'))).status, 200);
});

test('whoever is on call does not wait, and who only looks is not counted', async () => {
  const server = await hosted({ RATE_LIMITS: '' });
  const admin = of('on call', 'admin');
  const say = (path, body) => server.request(path, { body, token: admin });
  assert.equal(await passing(31, () => dryRun(server, 'on call')), 30);
  tooMany(await say('/api/admin/rollout/create', { featureName: 'plain' }));
  assert.equal((await say('/api/admin/feature-flags', { featureName: 'plain', action: 'kill', reason: 'it burns' })).status, 200);
  tooMany(await say('/api/admin/feature-flags', { featureName: 'plain', action: 'revive', reason: 'it does not' }));
  // There is no rollout to take back: that is what it is told.
  assert.equal((await say('/api/admin/rollout/rollback', { featureName: 'plain', reason: 'it burns' })).json().code, 'ILLEGAL_STEP');
  for (let asked = 0; asked < 40; asked++) assert.equal((await say('/v1/explain', { flag: 'plain' })).status, 200);
});

test('the thirty-first evaluation with a user\'s token is refused, in the words of its route', async () => {
  const server = await hosted({ RATE_LIMITS: '', CLIENT_ORIGINS: PAGE });
  assert.equal(await passing(31, () => all(server, of('greedy'))), 30);
  const refused = await server.request('/ofrep/v1/evaluate/flags/plain', { body: {}, token: of('greedy'), headers: { origin: PAGE } });
  tooMany(refused);
  assert.equal(refused.type, 'application/json');
  assert.equal(refused.json().errorCode, 'GENERAL');
  assert.equal(refused.json().key, 'plain');
  // A page of another origin may read when to come again.
  assert.equal(refused.headers.get('access-control-allow-origin'), PAGE);
  assert.match(refused.headers.get('access-control-expose-headers'), /retry-after/);
  for (const path of ['/v1/program', '/api/widget/config']) tooMany(await server.request(path, { method: path === '/v1/program' ? 'POST' : 'GET', body: path === '/v1/program' ? {} : undefined, token: of('greedy') }));
  assert.equal((await all(server, of('modest'))).status, 200);
  assert.equal((await all(server, server.clientKey)).status, 200);
});

test('six hundred with the client key from one address, and as many as a server likes', async () => {
  const server = await hosted({ RATE_LIMITS: '' });
  assert.equal(await passing(601, () => all(server, server.clientKey)), 600);
  for (let again = 0; again < 20; again++) assert.equal((await all(server, server.serverKey)).status, 200);
  assert.equal((await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'plain' }] } })).status, 200);
  assert.equal((await server.request('/ofrep/v1/evaluate/flags', { method: 'OPTIONS' })).status, 204);
  assert.equal((await all(server, 'wrong')).status, 401);
});

test('an address is not for the caller to choose', async () => {
  const server = await hosted({ RATE_LIMITS: 'client=5' });
  const forged = (index) => ({ 'x-forwarded-for': `192.0.2.${index}`, 'cf-connecting-ip': `192.0.2.${index}`, 'x-real-ip': `192.0.2.${index}`, forwarded: `for=192.0.2.${index}`, 'true-client-ip': `192.0.2.${index}` });
  assert.equal(await passing(50, (index) => all(server, server.clientKey, forged(index))), 5);
});

test('a header that the deployment names is believed: IPv6 by block, the last of a list', async () => {
  const server = await hosted({ RATE_LIMITS: 'client=5', CLIENT_ADDRESS_HEADER: 'x-client-address' });
  const from = (address, headers) => all(server, server.clientKey, { 'x-client-address': address, ...headers });
  assert.equal(await passing(50, (index) => from(`2001:db8:0:7:${index}::1`, { 'x-forwarded-for': `192.0.2.${index}` })), 5);
  assert.equal(await passing(6, () => from('2001:db8:0:8::1')), 5);
  assert.equal(await passing(6, (index) => from(`[2001:db8:0:9::${index}]:${1_000 + index}`)), 5);
  assert.equal(await passing(6, (index) => from(`198.51.100.1:${1_000 + index}`)), 5);
  tooMany(await from('::ffff:198.51.100.1'));
  assert.equal(await passing(6, (index) => from(`192.0.2.${index}, 198.51.100.2`)), 5);
  assert.equal((await from('198.51.100.3')).status, 200);
  // Who came past the proxy counts by the connection.
  assert.equal(await passing(12, (index) => (index % 2 ? all(server, server.clientKey) : from('no address'))), 5);
});

test('off is off', async () => {
  const off = await hosted({ RATE_LIMITS: 'off' });
  assert.equal(await passing(40, () => dryRun(off, 'greedy')), 40);
});

test('a reader who asks in a loop is refused, and holds up no kill', async () => {
  const server = await hosted({ RATE_LIMITS: 'read=5' });
  const viewer = of('a viewer', 'viewer'), admin = of('on call', 'admin');
  const read = (bearer, path) => server.request(path, { method: 'GET', token: bearer });
  assert.equal(await passing(6, () => read(viewer, '/api/admin/changes')), 5);
  tooMany(await server.request('/v1/explain', { body: { flag: 'plain' }, token: viewer }));
  assert.equal((await read(admin, '/api/admin/changes')).status, 200);
  assert.equal((await server.request('/api/admin/feature-flags', { body: { featureName: 'plain', action: 'kill', reason: 'it burns' }, token: admin })).status, 200);
});
