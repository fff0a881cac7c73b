// Schedules: commands at their moments. No crash loses or repeats one, and none ends without a record.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { startWithSql, WITH_SQL } from './store-sql.mjs';
import { spawnOn, token } from './workerd.mjs';

const SETTINGS = { TEST_CLOCK: 'on' };
const DAY_MS = 86_400_000;
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { unit: 'customerId' }, other: { unit: 'customerId' } },
};

let folder, server;
beforeEach(async () => {
  folder = await dataFolder();
  server = await startWithSql(folder.path, SETTINGS);
  await ask('PUT', 'document?reason=first', DOCUMENT);
});
afterEach(async () => {
  await server?.stop();
  await folder.remove();
});

/** An operator's request that succeeds; `at` is the moment of the server's clock. */
async function ask(method, path, body, { at, status = 200, headers = {} } = {}) {
  const moment = at === undefined ? {} : { 'twinflag-now': String(at) };
  const answer = await server.asAdmin(`/api/admin/${path}`, { method, body, headers: { ...moment, ...headers } });
  assert.equal(answer.status, status, answer.text);
  return answer.json();
}

const inMs = milliseconds => new Date(Date.now() + milliseconds).toISOString();
const kill = (flag, at) => ({ at, command: { kill: { flag } } });
const add = (steps, options) => ask('POST', 'schedules', { steps, reason: 'as planned' }, options);
const pending = async (query = '') => (await ask('GET', `schedules${query}`)).schedules;
const changes = async (query = '') => (await ask('GET', `changes?limit=200${query}`)).changes;

/** Sets the clock of jobs, and waits until no schedule that is due is left. */
async function until(moment, isDone = async () => (await pending()).length === 0) {
  await ask('GET', 'versions', undefined, { at: moment });
  while (!(await isDone())) await server.heard(/after an alarm: .*\n/);
}

test('a scheduled command is carried out at its moment, by its operator, and its record names the schedule', async () => {
  const at = inMs(DAY_MS);
  const { ids, changed } = await add([kill('checkout', at)]);
  assert.equal(changed, true);
  const [listed] = await pending();
  assert.deepEqual(
    [listed.id, listed.at, listed.flag, listed.command, listed.createdBy, listed.role, listed.reason],
    [ids[0], at, 'checkout', { kill: { flag: 'checkout' } }, 'tester', 'service', 'as planned'],
  );
  assert.deepEqual(await ask('GET', `schedules/${ids[0]}`), listed);
  await until(Date.parse(at) - 60_000, async () => true);
  assert.equal((await pending()).length, 1, 'not before its moment');
  await until(Date.parse(at));
  const [record, ...others] = await changes('&action=flag.kill');
  assert.deepEqual([others.length, record.changedBy, record.schedule, record.reason], [0, 'tester', ids[0], 'as planned']);
  await ask('GET', `schedules/${ids[0]}`, undefined, { status: 404 });
  assert.equal((await ask('GET', 'changes/verify?wait=20')).valid, true);
});

test('a ramp is several schedules of one request, carried out in the order of their moments', async () => {
  const step = (hours, order) => ({ at: inMs(hours * 3_600_000), command: { rollout: { flag: 'checkout', order } } });
  await add([
    step(1, { create: {} }),
    step(2, { step: 'start' }),
    step(3, { step: { percentage: 25 } }),
    step(4, { step: { percentage: 50 } }),
  ]);
  assert.equal((await pending('?flag=checkout')).length, 4);
  assert.equal((await pending('?flag=other')).length, 0);
  await until(Date.now() + DAY_MS);
  const actions = (await changes('&flag=checkout')).map(({ action }) => action).filter(action => action.startsWith('rollout.'));
  assert.deepEqual(actions, ['rollout.percentage', 'rollout.percentage', 'rollout.start', 'rollout.create']);
});

test('a request that is sent again schedules nothing more', async () => {
  const headers = { 'idempotency-key': 'once' };
  const steps = [kill('checkout', inMs(DAY_MS))];
  assert.deepEqual((await add(steps, { headers })).ids, (await add(steps, { headers })).ids);
  assert.equal((await pending()).length, 1);
});

test('a cancelled schedule is not carried out', async () => {
  const { ids } = await add([kill('checkout', inMs(DAY_MS)), kill('other', inMs(DAY_MS))]);
  await ask('DELETE', `schedules/${ids[0]}?reason=changed`);
  await ask('DELETE', `schedules/${ids[0]}?reason=changed`, undefined, { status: 404 });
  await until(Date.now() + 2 * DAY_MS);
  assert.deepEqual(
    (await changes('&action=flag.kill')).map(({ flagPath }) => flagPath),
    ['other'],
  );
  const [cancelled] = await changes('&action=schedule.cancel');
  assert.deepEqual([cancelled.schedule, cancelled.reason], [ids[0], 'changed']);
});

test('a command that is refused when it is due leaves a record with the reason', async () => {
  const { ids } = await add([{ at: inMs(DAY_MS), command: { rollout: { flag: 'checkout', order: { step: 'start' } } } }]);
  await until(Date.now() + 2 * DAY_MS);
  const [refused] = await changes('&action=schedule.refuse');
  assert.deepEqual([refused.schedule, refused.flagPath, refused.changedBy, refused.onBehalfOf], [ids[0], 'checkout', 'system', 'tester']);
  assert.match(refused.newJson.code, /^[A-Z_]+$/);
  await ask('POST', `changes/${refused.id}/revert`, { reason: 'no' }, { status: 422 });
});

test('a step that waits for its tier is tried again until its limit', async () => {
  await ask('POST', 'rollout/create', { featureName: 'checkout', reason: 'x' });
  await ask('POST', 'rollout/start', { featureName: 'checkout', reason: 'x' });
  const at = Date.now() + 1_000;
  const command = { rollout: { flag: 'checkout', order: { step: { advance: { force: false } } } } };
  await add([{ at: new Date(at).toISOString(), until: new Date(at + 600_000).toISOString(), command }]);
  await until(at, async () => (await pending()).every(({ waitingFor }) => waitingFor !== undefined));
  assert.equal((await changes('&action=schedule.refuse')).length, 0);
  await until(at + 600_000);
  assert.match((await changes('&action=schedule.refuse'))[0].newJson.code, /^(TOO_EARLY|GATE_CLOSED)$/);
});

test('what was scheduled by a token that was revoked since is refused', async () => {
  const { token: secret } = await ask('POST', 'tokens', { name: 'robot', role: 'operator', reason: 'x' });
  const headers = { authorization: `Bearer ${secret}` };
  await add([kill('checkout', inMs(DAY_MS))], { headers });
  const [{ id }] = (await ask('GET', 'tokens')).tokens;
  await ask('DELETE', `tokens/${id}?reason=gone`);
  await until(Date.now() + 2 * DAY_MS);
  const [refused] = await changes('&action=schedule.refuse');
  assert.deepEqual([refused.newJson.code, refused.onBehalfOf], ['FORBIDDEN', 'token:robot']);
});

test('an operator schedules only what the operator may do at once, and requests that are no schedules store nothing', async () => {
  const operator = token({ sub: 'op', exp: Math.floor(Date.now() / 1000) + 86_400, app_metadata: { role: 'operator' } });
  const headers = { authorization: `Bearer ${operator}` };
  const put = { define: { section: 'flags', name: 'checkout', edit: 'remove' } };
  for (const [status, steps, given] of [
    [403, [{ at: inMs(DAY_MS), command: { override: { owner: 'customer', id: 'c', tree: '{"checkout":true}' } } }], headers],
    [400, [{ at: inMs(DAY_MS), command: put }], {}],
    [400, [{ at: inMs(DAY_MS), command: { renewEpoch: {} } }], {}],
    [400, [kill('checkout', inMs(-1))], {}],
    [400, [kill('checkout', 'tomorrow')], {}],
    [400, [], {}],
    [404, [kill('missing', inMs(DAY_MS))], {}],
  ]) {
    await add(steps, { status, headers: given });
  }
  assert.deepEqual(await pending(), []);
  await add([kill('checkout', inMs(DAY_MS))], { headers });
});

test('a schedule changes no version of definitions', async () => {
  const tag = (await server.asAdmin('/api/admin/document', { method: 'GET' })).headers.get('etag');
  await add([kill('checkout', inMs(DAY_MS))]);
  await ask('PUT', 'document?reason=second', DOCUMENT, { headers: { 'if-match': tag } });
});

test('a restored hub carries out the schedules of its backup that are to come', async () => {
  await add([kill('checkout', inMs(DAY_MS)), kill('other', inMs(3 * DAY_MS))]);
  const backup = (await server.asAdmin('/api/admin/backup', { method: 'GET' })).text;
  await server.stop();
  await folder.remove();
  folder = await dataFolder();
  server = await startWithSql(folder.path, SETTINGS);
  const restored = await server.asAdmin('/api/admin/restore?reason=moved', { body: backup });
  assert.equal(restored.status, 200, restored.text);
  assert.equal((await pending()).length, 2);
  await until(Date.now() + 2 * DAY_MS, async () => (await pending()).length === 1);
  assert.deepEqual(
    (await changes('&action=flag.kill')).map(({ flagPath }) => flagPath),
    ['checkout'],
  );
});

/** SIGKILL some milliseconds behind the moment at which a schedule is due; then the schedule is carried out once. */
test('SIGKILL around a scheduled command neither loses nor repeats it', async t => {
  const rounds = extent({ usual: 6, all: 1_000 });
  const step = order => ({ rollout: { flag: 'checkout', order: { step: order } } });
  await ask('POST', 'rollout/create', { featureName: 'checkout', reason: 'x' });
  await ask('POST', 'rollout/start', { featureName: 'checkout', reason: 'x' });
  const seen = { before: 0, after: 0 };
  for (let round = 0; round < rounds; round++) {
    const command = step({ percentage: 1 + (round % 90) });
    const { ids } = await add([{ at: inMs(1_000), command }]);
    await new Promise(resolve => setTimeout(resolve, 1_000 + (round % 6) * 12));
    await server.stop();
    const silent = await spawnOn({ config: WITH_SQL, data: folder.path, settings: SETTINGS });
    await silent.stop();
    server = await startWithSql(folder.path, SETTINGS);
    seen[(await pending()).length === 0 ? 'after' : 'before'] += 1;
    await until(Date.now() + 60_000);
    const records = (await changes('&flag=checkout')).filter(({ schedule, action }) => schedule === ids[0] && action !== 'schedule.add');
    assert.deepEqual(
      records.map(({ action }) => action),
      [records[0].action],
      `round ${round}`,
    );
  }
  t.diagnostic(JSON.stringify(seen));
});
