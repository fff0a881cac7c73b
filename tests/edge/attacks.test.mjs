// The attacks of a caller with little right on the worker and its hub: each attack that was tried on the edge, with the answer that it gets
// and, where its cost was the hub's work, the number of questions that reach the hub.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker, startOn, token } from './workerd.mjs';

const CUSTOMERS = 150;
const id = number => `customer-${String(number).padStart(4, '0')}`;
const LIST = Array.from({ length: 2_000 }, (_, number) => `u-${number}`);
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    chat: { tags: ['web'] },
    secret: { tags: ['ops'] },
    lists: { targets: [{ attribute: 'userId', values: LIST, variant: 'on' }] },
  },
};

const ends = [];
async function hosted(settings, options = {}) {
  const folder = await dataFolder();
  const server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT), settings, ...options });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  return server;
}
after(() => Promise.all(ends.map(end => end())));

const exp = () => Math.floor(Date.now() / 1000) + 600;
const bearer = claims => token({ sub: 'eve', exp: exp(), ...claims });
const good = async answer => {
  const got = await answer;
  assert.equal(got.status, 200, got.text);
  return got.json();
};

/** A worker whose hub counts the questions that reach it, with an override of every third customer. */
let server;
const counts = async () => good(server.request('/test/state', { body: {} }));
before(async () => {
  const folder = await dataFolder();
  server = await startOn({ config: new URL('workers/reader.capnp', import.meta.url), data: folder.path });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  await counts();
  await good(server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: DOCUMENT }));
  const lines = Array.from({ length: CUSTOMERS / 3 }, (_, number) =>
    JSON.stringify({ customerId: id(3 * number), flags: { chat: 'on' }, organizationId: 'org-acme' }),
  );
  const headers = { 'content-type': 'application/x-ndjson' };
  await good(server.asAdmin('/api/admin/overrides/import?import=all&reason=r', { body: lines.join('\n'), headers }));
});

test('S1: a token without a role opens neither what a key hides nor another customer', async () => {
  const terms = { kind: 'client', label: 'eve', tags: ['ops'], identity: { kind: 'pinned', customerId: 'evil-1' }, reason: 'r' };
  const { key } = await good(server.asAdmin('/api/admin/keys', { body: terms }));
  const ask = (token, flag, context) => server.request(`/ofrep/v1/evaluate/flags/${flag}`, { token, body: { context } });
  const victim = { customerId: id(0) };
  const statuses = [];
  for (const asked of [
    ask(key, 'chat', {}),
    ask(key, 'secret', victim),
    ask(bearer({}), 'chat', victim),
    ask(bearer({}), 'chat', { userId: 'bob' }),
  ])
    statuses.push((await asked).status);
  assert.deepEqual(statuses, [404, 403, 403, 403]);
  const member = bearer({ app_metadata: { role: 'member', organizationId: 'org-evil' } });
  assert.equal((await ask(member, 'chat', victim)).status, 403);
  assert.equal((await good(ask(bearer({}), 'chat', {}))).reason, 'STATIC');
});

test('S2: a key set needs an issuer and an audience, and no token lives for ever or makes itself a service', async () => {
  const open = await hosted({ JWKS_URL: 'https://id.example/keys' });
  const refused = await open.request('/health', { method: 'GET' });
  assert.equal(refused.status, 503);
  assert.match(refused.text, /JWT_ISSUER/);
  const changes = claims => server.request('/api/admin/changes', { method: 'GET', token: bearer(claims) });
  const statuses = [];
  for (const claims of [{ exp: 1e15, app_metadata: { role: 'admin' } }, { role: 'service_role' }, { app_metadata: { role: 'admin' } }])
    statuses.push((await changes(claims)).status);
  assert.deepEqual(statuses, [401, 403, 200]);
});

test('S3: with the public key, 300 requests for versions to come ask the hub once a second', async () => {
  const { epoch, version } = await good(server.request('/health', { method: 'GET' }));
  const before = await counts();
  const started = Date.now();
  const named = number => `${epoch}.${version + 1 + number}`;
  const asked = Array.from({ length: 300 }, (_, number) =>
    number % 2
      ? server.asClient(`/v1/program?minVersion=${named(number)}`, { body: { context: {} } })
      : server.asClient(`/ofrep/v1/evaluate/flags/chat?flagConfigEtag=${named(number)}`, { body: { context: {} } }),
  );
  assert.deepEqual(new Set((await Promise.all(asked)).map(({ status }) => status)), new Set([200]));
  const seconds = Math.ceil((Date.now() - started) / 1_000);
  const { all } = await counts();
  // One a second for named versions, and one a second for the age.
  assert.ok(all - before.all <= 2 * (seconds + 1), `${all - before.all} questions in ${seconds} s`);
});

test('S4: with the public key, random customers ask the hub once each, and no more when they come again', async () => {
  const ask = customerId => server.asClient('/ofrep/v1/evaluate/flags/chat', { body: { context: { customerId } } });
  const { owners: before } = await counts();
  for (let number = 0; number < CUSTOMERS; number++) {
    const { value } = await good(ask(id(number)));
    assert.equal(value, number % 3 === 0, id(number));
  }
  const { owners: first } = await counts();
  // A page is asked for its filter, and an owner with overrides for its row, with that of its organization.
  assert.ok(first - before <= 2 * CUSTOMERS, `${first - before} questions`);
  for (let number = 0; number < CUSTOMERS; number++) await good(ask(id(number)));
  assert.equal((await counts()).owners, first);
});

test("S5: a reader's filter that matches nothing looks at 2,000 records a request, and a reader is limited", async () => {
  const limited = await hosted({ RATE_LIMITS: 'read=5' });
  const viewer = bearer({ app_metadata: { role: 'viewer' } });
  const read = path => limited.request(path, { method: 'GET', token: viewer });
  const statuses = [];
  for (let asked = 0; asked < 8; asked++) statuses.push((await read('/api/admin/changes?action=flag.killed')).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
  const kill = { featureName: 'chat', action: 'kill', reason: 'r' };
  assert.equal((await limited.asAdmin('/api/admin/feature-flags', { body: kill })).status, 200);
  assert.equal((await limited.request('/api/admin/feature-flags', { body: kill, token: viewer })).status, 403);
});

test('S6: the public key gets the same answer whichever organization a page claims for a customer', async () => {
  for (const path of ['/ofrep/v1/evaluate/flags/chat', '/ofrep/v1/evaluate/flags', '/v1/program']) {
    const answers = [];
    for (const organizationId of [undefined, 'org-acme', 'org-other']) {
      const answer = await server.asClient(path, { body: { context: { customerId: id(0), organizationId } } });
      assert.equal(answer.headers.get('twinflag-organization'), null);
      answers.push([answer.status, path.includes('program') ? answer.bytes.length : answer.text]);
    }
    if (!path.includes('program')) assert.deepEqual(new Set(answers.map(String)).size, 1, path);
    else assert.deepEqual(new Set(answers.map(([status]) => status)), new Set([200]));
    assert.ok(!JSON.stringify(answers[0]).includes('org-acme'));
  }
});

test('S8: a program of long lists is made once for a context, and one that is known is not sent again', async () => {
  const context = { customerId: 'nobody' };
  const ask = headers => server.asClient('/v1/program', { body: { context }, headers });
  const first = await ask();
  assert.equal(first.status, 200);
  assert.deepEqual((await ask()).bytes, first.bytes);
  const again = await ask({ 'if-none-match': first.headers.get('etag') });
  assert.deepEqual([again.status, again.bytes.length], [304, 0]);
});

test('S9: guesses are counted, addresses of one IPv6 site share a rate, and refused kills are counted', async () => {
  const limited = await hosted({ RATE_LIMITS: 'admin=5,client=5', CLIENT_ADDRESS_HEADER: 'x-client-address' });
  const from = (address, token = limited.clientKey) =>
    limited.request('/ofrep/v1/evaluate/flags', { body: { context: {} }, token, headers: { 'x-client-address': address } });
  const passing = async (count, ask) => {
    let passed = 0;
    for (let index = 0; index < count; index++) {
      const { status } = await ask(index);
      assert.ok(status === 429 || status === 200 || status === 401 || status === 403, String(status));
      if (status !== 429) passed++;
    }
    return passed;
  };
  const digits = index => index.toString(16).padStart(40, '0');
  assert.equal(await passing(40, index => from('192.0.2.1', `tf_server_${digits(index)}`)), 30);
  assert.equal(await passing(40, index => from(`2001:db8:0:1:${index.toString(16)}::1`)), 5);
  assert.equal(await passing(60, index => from(`2001:db8:7:${index.toString(16)}::1`)), 20);
  const curious = bearer({ app_metadata: { role: 'organization_admin', organizationId: 'org-acme' } });
  const kill = { featureName: 'chat', action: 'kill', reason: 'r' };
  assert.equal(await passing(20, () => limited.request('/api/admin/feature-flags', { body: kill, token: curious })), 5);
});

test('S10: without DEMO there is no demo, and a backup, which has secrets, is closed to readers', async () => {
  for (const path of ['/demo', '/demo/explain']) assert.equal((await server.asClient(path, { method: 'GET' })).status, 404, path);
  for (const role of ['viewer', 'operator', 'organization_admin']) {
    const claims = { app_metadata: { role, organizationId: 'org-acme' } };
    const answer = await server.request('/api/admin/backup', { method: 'GET', token: bearer(claims) });
    assert.equal(answer.status, 403, role);
  }
});
