// Fifty users at once get their answers, and each request is an event; one user who asks too much is told when to come again.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startFunction, userToken } from '../edge/personalization.mjs';
import { extent } from '../extent.mjs';
import { greedy, load, verdicts } from './personalization.mjs';
import { DURATION_S, MOST_A_MINUTE, PACE_MS, TARGETS, USERS } from './scenario.mjs';

const SECONDS = extent({ usual: 20, all: DURATION_S });
const PATIENCE_MS = 30_000;

let own;
before(async () => {
  own = await startFunction();
});
after(() => own?.stop());

/** The events that the hub has, by user. */
async function eventsByUser() {
  const counts = new Map();
  for (let before; ; ) {
    const page = `featureName=profile_ui_revamp&event=data_requested&limit=100${before ? `&before=${before}` : ''}`;
    const answer = await own.server.request(`/api/admin/events?${page}`, { method: 'GET', token: own.server.adminToken });
    const { events, next } = answer.json();
    for (const { unit } of events) counts.set(unit, (counts.get(unit) ?? 0) + 1);
    if (next === undefined) return counts;
    before = next;
  }
}

test(`${USERS} users with a request every ${PACE_MS} ms each get their answers, and no event is lost`, async t => {
  const users = Array.from({ length: USERS }, (_, index) => `user-${index}`);
  const result = await load({ url: own.url, tokens: users.map(user => userToken(user)), seconds: SECONDS });
  for (const line of verdicts(result)) t.diagnostic(line);
  const each = (SECONDS * 1000) / PACE_MS;
  assert.equal(result.requests, USERS * each);
  assert.ok(result.failed / result.requests < TARGETS.failed, `${result.failed} failed\n${own.said()}`);
  const answered = result.requests - result.failed;
  let counts;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    counts = await eventsByUser();
    if ([...counts.values()].reduce((sum, count) => sum + count, 0) >= answered) break;
  }
  assert.equal(
    users.reduce((sum, user) => sum + (counts.get(user) ?? 0), 0),
    answered,
  );
  for (const user of users) assert.ok(counts.get(user) <= each, user);
});

test('a user who asks without a pause is refused after the requests of a minute, with Retry-After', async () => {
  const { statuses, retryAfter } = await greedy({ url: own.url, token: userToken('greedy') });
  assert.deepEqual(statuses, [...Array(MOST_A_MINUTE).fill(200), 429]);
  assert.ok(Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= 60, String(retryAfter));
});

test("k6's script is one module with the same scenario, and asks for nothing but k6", async () => {
  const file = fileURLToPath(new URL('personalization_k6.js', import.meta.url));
  const { build } = createRequire(new URL('../../npm/package.json', import.meta.url))('esbuild');
  const { metafile } = await build({
    entryPoints: [file],
    bundle: true,
    format: 'esm',
    external: ['k6', 'k6/*'],
    write: false,
    metafile: true,
  });
  const [{ exports, imports }] = Object.values(metafile.outputs);
  assert.deepEqual(exports.sort(), ['greedy', 'options', 'user']);
  assert.deepEqual(imports.map(({ path }) => path).sort(), ['k6', 'k6/http']);
  assert.equal(Object.keys(metafile.inputs).filter(path => path.endsWith('tests/load/scenario.mjs')).length, 1);
  // The executors name functions that the module exports.
  const executors = [...(await readFile(file, 'utf8')).matchAll(/exec: '(\w+)'/g)].map(([, name]) => name);
  assert.deepEqual(executors.sort(), ['greedy', 'user']);
});
