// API tokens: what each opens, where, for how long, and under which name it stands in the trail.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker, startOn, token } from './workerd.mjs';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** An isolate asks the hub within ten seconds; this allows for a busy machine. */
const PATIENCE_MS = 60_000;
const TWO = { 'test-isolate': 'two' };
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: { default: 'on' } },
};

const ends = [];
after(() => Promise.all(ends.map(end => end())));
async function started(start) {
  const folder = await dataFolder();
  const server = await start(folder.path);
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  return { ...server, folder };
}
const hosted = (document = DOCUMENT) =>
  started(data => hostWorker({ data, document: JSON.stringify(document), settings: { TEST_CLOCK: 'on' } }));

let server;
before(async () => {
  server = await hosted();
  const answer = await server.asAdmin('/api/admin/environments', { body: { name: 'staging', reason: 'r' } });
  assert.equal(answer.status, 200, answer.text);
});

const at = moment => ({ 'twinflag-now': String(moment) });
const of = environment => (environment ? `environment=${environment}` : '');
const asked = (by, terms, { environment, on = server, headers } = {}) =>
  on.request(`/api/admin/tokens?${of(environment)}`, { token: by, headers, body: { role: 'admin', reason: 'r', ...terms } });
async function make(name, terms = {}, options = {}) {
  const answer = await asked((options.on ?? server).adminToken, { name, ...terms }, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}
const revoke = (id, { environment, on = server } = {}) =>
  on.asAdmin(`/api/admin/tokens/${id}?reason=r&${of(environment)}`, { method: 'DELETE' });
const list = async (environment, on = server) =>
  (await on.asAdmin(`/api/admin/tokens?${of(environment)}`, { method: 'GET' })).json().tokens;
const read = (text, headers, on = server) => on.request('/api/admin/flags', { method: 'GET', token: text, headers });
const kill = (text, action = 'kill', { headers, on = server } = {}) =>
  on.request('/api/admin/feature-flags', { token: text, headers, body: { featureName: 'plain', action, reason: 'r' } });
const refusal = answer => [answer.status, answer.json().code];

test('a token is shown once, and lists, records, log and store hold neither it nor its hash', async () => {
  const headers = { 'idempotency-key': 'once' };
  const made = await make('shown-once', {}, { headers });
  assert.match(made.token, /^tf_api_production_[0-9a-f]{40}$/);
  const again = await make('shown-once', {}, { headers });
  assert.deepEqual([again.token, again.replayed, again.id], [null, true, made.id]);
  const listed = (await list()).find(({ id }) => id === made.id);
  assert.deepEqual(Object.keys(listed), ['createdAt', 'expiresAt', 'hint', 'id', 'name', 'role']);
  assert.deepEqual([listed.name, listed.role, listed.hint], ['shown-once', 'admin', `tf_api_production_…${made.token.slice(-4)}`]);
  assert.equal(Date.parse(listed.expiresAt) - Date.parse(listed.createdAt), 90 * DAY_MS);
  const [{ action, newJson }] = made.changes;
  assert.deepEqual([action, newJson], ['token.create', listed]);
  assert.equal((await read(made.token)).status, 200);
  assert.equal((await read(`${made.token.slice(0, -1)}${made.token.endsWith('0') ? '1' : '0'}`)).status, 401);
  const digits = made.token.slice(-40);
  const hash = createHash('sha256').update(made.token).digest('hex');
  for (const [path, secret] of [
    ['/api/admin/tokens', digits],
    ['/api/admin/keys', digits],
    ['/api/admin/changes', digits],
    ['/api/admin/tokens', hash],
    ['/api/admin/keys', 'shown-once'],
    ['/api/admin/changes', hash],
    ['/api/admin/backup', digits],
  ]) {
    assert.ok(!(await server.asAdmin(path, { method: 'GET' })).text.includes(secret), path);
  }
  assert.ok(!server.said().includes(digits) && !server.said().includes(hash));
  const files = join(server.folder.path, 'store');
  for (const name of await readdir(files, { recursive: true })) {
    const bytes = await readFile(join(files, name)).catch(error => (error.code === 'EISDIR' ? Buffer.alloc(0) : Promise.reject(error)));
    assert.ok(!bytes.includes(digits), name);
  }
});

test("a token's changes stand in the trail under its name", async () => {
  const { token: operator } = await make('on-call', { role: 'operator' });
  assert.equal((await kill(operator)).status, 200);
  assert.equal((await kill(operator, 'revive')).status, 200);
  const { changes } = (await server.asAdmin('/api/admin/changes?changedBy=token:on-call', { method: 'GET' })).json();
  assert.deepEqual(
    changes.map(({ action, changedBy, role }) => [action, changedBy, role]),
    [
      ['flag.revive', 'token:on-call', 'operator'],
      ['flag.kill', 'token:on-call', 'operator'],
    ],
  );
  await server.heard(/("event":"changed"[^\n]*"subject":"token:on-call")/);
  // No token of an issuer passes for one of the edge.
  const exp = Math.floor(Date.now() / 1000) + 600;
  for (const [sub, status] of [
    ['token:on-call', 401],
    ['token:', 401],
    ['break-glass', 401],
    ['token', 200],
    ['Break-glass', 200],
  ])
    assert.equal((await read(token({ sub, exp, app_metadata: { role: 'admin' } }))).status, status, sub);
});

test('a role opens what the matrix opens to it, and a token gives none above its own', async () => {
  const { token: viewer } = await make('reader', { role: 'viewer' });
  const { token: operator } = await make('operator', { role: 'operator' });
  const { token: admin } = await make('admin', { expiresAt: new Date(Date.now() + DAY_MS).toISOString() });
  for (const [text, statuses] of [
    [viewer, [200, 403, 403, 403]],
    [operator, [200, 200, 403, 403]],
    [admin, [200, 200, 200, 200]],
  ]) {
    const made = () => asked(text, { name: `made-by-${statuses}`.replaceAll(',', '-'), role: 'viewer' });
    const backup = () => server.request('/api/admin/backup', { method: 'GET', token: text });
    const found = [];
    for (const ask of [() => read(text), () => kill(text, 'revive'), made, backup]) found.push((await ask()).status);
    assert.deepEqual(found, statuses);
  }
  assert.deepEqual(refusal(await asked(admin, { name: 'too-long', expiresAt: new Date(Date.now() + 2 * DAY_MS).toISOString() })), [
    403,
    'FORBIDDEN',
  ]);
  const { changes } = (await asked(admin, { name: 'as-long' })).json();
  assert.equal(changes[0].newJson.expiresAt, (await list()).find(({ name }) => name === 'admin').expiresAt);
  assert.equal(changes[0].changedBy, 'token:admin');
  // It evaluates as any reader does, and is none of the keys.
  assert.equal((await server.request('/ofrep/v1/evaluate/flags/plain', { token: viewer, body: { context: {} } })).json().value, true);
  assert.equal((await server.request('/v1/evaluate', { token: admin, body: { evaluations: [{ flag: 'plain' }] } })).status, 401);
  assert.equal((await server.request('/api/admin/flags', { method: 'GET', headers: { 'x-api-key': viewer } })).status, 401);
});

test('a request for a token that there cannot be is refused', async () => {
  const soon = new Date(Date.now() + DAY_MS).toISOString();
  await make('taken');
  for (const [terms, status, code, pointer] of [
    [{ name: 'taken' }, 409, 'NAME_TAKEN', '/name'],
    [{ name: 'a b' }, 400, 'INVALID', '/name'],
    [{ name: '' }, 400, 'INVALID', '/name'],
    [{ name: 'x'.repeat(65) }, 400, 'INVALID', '/name'],
    [{ name: 7 }, 400, 'PARSE_ERROR', '/name'],
    [{}, 400, 'PARSE_ERROR', ''],
    [{ name: 'a', role: 'service' }, 400, 'PARSE_ERROR', '/role'],
    [{ name: 'a', role: 'member' }, 400, 'PARSE_ERROR', '/role'],
    [{ name: 'a', role: null }, 400, 'PARSE_ERROR', '/role'],
    [{ name: 'a', expiresAt: 'soon' }, 400, 'PARSE_ERROR', '/expiresAt'],
    [{ name: 'a', expiresAt: new Date(Date.now() - 1_000).toISOString() }, 400, 'INVALID', '/expiresAt'],
    [{ name: 'a', expiresAt: new Date(Date.now() + 366 * DAY_MS).toISOString() }, 400, 'INVALID', '/expiresAt'],
    [{ name: 'a', expiresAt: soon, kind: 'server' }, 400, 'PARSE_ERROR', '/kind'],
  ]) {
    const answer = await asked(server.adminToken, terms);
    const problem = answer.json();
    assert.deepEqual([answer.status, problem.code, problem.pointer], [status, code, pointer], JSON.stringify(terms));
  }
  assert.deepEqual(refusal(await server.asAdmin('/api/admin/keys', { body: { kind: 'api', label: 'a', reason: 'r' } })), [
    400,
    'PARSE_ERROR',
  ]);
});

test('a text that is no valid token is refused, however it is sent', async () => {
  const { token: good } = await make('to-spoil');
  const digits = good.slice(-40);
  const wrong = [
    'tf_api_',
    'tf_api',
    `tf_api_${digits}`,
    `tf_api_absent_${digits}`,
    `tf_api_staging_${digits}`,
    `tf_client_production_${digits}`,
    `tf_server_production_${digits}`,
    `tf_api_production_${digits.toUpperCase()}g`,
    `TF_API_production_${digits}`,
    good.slice(0, -1),
    `${good}0`,
    `${good} x`,
    `tf_api_production_${'0'.repeat(40)}`,
    `tf_api_production_${'a'.repeat(10_000)}`,
    'x'.repeat(10_000),
    `${good}.${good}.${good}`,
    '%00',
    '{}',
  ];
  for (const text of wrong) assert.equal((await read(text)).status, 401, text.slice(0, 60));
  const ask = (path, headers) => server.request(path, { method: 'GET', headers });
  for (const name of ['token', 'access_token', 'key']) {
    assert.equal((await ask(`/api/admin/flags?${name}=${good}`, {})).status, 401, name);
    assert.deepEqual(refusal(await ask(`/api/admin/flags?${name}=x`, { authorization: `Bearer ${good}` })), [400, 'PARSE_ERROR'], name);
  }
  for (const authorization of [good, `Basic ${good}`, `Token ${good}`, `Bearer: ${good}`, `Bearer${good}`])
    assert.equal((await ask('/api/admin/flags', { authorization })).status, 401, authorization.slice(0, 10));
  assert.equal((await ask('/api/admin/flags', { authorization: `bearer  ${good}` })).status, 200);
  assert.ok(!server.said().includes(digits));
});

test('a token is for the environment that made it', async () => {
  const { token: own } = await make('same', { role: 'viewer' }, { environment: 'staging' });
  const { token: first } = await make('same', { role: 'viewer' });
  assert.match(own, /^tf_api_staging_/);
  const keys = (text, query) => server.request(`/api/admin/keys${query}`, { method: 'GET', token: text });
  for (const [text, query, status] of [
    [own, '', 200],
    [own, '?environment=staging', 200],
    [own, '?environment=production', 403],
    [own, '?environment=absent', 403],
    [first, '', 200],
    [first, '?environment=production', 200],
    [first, '?environment=staging', 403],
  ])
    assert.equal((await keys(text, query)).status, status, `${text.slice(0, 12)} ${query}`);
  // Without the parameter a request is for the token's own environment, and not for the first one.
  await server.asAdmin('/api/admin/keys?environment=staging', { body: { kind: 'server', label: 'of staging', reason: 'r' } });
  assert.deepEqual(
    (await keys(own, '')).json().keys.map(({ label }) => label),
    ['of staging'],
  );
  assert.deepEqual(
    (await list('staging')).map(({ name }) => name),
    ['same'],
  );
  const { token: admin } = await make('same-admin', {}, { environment: 'staging' });
  const environments = (text, options) => server.request('/api/admin/environments', { token: text, ...options });
  assert.equal((await environments(admin, { method: 'GET' })).status, 403);
  assert.equal((await environments(admin, { body: { name: 'more', reason: 'r' } })).status, 403);
  assert.equal((await environments(first, { method: 'GET' })).status, 200);
  const { token: adminOfFirst } = await make('first-admin');
  assert.equal((await environments(adminOfFirst, { body: { name: 'more', reason: 'r' } })).status, 403);
  const copy = { from: 'staging', to: 'production', flags: ['plain'] };
  assert.equal((await server.request('/api/admin/environments/copy?dryRun=true', { token: adminOfFirst, body: copy })).status, 403);
});

test('a token ends at its moment', async () => {
  const end = Date.now() + DAY_MS;
  const { token: text } = await make('short', { expiresAt: new Date(end).toISOString() });
  assert.equal((await read(text, at(end - 1))).status, 200);
  const answer = await read(text, at(end));
  assert.deepEqual(refusal(answer), [401, 'TOKEN_EXPIRED']);
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  assert.deepEqual(refusal(await kill(text, 'kill', { headers: at(end) })), [401, 'TOKEN_EXPIRED']);
});

test('a token and a key are revoked by their own routes, and a token is not rotated', async () => {
  const { token: text, id } = await make('revoked');
  const key = (await server.asAdmin('/api/admin/keys', { body: { kind: 'server', label: 'l', reason: 'r' } })).json();
  assert.deepEqual(refusal(await revoke(key.id)), [404, 'KEY_NOT_FOUND']);
  assert.deepEqual(refusal(await revoke('absent')), [404, 'KEY_NOT_FOUND']);
  assert.deepEqual(refusal(await server.asAdmin(`/api/admin/keys/${id}?reason=r`, { method: 'DELETE' })), [404, 'KEY_NOT_FOUND']);
  assert.deepEqual(refusal(await server.asAdmin(`/api/admin/keys/${id}/rotate`, { body: {} })), [409, 'ILLEGAL_STEP']);
  assert.equal((await read(text)).status, 200);
  assert.equal((await revoke(id)).json().changes[0].action, 'token.revoke');
  assert.deepEqual(refusal(await read(text)), [401, 'UNAUTHORIZED']);
  assert.ok((await list()).find(listed => listed.id === id).revokedAt);
  assert.equal((await revoke(id)).json().changed, false);
  // Its name is free again.
  const { token: next } = await make('revoked');
  assert.deepEqual([(await read(text)).status, (await read(next)).status], [401, 200]);
});

test('a token revoked through one isolate changes nothing through another, and opens nothing there soon after', async () => {
  const two = await started(data => startOn({ config: new URL('workers/two.capnp', import.meta.url), data }));
  const put = await two.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
  assert.equal(put.status, 200, put.text);
  const { token: text, id } = await make('shared', {}, { on: two });
  // The second isolate answers an evaluation from what it holds.
  const evaluates = async () =>
    (await two.request('/ofrep/v1/evaluate/flags', { token: text, headers: TWO, body: { context: {} } })).status;
  assert.equal(await evaluates(), 200);
  assert.equal((await kill(text, 'kill', { on: two, headers: TWO })).status, 200);
  assert.equal((await revoke(id, { on: two })).status, 200);
  assert.deepEqual(refusal(await kill(text, 'revive', { on: two, headers: TWO })), [401, 'UNAUTHORIZED']);
  const { head } = (await two.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json();
  const restored = await two.request(`/api/admin/restore?replace=${head}`, {
    token: text,
    headers: { ...TWO, 'content-type': 'application/x-ndjson' },
    body: '{}',
  });
  assert.deepEqual(refusal(restored), [401, 'UNAUTHORIZED']);
  for (const began = Date.now(); (await evaluates()) !== 401; ) assert.ok(Date.now() - began < PATIENCE_MS, 'it still evaluates');
});

test('a list tells the hour in which each token was last used, also after a restart, and nothing else does', async () => {
  const HOUR_MS = 3_600_000;
  const folder = await dataFolder();
  const start = () => hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT), settings: { TEST_CLOCK: 'on' } });
  let on = await start();
  ends.push(async () => {
    await on.stop();
    await folder.remove();
  });
  const tokens = {};
  for (const name of ['reads', 'evaluates', 'rests']) tokens[name] = (await make(name, { role: 'viewer' }, { on })).token;
  const { sequence, version } = (await on.asAdmin('/api/admin/changes?limit=1', { method: 'GET' })).json().changes[0];
  const used = async () =>
    Object.fromEntries((await list(undefined, on)).map(({ name, lastUsed }) => [name, lastUsed && Date.parse(lastUsed)]));
  assert.deepEqual(await used(), { reads: undefined, evaluates: undefined, rests: undefined });
  // The hub is told behind the answer.
  const becomes = async expected => {
    for (const end = Date.now() + PATIENCE_MS; ; await new Promise(resolve => setTimeout(resolve, 20))) {
      const found = await used();
      if (Object.entries(expected).every(([name, hour]) => found[name] === hour)) return;
      assert.ok(Date.now() < end, JSON.stringify([found, expected]));
    }
  };
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + 2 * HOUR_MS;
  const evaluate = at => on.request('/ofrep/v1/evaluate/flags/plain', { token: tokens.evaluates, headers: at, body: { context: {} } });
  assert.equal((await read(tokens.reads, at(hour + 5), on)).status, 200);
  assert.equal((await evaluate(at(hour + 7))).status, 200);
  await becomes({ reads: hour, evaluates: hour, rests: undefined });
  // Another use in the same hour, and a request that the role does not open in the next one.
  assert.equal((await read(tokens.reads, at(hour + HOUR_MS - 1), on)).status, 200);
  assert.equal(
    (await on.request('/api/admin/backup', { method: 'GET', token: tokens.evaluates, headers: at(hour + HOUR_MS) })).status,
    403,
  );
  await becomes({ reads: hour, evaluates: hour + HOUR_MS });
  // Without a header the request takes the fast way, and is hours behind those before it.
  assert.equal((await evaluate({})).status, 200);
  await on.stop();
  on = await start();
  await becomes({ reads: hour, evaluates: hour + HOUR_MS, rests: undefined });
  const [newest] = (await on.asAdmin('/api/admin/changes?limit=1', { method: 'GET' })).json().changes;
  assert.deepEqual([newest.sequence, newest.version], [sequence, version]);
  // The fast way alone: the first use in its hour is told by it, too.
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const { token: later } = await make('later', { role: 'viewer' }, { on });
  assert.equal((await on.request('/ofrep/v1/evaluate/flags/plain', { token: later, body: { context: {} } })).status, 200);
  const isNow = found => found === now || found === now + HOUR_MS;
  for (const end = Date.now() + PATIENCE_MS; !isNow((await used()).later); ) assert.ok(Date.now() < end);
});

test('a restore brings back the tokens of its backup, and revokes those of another environment', async () => {
  const on = await hosted();
  const { token: before, id } = await make('before', {}, { on });
  const { text: backup } = await on.asAdmin('/api/admin/backup', { method: 'GET' });
  const { token: later } = await make('later', {}, { on });
  await revoke(id, { on });
  const { head } = (await on.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json();
  const send = (to, query) =>
    to.asAdmin(`/api/admin/restore?${query}`, { body: backup, headers: { 'content-type': 'application/x-ndjson' } });
  assert.equal((await send(on, `replace=${head}`)).status, 200);
  assert.deepEqual([(await read(before, {}, on)).status, (await read(later, {}, on)).status], [200, 401]);
  const other = await hosted({ ...DOCUMENT, environment: 'elsewhere' });
  await make('own', {}, { on: other });
  const own = (await other.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json().head;
  assert.equal((await send(other, `replace=${own}&from=production`)).status, 200);
  assert.equal((await read(before, {}, other)).status, 401);
  assert.ok((await list(undefined, other)).every(({ revokedAt }) => revokedAt));
});
