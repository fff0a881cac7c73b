// Jobs of the hub, at their moments: nobody asks for them, and no crash loses or repeats one.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { startWithSql, WITH_SQL } from './store-sql.mjs';
import { spawnOn } from './workerd.mjs';

const HOUR_MS = 3_600_000;
const TESTED = { TEST_CLOCK: 'on' };

let folder, server;
beforeEach(async () => {
  folder = await dataFolder();
  server = await startWithSql(folder.path, TESTED);
});
afterEach(async () => {
  await server?.stop();
  await folder.remove();
});

/** A command with an idempotency key, at a moment; true if the first answer was given again. */
async function assigned(key, moment) {
  const at = moment === undefined ? {} : { 'twinflag-now': String(moment) };
  const body = { customerId: `of ${key}`, organizationId: 'o-1', reason: 'signed up' };
  const answer = await server.asAdmin('/api/admin/customers', { body, headers: { 'idempotency-key': key, ...at } });
  assert.equal(answer.status, 200, answer.text);
  return answer.headers.get('idempotency-replayed') === 'true';
}

/** Sets the time of jobs so that the deletion of answers is due in a while. */
async function dueIn(milliseconds) {
  const [{ due }] = await server.sql(["SELECT due FROM jobs WHERE kind = 'retention.answers'"]);
  const told = await server.asAdmin('/api/admin/versions', { method: 'GET', headers: { 'twinflag-now': String(due - milliseconds) } });
  assert.equal(told.status, 200, told.text);
}

test('a job that falls due after SIGKILL runs after the restart, without a request', async () => {
  assert.equal(await assigned('old', Date.now() - 30 * HOUR_MS), false);
  assert.equal(await assigned('new', Date.now()), false);
  assert.equal(await assigned('old'), true);
  await dueIn(3_000);
  await server.stop();
  assert.doesNotMatch(server.said(), /after an alarm/, 'the job ran before SIGKILL: this machine is too slow for the test');
  const silent = await spawnOn({ config: WITH_SQL, data: folder.path, settings: TESTED });
  const left = JSON.parse(await silent.heard(/after an alarm: (.*)\n/));
  await silent.stop();
  assert.equal(left.answers, 1, 'the old answer is deleted, the new one is kept');
  server = await startWithSql(folder.path, TESTED);
  assert.deepEqual([await assigned('old'), await assigned('new')], [false, true]);
});

test('versions that no relay was told of before SIGKILL are told after the restart, without a request, to relays of their environments', async () => {
  const registered = await server.asAdmin('/api/admin/environments', { body: { name: 'staging', reason: 'a second environment' } });
  assert.equal(registered.status, 200, registered.text);
  await server.stop();
  server = await startWithSql(folder.path, { ...TESTED, RELAY_AWAY: 'on' });
  const relays = [
    ['', 'main#0'],
    ['environment=staging', 'environment/staging#0'],
  ];
  const versions = [];
  for (const [environment] of relays) {
    const assignment = { customerId: 'c-1', organizationId: 'o-1', reason: 'signed up' };
    const assigned = await server.asAdmin(`/api/admin/customers?${environment}`, { body: assignment });
    assert.equal(assigned.status, 200, assigned.text);
    const list = await server.asAdmin(`/api/admin/versions?limit=1&${environment}`, { method: 'GET' });
    versions.push(list.json().versions[0].version);
  }
  await server.heard(/the relays were not told: a relay answered (503)(?:.|\n)*the relays were not told/);
  await server.stop();
  const silent = await spawnOn({ config: WITH_SQL, data: folder.path, settings: TESTED });
  const told = await Promise.all(relays.map(([, name]) => silent.heard(new RegExp(`the relay ${name} is told of (\\S+)\\n`))));
  await silent.stop();
  for (const [index, version] of told.entries()) assert.match(version, new RegExp(`^[0-9a-f]{12}\\.${versions[index]}$`));
});

/** Keeps old answers, of which there are one more than this many. */
async function keepOld(count) {
  await assigned('first', Date.now() - 30 * HOUR_MS);
  const many = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?)
    INSERT INTO idempotency SELECT subject, 'many ' || n, request, answer, created_at FROM idempotency, n`;
  assert.deepEqual(await server.sql([many, count]), []);
}

test('SIGKILL between two slices loses neither the job nor the rest of its work', async t => {
  await keepOld(50_000);
  await dueIn(0);
  await server.heard(/after an alarm: (.*)\n/);
  await server.stop();
  const before = Number(/"answers":(\d+),(?!.*"answers")/s.exec(server.said())[1]);
  t.diagnostic(`${before} answers were left`);
  assert.ok(before > 0, 'SIGKILL came after the last slice');
  const silent = await spawnOn({ config: WITH_SQL, data: folder.path, settings: TESTED });
  const { jobs } = JSON.parse(await silent.heard(/after an alarm: ({"answers":0,.*)\n/));
  await silent.stop();
  const counts = [...silent.said().matchAll(/after an alarm: {"answers":(\d+),/g)].map(([, count]) => Number(count));
  assert.ok(counts[0] <= before && counts[0] % 500 === 1, `${counts[0]} after ${before}: slices are whole`);
  assert.deepEqual(jobs.map(({ kind, failures }) => [kind, failures]).sort(), [
    ['retention.answers', 0],
    ['retention.outcomes', 0],
  ]);
});

test('more than one slice is deleted by one alarm after another', async () => {
  await keepOld(1_100);
  await dueIn(0);
  await server.heard(/after an alarm: ({"answers":0,.*)\n/);
  const counts = [...server.said().matchAll(/after an alarm: {"answers":(\d+),/g)].map(([, count]) => Number(count));
  assert.deepEqual([...new Set(counts)], [601, 101, 0]);
});

test('a job that fails is logged, keeps its reason, and is tried again', async () => {
  await assigned('old', Date.now() - 30 * HOUR_MS);
  await server.sql(["CREATE TRIGGER fails BEFORE DELETE ON idempotency BEGIN SELECT RAISE(ABORT, 'as a test wants'); END"]);
  await dueIn(0);
  await server.heard(/the job retention\.answers failed (1) times: .*as a test wants/);
  const [{ failures, error }] = await server.sql(["SELECT failures, error FROM jobs WHERE kind = 'retention.answers'"]);
  assert.equal(failures, 1);
  assert.match(error, /as a test wants/);
  const { jobs: listed } = (await server.asAdmin('/api/admin/jobs', { method: 'GET' })).json();
  const [failed] = listed.filter(({ kind }) => kind === 'retention.answers');
  assert.deepEqual([failed.failures, failed.error, failed.payload], [1, error, '']);
  await server.sql(['DROP TRIGGER fails']);
  const { jobs } = JSON.parse(await server.heard(/after an alarm: ({"answers":0,.*)\n/));
  assert.deepEqual(
    jobs.filter(({ kind }) => kind === 'retention.answers').map(job => [job.failures, job.error]),
    [[0, null]],
  );
});

test('the alarm is set again where not even the failure of a job can be stored', async () => {
  await server.sql(["CREATE TRIGGER fails BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'as a test wants'); END"]);
  await dueIn(0);
  await server.heard(/the alarm failed: (.*as a test wants)/);
  const { alarm } = JSON.parse(await server.heard(/after an alarm: (.*)\n/));
  const wait = alarm - Date.now();
  assert.ok(wait > 0 && wait <= 60_000, `the next alarm is in ${wait} ms`);
});

test('jobs that a clock put off while it was ahead are due in an hour', async () => {
  await server.sql(['UPDATE jobs SET due = ?', Date.now() + 10 * 365 * 24 * HOUR_MS]);
  await server.stop();
  const before = Date.now();
  server = await startWithSql(folder.path, TESTED);
  const dues = (await server.sql(['SELECT due FROM jobs'])).map(({ due }) => due);
  assert.equal(dues.length, 2);
  for (const due of dues) assert.ok(due >= before + HOUR_MS && due <= Date.now() + HOUR_MS, `in ${due - before} ms`);
});

test('a job of a later release is kept, and holds up no other', async () => {
  await assigned('old', Date.now() - 30 * HOUR_MS);
  await server.sql(["INSERT INTO jobs VALUES ('later', '{}', 0, 0, NULL)"]);
  await dueIn(0);
  const { jobs } = JSON.parse(await server.heard(/after an alarm: ({"answers":0,.*)\n/));
  assert.deepEqual(
    jobs.filter(({ kind }) => kind === 'later'),
    [{ kind: 'later', payload: '{}', due: 0, failures: 0, error: null }],
  );
});

test('only a deployment that is there to be tested takes the time from a request', async () => {
  await assigned('old', Date.now() - 30 * HOUR_MS);
  const ahead = async () => (await server.sql(['SELECT clock_ahead FROM store']))[0].clock_ahead;
  assert.ok((await ahead()) < -29 * HOUR_MS);
  await server.stop();
  server = await startWithSql(folder.path);
  const before = await ahead();
  await dueIn(0);
  assert.equal(await ahead(), before);
});
