// Push: sockets and streams hear of each version that concerns them, once it is made, through sleep and crashes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { dataFolder } from '../server.mjs';
import { openSocket } from '../web-socket.mjs';
import { until as repeated } from './reported.mjs';
import { hostWorker, KEYS } from './workerd.mjs';

const HOUR_MS = 3_600_000;
const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { a: { default: 'on' }, b: { default: 'on' } },
});
const SETTINGS = { TEST_CLOCK: 'on', CLIENT_ORIGINS: 'https://shop.example' };

let folder, server;
const open = [];
const start = async (more = {}) => {
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { ...SETTINGS, ...more } });
};
before(async () => {
  folder = await dataFolder();
  await start();
});
after(async () => {
  for (const socket of open) socket.end();
  await server?.stop();
  await folder?.remove();
});

const bearer = key => ({ authorization: `Bearer ${key}` });
/** Opens a socket, which the end of the tests closes. */
async function watching(path, headers) {
  const socket = await openSocket(server.url + path, headers);
  if (socket.status === 101) open.push(socket);
  return socket;
}
/** Opens a socket with the server key, or with what else is given, and waits for the version that it begins with. */
async function watch(query = '', headers = bearer(KEYS.SERVER_KEY)) {
  const socket = await watching(`/v1/watch${query}`, headers);
  if (socket.status !== 101) return socket;
  return { ...socket, first: JSON.parse(await socket.next()) };
}
const number = message => Number(message.etag.split('.')[1]);
/** Waits until a socket hears of this version or a later one. */
const hears = async (socket, version) => JSON.parse(await socket.next(text => number(JSON.parse(text)) >= version));
async function changed(path, body) {
  const answer = await server.asAdmin(path, { body: { reason: 'r', ...body } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json().version;
}
const toggle = async (featureName = 'a') => {
  await changed('/api/admin/feature-flags', { featureName, action: 'kill' });
  return changed('/api/admin/feature-flags', { featureName, action: 'revive' });
};
const override = (owner, on) => changed('/api/admin/overrides', { ...owner, flags: { b: on } });

test('a socket needs a key, and a page the right origin', async () => {
  const page = { origin: 'https://shop.example' },
    other = { origin: 'https://other.example' };
  for (const [headers, status] of [
    [{}, 401],
    [bearer('tf_client_wrong'), 401],
    [{ ...bearer(KEYS.CLIENT_KEY), ...other }, 403],
    [{ ...bearer(KEYS.CLIENT_KEY), ...page }, 101],
    [{ ...bearer(KEYS.CLIENT_KEY), origin: server.url }, 101],
    [bearer(KEYS.CLIENT_KEY), 101],
    [bearer(KEYS.SERVER_KEY), 101],
  ]) {
    assert.equal((await watch('', headers)).status, status, JSON.stringify(headers));
  }
  assert.equal((await watch('?customer=c')).status, 400);
});

test('the first message has the version at that moment, and a kill reaches every socket', async () => {
  const version = await toggle();
  const sockets = await Promise.all(Array.from({ length: 20 }, () => watch()));
  for (const { first } of sockets) {
    assert.deepEqual([first.type, number(first), first.spread], ['refetchEvaluation', version, 0]);
  }
  const killed = await changed('/api/admin/feature-flags', { featureName: 'a', action: 'kill' });
  for (const socket of sockets) {
    const told = await hears(socket, killed);
    assert.equal(number(told), killed);
    assert.deepEqual(Object.keys(told), ['type', 'etag', 'spread']);
  }
  await toggle();
});

test("an override reaches its owner's sockets alone", async () => {
  const [own, ofOrganization, other, nobody] = await Promise.all(
    ['?customerId=c-1', '?customerId=c-1&organizationId=o-1', '?customerId=c-2', ''].map(query => watch(query)),
  );
  const first = await override({ customerId: 'c-1' }, true);
  const second = await override({ organizationId: 'o-1' }, true);
  assert.equal(number(await hears(own, first)), first);
  assert.equal(number(await hears(ofOrganization, second)), second);
  // Behind a version for everybody, the others have heard of nothing before it.
  const last = await changed('/api/admin/feature-flags', { featureName: 'a', action: 'kill' });
  for (const socket of [other, nobody]) {
    await hears(socket, last);
    assert.deepEqual(
      socket.messages.map(text => number(JSON.parse(text))).filter(version => version === first || version === second),
      [],
    );
  }
  assert.ok(!own.messages.some(text => number(JSON.parse(text)) === second));
  await toggle();
});

test('an operator hears of every version of the environment that the request names, and a key of none there', async () => {
  const admin = bearer(server.adminToken);
  for (const [headers, query, status] of [
    [{}, '', 401],
    [bearer(KEYS.SERVER_KEY), '', 401],
    [admin, '?customerId=c-1', 400],
    [admin, '?environment=absent', 404],
  ])
    assert.equal((await openSocket(`${server.url}/api/admin/watch${query}`, headers)).status, status, JSON.stringify([headers, query]));
  await changed('/api/admin/environments', { name: 'staging' });
  const document = { schema: 'twinflag/1', environment: 'staging', flags: { a: { default: 'on' } } };
  const imported = await server.asAdmin('/api/admin/document?environment=staging&reason=r', { method: 'PUT', body: document });
  assert.equal(imported.status, 200, imported.text);
  const begun = async query => {
    const socket = await watching(`/api/admin/watch${query}`, admin);
    return { ...socket, first: JSON.parse(await socket.next()) };
  };
  const [first, second] = [await begun(''), await begun('?environment=staging')];
  const ofOwner = await override({ customerId: 'c-operators' }, true);
  assert.equal(number(await hears(first, ofOwner)), ofOwner);
  const ofKey = await changed('/api/admin/keys', { kind: 'client', label: 'a key' });
  assert.ok(number(await hears(first, ofKey)) >= ofKey);
  const elsewhere = await changed('/api/admin/feature-flags?environment=staging', { featureName: 'a', action: 'kill' });
  const told = await hears(second, elsewhere);
  assert.equal(told.etag.split('.')[0], second.first.etag.split('.')[0]);
  assert.ok(!first.messages.some(text => JSON.parse(text).etag === told.etag));
});

test('a client that asks with the version of a message gets that version', async () => {
  const socket = await watch();
  for (const action of ['kill', 'revive']) {
    const version = await changed('/api/admin/feature-flags', { featureName: 'b', action });
    const { etag } = await hears(socket, version);
    const answer = await server.asClient(`/ofrep/v1/evaluate/flags?flagConfigEtag=${etag}`, { body: { context: {} } });
    assert.equal(answer.headers.get('twinflag-version'), etag);
  }
});

test('a socket answers ping, and any other message closes it', async () => {
  const socket = await watch();
  socket.send('ping');
  assert.equal(await socket.next(), 'pong');
  for (const text of ['hello', 'x'.repeat(60_000)]) {
    const wrong = await watch();
    wrong.send(text);
    assert.equal(await wrong.closed, 1008);
  }
});

/** The stream of an event source, as the text that has come so far; `over` waits for its end. */
async function events(path, headers = {}) {
  const abort = new AbortController();
  const response = await fetch(server.url + path, { headers: { accept: 'text/event-stream', ...headers }, signal: abort.signal });
  const reader = response.body.getReader(),
    utf8 = new TextDecoder();
  let text = '';
  const until = async suits => {
    while (!suits(text)) {
      const { value, done } = await reader.read();
      if (done) assert.fail(`the stream ended: ${text}`);
      text += utf8.decode(value, { stream: true });
    }
    return text;
  };
  const over = async () => {
    while (!(await reader.read()).done);
  };
  open.push({ end: () => abort.abort() });
  return { response, until, over };
}
const lists = async (context, token = server.clientKey) => {
  const answer = await server.request('/ofrep/v1/evaluate/flags', { token, body: { context } });
  assert.equal(answer.status, 200, answer.text);
  const [{ type, endpoint }] = answer.json().eventStreams;
  assert.equal(type, 'sse');
  return endpoint.requestUri;
};

test('events tell of versions, and begin with a time to return after', async () => {
  const { response, until } = await events('/v1/watch', bearer(KEYS.CLIENT_KEY));
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('cache-control'), 'private, no-cache');
  assert.match(await until(text => text.includes('data: ')), /^retry: [1-9]\d{0,4}\n\ndata: \{"type":"refetchEvaluation",/);
  const version = await toggle();
  await until(text => text.includes(`.${version}"`));
  const asked = await server.asClient('/v1/watch', { method: 'GET', headers: { accept: 'application/json' } });
  assert.equal(asked.status, 406);
});

test("the list of all flags by OFREP names a stream about its context's owner, without a key", async () => {
  const path = await lists({ customerId: 'c-9' });
  assert.match(path, /^\/v1\/watch\/events\?token=/);
  const { until } = await events(path);
  const version = await override({ customerId: 'c-9' }, true);
  await until(text => text.includes(`.${version}"`));
  assert.notEqual(path, await lists({ customerId: 'c-8' }));
});

test('a token opens a stream until it expires, and nothing else', async () => {
  const path = await lists({ customerId: 'c-1' });
  const token = path.split('token=')[1];
  const at = ms => server.request(path, { method: 'GET', headers: { 'twinflag-now': String(ms) } });
  const period = 12 * HOUR_MS;
  const end = (Math.floor(Date.now() / period) + 2) * period;
  assert.equal((await at(end - 1)).status, 200);
  assert.equal((await at(end)).status, 404);
  assert.equal((await server.request(`${path}0`, { method: 'GET' })).status, 404);
  assert.equal((await server.request('/v1/watch/events', { method: 'GET' })).status, 404);
  assert.equal((await openSocket(server.url + path, { origin: 'https://other.example' })).status, 403);
  for (const [method, other] of [
    ['GET', '/v1/watch'],
    ['POST', '/v1/program'],
    ['POST', '/ofrep/v1/evaluate/flags'],
    ['GET', '/api/admin/flags'],
  ]) {
    assert.equal((await server.request(other, { method, token, ...(method === 'POST' && { body: {} }) })).status, 401, other);
    assert.notEqual(
      (await server.request(`${other}?token=${token}`, { method, ...(method === 'POST' && { body: {} }) })).status,
      200,
      other,
    );
  }
});

/** Creates a client key; `id` names it for operators. */
async function newKey(terms) {
  const answer = await server.asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'a page', reason: 'r', ...terms } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

test('a revoked client key ends its streams alone, and its token opens no other', async () => {
  const { id, key } = await newKey({ origins: ['https://shop.example'] });
  const path = await lists({ customerId: 'c-1' }, key);
  const [ended, stays] = await Promise.all([key, KEYS.CLIENT_KEY].map(each => watch('', bearer(each))));
  const { until, over } = await events(path);
  await until(text => text.includes('data: '));
  assert.equal((await server.asAdmin(`/api/admin/keys/${id}?reason=r`, { method: 'DELETE' })).status, 200);
  assert.equal(await ended.closed, 1008);
  await over();
  // An isolate that does not know it yet is refused by the relay.
  assert.ok([401, 404].includes((await server.request(path, { method: 'GET' })).status));
  assert.equal((await watch('', bearer(key))).status, 401);
  assert.equal((await server.request(await lists({ customerId: 'c-1' }), { method: 'GET' })).status, 200);
  await hears(stays, await toggle());
});

test('an environment that is closed ends its sockets and streams, and takes new ones once it is opened again', async () => {
  const ask = async (path, options) => {
    const answer = await server.asAdmin(path, options);
    assert.equal(answer.status, 200, answer.text);
    return answer.json();
  };
  const register = () => ask('/api/admin/environments', { body: { name: 'passing', reason: 'r' } });
  const relaysAnswered = () =>
    repeated(
      () => ask('/api/admin/jobs', { method: 'GET' }),
      ({ jobs }) => jobs.every(({ kind }) => kind !== 'environment.state'),
    );
  await register();
  const document = { ...JSON.parse(DOCUMENT), environment: 'passing' };
  await ask('/api/admin/document?environment=passing', { method: 'PUT', body: document });
  const { key } = await ask('/api/admin/keys?environment=passing', { body: { kind: 'server', label: 'a server', reason: 'r' } });
  await relaysAnswered();
  const [ended, operator, stays] = await Promise.all([
    watch('', bearer(key)),
    watching('/api/admin/watch?environment=passing', bearer(server.adminToken)),
    watch(),
  ]);
  const { until, over } = await events(await lists({}, key));
  await until(text => text.includes('data: '));
  const backup = (await server.asAdmin('/api/admin/backup', { method: 'GET' })).text;
  await ask('/api/admin/environments/passing?reason=r', { method: 'DELETE' });
  assert.deepEqual(await Promise.all([ended.closed, operator.closed]), [1008, 1008]);
  await over();
  assert.equal((await watch('', bearer(key))).status, 401);
  await hears(stays, await toggle());
  await relaysAnswered();
  const { head } = await ask('/api/admin/changes/verify', { method: 'GET' });
  // It is open in the backup, and a restore closes none.
  await ask(`/api/admin/restore?replace=${head}`, { body: backup, headers: { 'content-type': 'application/x-ndjson' } });
  await relaysAnswered();
  assert.ok((await watch('', bearer(key))).first);
  await ask('/api/admin/environments/passing?reason=r', { method: 'DELETE' });
  await register();
  await relaysAnswered();
  assert.ok((await watch('', bearer(key))).first);
});

test("a token opens a stream for its own key's pages only, and for as long as that key is valid", async () => {
  const expiresAt = Date.now() + HOUR_MS;
  const { key } = await newKey({ origins: ['https://second.example'], expiresAt: new Date(expiresAt).toISOString() });
  const path = await lists({}, key);
  const status = async headers => (await server.request(path, { method: 'GET', headers })).status;
  assert.equal(await status({ origin: 'https://second.example' }), 200);
  assert.equal(await status({ origin: 'https://shop.example' }), 403);
  assert.equal(await status({ 'twinflag-now': String(expiresAt - 1) }), 200);
  assert.equal(await status({ 'twinflag-now': String(expiresAt) }), 404);
});

test('a relay that slept hears of each version', async () => {
  const sockets = await Promise.all(['', '?customerId=c-1'].map(query => watch(query)));
  for (let time = 0; time < 3; time++) {
    // workerd takes an idle object out of memory after 10 s, and has no event for it.
    await wait(11_000);
    const version = time === 1 ? await override({ customerId: 'c-1' }, false) : await toggle();
    await hears(sockets[1], version);
    if (time !== 1) await hears(sockets[0], version);
  }
});

test('after SIGKILL at any moment a socket learns the newest version', async () => {
  for (let time = 0; time < 5; time++) {
    await server.stop();
    await start();
    const socket = await watch();
    const before = number(socket.first);
    const killed = server.asAdmin('/api/admin/feature-flags', {
      body: { reason: 'r', featureName: 'a', action: time % 2 ? 'revive' : 'kill' },
    });
    await Promise.race([killed.catch(() => {}), wait(2 * time)]);
    await server.stop();
    await killed.catch(() => {});
    await start();
    const again = await watch();
    const { version } = (await server.asAdmin('/api/admin/versions?limit=1', { method: 'GET' })).json().versions[0];
    assert.ok(version === before || version === before + 1);
    await (number(again.first) === version ? undefined : hears(again, version));
    const { jobs } = (await server.asAdmin('/api/admin/jobs', { method: 'GET' })).json();
    assert.ok(jobs.filter(({ kind }) => kind === 'push').length <= 1);
  }
});
