// The break-glass token opens operators' routes when nothing else does, and no use of it goes unnoticed.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker } from './workerd.mjs';

const HOUR_MS = 60 * 60 * 1_000;
const TOKEN = 'tf_break_glass_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const HASH = createHash('sha256').update(TOKEN).digest('hex');
const DOCUMENT = JSON.stringify({ schema: 'twinflag/1', environment: 'production', flags: { plain: { default: 'on' } } });

const ends = [];
after(() => Promise.all(ends.map(end => end())));
async function hosted(settings) {
  const folder = await dataFolder();
  const server = await hostWorker({ data: folder.path, document: DOCUMENT, settings });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  return server;
}

let server;
before(async () => {
  // Without a secret, no other token is valid: the identity provider is lost.
  server = await hosted({ JWT_SECRET: '', BREAK_GLASS_TOKEN_HASH: HASH, TEST_CLOCK: 'on' });
});

const ask = (path, options = {}) => server.request(`/api/admin/${path}`, { method: 'GET', token: TOKEN, ...options });
const kill = (body, options) =>
  ask('feature-flags', { method: 'POST', body: { featureName: 'plain', action: 'kill', ...body }, ...options });
const noted = async () => (await ask('changes?action=break-glass.use')).json().changes;
const lines = () => server.said().match(/\{"event":"break_glass".*\}/g) ?? [];

test("the token opens operators' routes when the store's tokens and the issuer are lost", async () => {
  assert.equal((await server.asAdmin('/api/admin/flags', { method: 'GET' })).status, 401);
  for (const path of ['flags', 'backup', 'changes', 'environments', 'cache']) assert.equal((await ask(path)).status, 200, path);
  assert.equal((await server.request('/v1/explain', { token: TOKEN, body: { flag: 'plain' } })).status, 200);
  // It evaluates nothing, and passes for no key.
  for (const path of ['/ofrep/v1/evaluate/flags', '/v1/program', '/v1/evaluate'])
    assert.equal((await server.request(path, { token: TOKEN, body: {} })).status, 401, path);
  assert.equal((await ask('flags', { token: undefined, headers: { 'x-api-key': TOKEN } })).status, 401);
  assert.equal((await server.request(`/api/admin/flags?token=${TOKEN}`, { method: 'GET' })).status, 401);
});

test('each use is logged as an error, with its route and without the token', async () => {
  const before = lines().length;
  assert.equal((await ask('flags/plain')).status, 200);
  assert.equal((await ask('flags?no=parameter')).status, 400);
  await kill({ reason: 'r' });
  await kill({ reason: 'r', action: 'revive' });
  await server.heard(/("event":"changed"[^\n]*"subject":"break-glass")/);
  const found = lines()
    .slice(before)
    .map(line => JSON.parse(line));
  assert.deepEqual(found, [
    { event: 'break_glass', level: 'error', method: 'GET', route: '/api/admin/flags/{key}' },
    { event: 'break_glass', level: 'error', method: 'GET', route: '/api/admin/flags' },
    { event: 'break_glass', level: 'error', method: 'POST', route: '/api/admin/feature-flags' },
    { event: 'break_glass', level: 'error', method: 'POST', route: '/api/admin/feature-flags' },
  ]);
  assert.ok(!server.said().includes(TOKEN.slice(15)) && !server.said().includes(HASH));
});

test('a change needs a reason, and stands in the trail under the name of the token', async () => {
  const refused = await ask('keys', { method: 'POST', body: { kind: 'server', label: 'l' } });
  assert.deepEqual([refused.status, refused.json().code, refused.json().pointer], [400, 'PARSE_ERROR', '/reason']);
  const made = await ask('keys', { method: 'POST', body: { kind: 'server', label: 'l', reason: 'the servers lost theirs' } });
  const [{ changedBy, role, reason }] = made.json().changes;
  assert.deepEqual([changedBy, role, reason], ['break-glass', 'admin', 'the servers lost theirs']);
  const bare = await ask(`keys/${made.json().id}`, { method: 'DELETE' });
  assert.deepEqual([bare.status, bare.json().pointer], [400, '/reason']);
  assert.equal((await ask(`keys/${made.json().id}?reason=found`, { method: 'DELETE' })).status, 200);
  // It gives the deployment a token again.
  const { token: next } = (await ask('tokens', { method: 'POST', body: { name: 'next', role: 'admin', reason: 'r' } })).json();
  assert.equal((await ask('flags', { token: next })).status, 200);
});

test('a restore with the token needs a reason, and the restored trail has the use', async () => {
  const fresh = await hosted({ BREAK_GLASS_TOKEN_HASH: HASH });
  const { text: backup } = await fresh.asAdmin('/api/admin/backup', { method: 'GET' });
  const { head } = (await fresh.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json();
  const restore = query =>
    fresh.request(`/api/admin/restore?${query}`, { token: TOKEN, body: backup, headers: { 'content-type': 'application/x-ndjson' } });
  const bare = await restore(`replace=${head}`);
  assert.deepEqual([bare.status, bare.json().pointer], [400, '/reason']);
  const answer = await restore(`replace=${head}&reason=the%20disk%20failed`);
  assert.equal(answer.status, 200, answer.text);
  const { changes } = (await fresh.asAdmin('/api/admin/changes?action=break-glass.use', { method: 'GET' })).json();
  assert.deepEqual(
    changes.map(({ changedBy, reason }) => [changedBy, reason]),
    [['break-glass', 'the first use in an hour: POST /api/admin/restore']],
  );
  assert.equal((await fresh.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json().valid, true);
});

test('the first use in an hour takes the tag that was read before it, and the next one does not', async () => {
  const fresh = await hosted({ BREAK_GLASS_TOKEN_HASH: HASH });
  const read = await fresh.asAdmin('/api/admin/document', { method: 'GET' });
  const document = { ...read.json(), flags: { plain: { default: 'off' } } };
  const put = () =>
    fresh.request('/api/admin/document?reason=r', {
      method: 'PUT',
      token: TOKEN,
      body: document,
      headers: { 'if-match': read.headers.get('etag') },
    });
  const first = await put();
  assert.equal(first.status, 200, first.text);
  assert.equal((await put()).status, 412);
});

test('an hour of uses is one record, and the list of environments tells the last', async () => {
  const before = await noted();
  assert.equal(before.length, 1);
  assert.deepEqual([before[0].changedBy, before[0].role], ['break-glass', 'admin']);
  assert.match(before[0].reason, /^the first use in an hour: GET \/api\/admin\//);
  const moment = Date.parse(before[0].changedAt);
  const at = offset => ({ headers: { 'twinflag-now': String(moment + offset) } });
  assert.equal((await ask('flags', at(HOUR_MS - 1))).status, 200);
  assert.equal((await noted()).length, 1);
  const environments = async () => (await ask('environments')).json().environments;
  assert.equal((await environments())[0].breakGlassUsedAt, before[0].changedAt);
  assert.equal((await ask('flags', at(HOUR_MS))).status, 200);
  // The requests of this test without a time of their own are before that use: a clock that was set back hides none.
  assert.ok((await noted()).length > 1);
  assert.equal((await server.request('/health', { method: 'GET' })).text.includes('reak'), false);
  assert.equal((await ask('changes/verify')).json().valid, true);
});

test('an address sends a few wrong tokens a minute, and the right one passes', async () => {
  const statuses = [];
  for (let guess = 0; guess < 7; guess++) statuses.push((await ask('flags', { token: `${TOKEN.slice(0, -1)}${guess}` })).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
  assert.equal((await ask('flags')).status, 200);
});

test('a deployment without the setting takes no such token, and one whose setting is no hash answers nothing', async () => {
  const without = await hosted({});
  assert.equal((await without.request('/api/admin/flags', { method: 'GET', token: TOKEN })).status, 401);
  for (const wrong of [TOKEN, HASH.toUpperCase(), HASH.slice(1)]) {
    const broken = await hosted({ BREAK_GLASS_TOKEN_HASH: wrong });
    const answer = await broken.request('/api/admin/flags', { method: 'GET', token: TOKEN });
    assert.deepEqual([answer.status, answer.json().code], [503, 'SETTING_INVALID']);
    assert.match(answer.json().detail, /BREAK_GLASS_TOKEN_HASH/);
    assert.ok(!answer.text.includes(wrong));
  }
});
