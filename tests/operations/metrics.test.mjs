// /metrics: its text is sound in both forms, it counts what was asked, and only operators and their programs read it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';

import { receiver } from '../edge/receiver.mjs';
import { hostWorker, token } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { openSocket } from '../web-socket.mjs';
import { familiesOf } from './exposition.mjs';

const OPEN = 'application/openmetrics-text; version=1.0.0';
const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'production',
  flags: {
    plain: { default: 'on' },
    other: { default: 'on' },
    'phase.two': { default: 'on', rollout: { status: 'active', percentage: 12.5 } },
  },
});

let folder, server, target;
before(async () => {
  [folder, target] = [await dataFolder(), await receiver(() => 500)];
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { WEBHOOKS_PRIVATE: 'on', RATE_LIMITS: 'admin=2' } });
});
after(async () => {
  await server?.stop();
  await target?.stop();
  await folder?.remove();
});

const scrape = (accept = OPEN) => server.asAdmin('/metrics', { method: 'GET', headers: { accept } });

/** A number of the newest metrics; 0 for a sample that is not there. */
async function numbers(...wanted) {
  const families = familiesOf((await scrape()).text, { isOpen: true });
  return wanted.map(([family, labels = {}, suffix = '']) => {
    const isWanted = sample =>
      sample.name === family + suffix && Object.entries(labels).every(([name, value]) => sample.labels[name] === value);
    return (families.get(family)?.samples ?? []).filter(isWanted).reduce((sum, { value }) => sum + value, 0);
  });
}

/** Waits until isolates have handed over what makes these numbers so: with their questions, which a look at their cache has them ask. */
async function counts(wanted, expected) {
  let found;
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 100))) {
    await server.asAdmin('/api/admin/cache', { method: 'GET' });
    found = await numbers(...wanted);
    if (found.every((number, index) => number >= expected[index])) break;
  }
  assert.deepEqual(found, expected);
}

test('the text is sound in both forms', async () => {
  for (const [accept, type, isOpen] of [
    [OPEN, 'application/openmetrics-text; version=1.0.0; charset=utf-8', true],
    ['text/plain', 'text/plain; version=0.0.4; charset=utf-8', false],
    ['*/*', 'text/plain; version=0.0.4; charset=utf-8', false],
  ]) {
    const answer = await scrape(accept);
    assert.deepEqual([answer.status, answer.type, answer.headers.get('cache-control')], [200, type, 'no-store']);
    const families = familiesOf(answer.text, { isOpen });
    assert.ok(families.size >= 15, `${families.size} families`);
  }
  const { text } = await scrape('text/plain');
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (error) throw error;
  assert.equal(status, 0, stdout + stderr);
});

test('evaluations, responses and look-ups are counted', async () => {
  const wanted = [
    ['twinflag_evaluations', {}, '_total'],
    ['twinflag_responses', { class: 'evaluation', status: '2xx' }, '_total'],
    ['twinflag_responses', { class: 'evaluation', status: '404' }, '_total'],
    ['twinflag_responses', { class: 'evaluation', status: '4xx' }, '_total'],
    ['twinflag_responses', { class: 'evaluation', status: '401' }, '_total'],
    ['twinflag_responses', { class: 'programs', status: '2xx' }, '_total'],
  ];
  const before = await numbers(...wanted);
  const ask = (path, body = { context: { userId: 'u' } }, options) => server.asClient(path, { body, ...options });
  for (let time = 0; time < 20; time++) assert.equal((await ask('/ofrep/v1/evaluate/flags/plain')).status, 200);
  for (let time = 0; time < 5; time++) assert.equal((await ask('/ofrep/v1/evaluate/flags')).status, 200);
  for (let time = 0; time < 3; time++) assert.equal((await ask('/ofrep/v1/evaluate/flags/absent')).status, 404);
  for (let time = 0; time < 2; time++) assert.equal((await ask('/ofrep/v1/evaluate/flags/plain', '[')).status, 400);
  assert.equal((await ask('/ofrep/v1/evaluate/flags/plain', {}, { token: 'tf_client_wrong' })).status, 401);
  await server.evaluate(...Array.from({ length: 10 }, () => ({ flag: 'plain', context: {} })));
  for (let time = 0; time < 30; time++) assert.equal((await server.request('/health', { method: 'GET' })).status, 200);
  // 20 + 5 × 3 + 3 (an unknown flag is evaluated, too) + 10; of programs, the evaluations and the health.
  await counts(
    wanted,
    [48, 25, 3, 2, 1, 31].map((number, index) => before[index] + number),
  );
  const [hits, misses, all, count] = await numbers(
    ['twinflag_cache_lookups', { result: 'hit' }, '_total'],
    ['twinflag_cache_lookups', { result: 'miss' }, '_total'],
    ['twinflag_response_seconds', { class: 'evaluation', le: '+Inf' }, '_bucket'],
    ['twinflag_response_seconds', { class: 'evaluation' }, '_count'],
  );
  assert.ok(hits >= 57 && misses >= 1, `${hits} hits, ${misses} misses`);
  assert.equal(all, count);
  const [asked] = await numbers(['twinflag_hub_request_seconds', {}, '_count']);
  assert.ok(asked > 0);
});

test('the hub tells its jobs, webhooks, rollouts, sockets and events', async () => {
  assert.deepEqual(
    await numbers(
      ['twinflag_flags'],
      ['twinflag_rollout_ratio', { flag: 'phase.two' }],
      ['twinflag_rollout_exposures', { flag: 'phase.two' }],
      ['twinflag_jobs', { kind: 'retention.answers' }],
      ['twinflag_webhooks'],
      ['twinflag_sockets'],
    ),
    [3, 0.125, 0, 1, 0, 0],
  );
  const socket = await openSocket(`${server.url}/v1/watch?customerId=c-1`, { authorization: `Bearer ${server.clientKey}` });
  await counts([['twinflag_sockets']], [1]);
  const made = await server.asAdmin('/api/admin/webhooks', { body: { label: 'bad', url: target.url, private: true } });
  assert.equal(made.status, 200, made.text);
  const killed = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'other', action: 'kill', reason: 'r' } });
  assert.equal(killed.status, 200, killed.text);
  await target.until(messages => messages.length > 0);
  await counts([['twinflag_webhooks', { state: 'failing' }]], [1]);
  const outcomes = ['enabled', 'enabled', 'error', 'paid'].map((event, index) => ({
    id: `o-${index}`,
    flag: 'plain',
    unit: `u-${index}`,
    event,
  }));
  const taken = await server.asServer('/v1/outcomes', { body: { outcomes } });
  assert.equal(taken.status, 202, taken.text);
  await counts(
    ['enabled', 'error', 'other', 'disabled'].map(event => ['twinflag_events', { event }, '_total']),
    [2, 1, 1, 0],
  );
  socket.end();
});

test('a refusal for too many requests is counted', async () => {
  let refused = 0;
  for (let time = 0; time < 5; time++) {
    const answer = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'plain', action: 'revive', reason: 'r' } });
    if (answer.status === 429) refused++;
  }
  assert.ok(refused > 0);
  await counts([['twinflag_responses', { class: 'operators', status: '429' }, '_total']], [refused]);
});

test('operators and API tokens read the metrics, others do not', async () => {
  const ask = given => server.request('/metrics', { method: 'GET', token: given });
  const person = role => token({ sub: 'p', exp: Math.floor(Date.now() / 1000) + 600, app_metadata: { role } });
  for (const [given, status] of [
    [undefined, 401],
    [server.clientKey, 401],
    [server.serverKey, 401],
    [person('viewer'), 403],
    [person('operator'), 200],
    [person('admin'), 200],
  ])
    assert.equal((await ask(given)).status, status);
  const admin = token({ sub: 'maker', exp: Math.floor(Date.now() / 1000) + 600, app_metadata: { role: 'service' } });
  const made = await server.request('/api/admin/tokens', { token: admin, body: { name: 'prometheus', role: 'operator', reason: 'r' } });
  assert.equal(made.status, 200, made.text);
  assert.equal((await ask(made.json().token)).status, 200);
});
