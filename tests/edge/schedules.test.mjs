// Schedules: requests at their moments. No crash loses or repeats one, and none ends without a record.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { startWithSql } from './store-sql.mjs';
import { token } from './workerd.mjs';

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
const post = (path, body, at) => ({ at, method: 'POST', path: `/api/admin/${path}`, body });
const kill = (flag, at) => post('feature-flags', { featureName: flag, action: 'kill', reason: 'as planned' }, at);
const rollout = (verb, body, at) => post(`rollout/${verb}`, { featureName: 'checkout', ...body }, at);
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
    [listed.id, listed.flag, listed.nextAttemptAt, listed.createdBy, listed.role, listed.reason],
    [ids[0], 'checkout', at, 'tester', 'service', 'as planned'],
  );
  const { method, path, body } = listed;
  assert.deepEqual({ at: listed.at, method, path, body }, kill('checkout', at));
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
  const hours = count => inMs(count * 3_600_000);
  // The flag has no rollout yet: what the state stands against may wait.
  await add([
    rollout('create', {}, hours(1)),
    rollout('start', {}, hours(2)),
    rollout('percentage', { percentage: 25 }, hours(3)),
    rollout('percentage', { percentage: 50 }, hours(4)),
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
  const { ids } = await add([rollout('start', {}, inMs(DAY_MS))]);
  await until(Date.now() + 2 * DAY_MS);
  const [refused] = await changes('&action=schedule.refuse');
  assert.deepEqual([refused.schedule, refused.flagPath, refused.changedBy, refused.onBehalfOf], [ids[0], 'checkout', 'system', 'tester']);
  assert.equal(refused.newJson.code, 'ILLEGAL_STEP');
  await ask('POST', `changes/${refused.id}/revert`, { reason: 'no' }, { status: 422 });
});

test('a step that waits for its tier is tried again until its limit', async () => {
  await ask('POST', 'rollout/create', { featureName: 'checkout', reason: 'x' });
  await ask('POST', 'rollout/start', { featureName: 'checkout', reason: 'x' });
  const at = Date.now() + 1_000;
  await add([{ ...rollout('advance', {}, new Date(at).toISOString()), until: new Date(at + 600_000).toISOString() }]);
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
  const tomorrow = inMs(DAY_MS);
  const at = (path, body) => [post(path, body, tomorrow)];
  const override = at('overrides', { customerId: 'c', flags: { checkout: true }, reason: 'r' });
  for (const [status, steps, pointer, given] of [
    [403, override, '/steps/0/path', headers],
    [400, [], '/steps'],
    [400, Array(21).fill(kill('checkout', tomorrow)), '/steps'],
    [400, [kill('checkout', inMs(-1))], '/steps/0/at'],
    [400, [kill('checkout', inMs(367 * DAY_MS))], '/steps/0/at'],
    [400, [kill('checkout', 'tomorrow')], '/steps/0/at'],
    [400, [{ ...kill('checkout', tomorrow), until: inMs(1_000) }], '/steps/0/until'],
    [400, [kill('checkout', tomorrow), { ...kill('checkout', tomorrow), path: '/api/admin/nothing' }], '/steps/1/path'],
    [400, [{ ...kill('checkout', tomorrow), method: 'TRACE' }], '/steps/0/method'],
    // These make a secret, are decided elsewhere, or change nothing.
    [400, at('tokens', { name: 'robot', role: 'operator' }), '/steps/0/path'],
    [400, at('environments', { name: 'staging' }), '/steps/0/path'],
    [400, at('epoch', {}), '/steps/0/path'],
    [400, at('schedules', { steps: [] }), '/steps/0/path'],
    [400, [{ at: tomorrow, method: 'PUT', path: '/api/admin/document', body: DOCUMENT }], '/steps/0/path'],
    [400, [{ at: tomorrow, method: 'GET', path: '/api/admin/keys' }], '/steps/0/path'],
    [400, [{ at: tomorrow, method: 'GET', path: '/health' }], '/steps/0/path'],
    [400, at('changes/c/revert?dryRun=true', {}), '/steps/0/path'],
    [400, at('rollout/start?environment=staging', {}), '/steps/0/path'],
    // The route itself refuses these bodies.
    [400, at('rollout/percentage', { featureName: 'checkout', percentage: 101 }), '/steps/0/body/percentage'],
    [400, at('rollout/start', { featureName: 'checkout', other: 1 }), '/steps/0/body/other'],
    [400, at('rollout/start', { featureName: 'checkout', reason: 'x'.repeat(16_000) }), '/steps/0/body/reason'],
    [400, at('rollout/lists', { featureName: 'checkout', add: { whitelistedCustomers: Array(2_000).fill('c-123456') } }), '/steps/0/body'],
    [404, [kill('missing', tomorrow)], '/steps/0/body/featureName'],
    [404, at('changes/c/revert', {}), '/steps/0/body'],
    [428, [{ at: tomorrow, method: 'DELETE', path: '/api/admin/flags/other' }], '/steps/0/body'],
  ]) {
    const refused = await add(steps, { status, headers: given ?? {} });
    assert.equal(refused.pointer, pointer, JSON.stringify([steps, refused]));
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

test('a restore ends what was due before it, with a record, and carries none of it out', async () => {
  const { ids } = await add([kill('checkout', inMs(2_000)), kill('other', inMs(DAY_MS))]);
  const backup = (await server.asAdmin('/api/admin/backup', { method: 'GET' })).text;
  // By then the moment is over.
  await until(Date.now(), async () => (await pending()).length === 1);
  await server.stop();
  await folder.remove();
  folder = await dataFolder();
  server = await startWithSql(folder.path, SETTINGS);
  const restored = await server.asAdmin('/api/admin/restore?reason=moved', { body: backup });
  assert.equal(restored.status, 200, restored.text);
  assert.deepEqual(
    (await pending()).map(({ flag }) => flag),
    ['other'],
  );
  const [refused] = await changes('&action=schedule.refuse');
  assert.deepEqual([refused.schedule, refused.newJson.code], [ids[0], 'RESTORED']);
  assert.deepEqual(await changes('&action=flag.kill'), []);
});

test('what stands against a step when it is due is a record: a lock, a removed flag, another definition', async () => {
  const operator = token({ sub: 'op', exp: Math.floor(Date.now() / 1000) + 86_400, app_metadata: { role: 'operator' } });
  const tagOf = async flag => (await server.asAdmin(`/api/admin/flags/${flag}`, { method: 'GET' })).headers.get('etag');
  const patch = [{ op: 'add', path: '/description', value: 'later' }];
  const described = { at: inMs(DAY_MS), method: 'PATCH', path: '/api/admin/flags/other?reason=as+planned', body: patch };
  const first = await tagOf('other');
  await add([kill('checkout', inMs(DAY_MS))], { headers: { authorization: `Bearer ${operator}` } });
  await add([{ ...described, ifMatch: first }, { ...described, at: inMs(2 * DAY_MS), ifMatch: first }, kill('other', inMs(4 * DAY_MS))]);
  const locked = [{ op: 'add', path: '/locked', value: true }];
  await ask('PATCH', 'flags/checkout?reason=x', locked, { headers: { 'if-match': await tagOf('checkout') } });
  await until(Date.now() + 3 * DAY_MS, async () => (await pending()).length === 1);
  await ask('DELETE', 'flags/other?reason=x&remove=flags%2Fother', undefined, { headers: { 'if-match': await tagOf('other') } });
  await until(Date.now() + 5 * DAY_MS);
  const refused = (await changes('&action=schedule.refuse')).map(({ flagPath, newJson }) => [flagPath, newJson.code]);
  assert.deepEqual(refused.reverse(), [
    ['checkout', 'LOCKED'],
    // The first patch changed what the second one names.
    ['other', 'VERSION_MISMATCH'],
    ['other', 'FLAG_NOT_FOUND'],
  ]);
  const changed = (await changes('&flag=other&action=definition.set')).filter(({ schedule }) => schedule);
  assert.deepEqual(
    changed.map(({ newJson }) => newJson.description),
    ['later'],
  );
});

test('a schedule that another release wrote is refused once, stays listed, and can be cancelled', async () => {
  const { ids } = await add([kill('checkout', inMs(DAY_MS))]);
  const rows = await server.sql([`UPDATE history SET text = replace(text, '"form":1', '"form":2') WHERE kind = 'schedule'`]);
  assert.deepEqual(rows, []);
  await server.stop();
  server = await startWithSql(folder.path, SETTINGS);
  const [before] = await pending();
  assert.match(before.unreadable, /"form":2.*"path":"\/api\/admin\/feature-flags"/);
  await until(Date.now() + 2 * DAY_MS, async () => (await pending()).every(({ nextAttemptAt }) => nextAttemptAt === undefined));
  assert.deepEqual(await pending(), [{ id: ids[0], unreadable: before.unreadable }]);
  assert.deepEqual(
    (await changes('&action=schedule.refuse')).map(({ schedule, newJson }) => [schedule, newJson.code]),
    [[ids[0], 'UNREADABLE']],
  );
  await ask('DELETE', `schedules/${ids[0]}?reason=gone`);
  assert.deepEqual(await pending(), []);
});

test('what was scheduled by the break-glass token is refused once the token is no longer set', async () => {
  const TOKEN = `tf_break_glass_${'0123456789abcdef'.repeat(4)}`;
  const restart = async more => {
    await server.stop();
    server = await startWithSql(folder.path, { ...SETTINGS, ...more });
  };
  await restart({ BREAK_GLASS_TOKEN_HASH: createHash('sha256').update(TOKEN).digest('hex') });
  const headers = { authorization: `Bearer ${TOKEN}` };
  await add([kill('checkout', inMs(DAY_MS)), kill('other', inMs(3 * DAY_MS))], { headers });
  await until(Date.now() + 2 * DAY_MS, async () => (await pending()).length === 1);
  assert.deepEqual(
    (await changes('&action=flag.kill')).map(({ flagPath, changedBy }) => [flagPath, changedBy]),
    [['checkout', 'break-glass']],
  );
  await restart();
  await until(Date.now() + 4 * DAY_MS);
  const [refused] = await changes('&action=schedule.refuse');
  assert.deepEqual([refused.flagPath, refused.newJson.code, refused.onBehalfOf], ['other', 'FORBIDDEN', 'break-glass']);
});

test('an environment that was closed refuses its steps when they are due, and others go on', async () => {
  await ask('POST', 'environments', { name: 'staging', reason: 'x' });
  await ask('PUT', 'document?environment=staging&reason=first', { ...DOCUMENT, environment: 'staging' });
  const soon = inMs(3_000);
  await ask('POST', 'schedules?environment=staging', { steps: [kill('checkout', soon)], reason: 'as planned' });
  await add([kill('checkout', soon)]);
  await ask('DELETE', 'environments/staging?reason=closed');
  // A closed environment answers no caller, so its hub says when it has no schedule left.
  await server.heard(/after an alarm: (?=[^\n]*"hub":"environment\/staging")(?![^\n]*"kind":"schedule")(.*)\n/);
  await until(Date.now());
  await ask('POST', 'environments', { name: 'staging', reason: 'again' });
  const [refused] = (await ask('GET', 'changes?environment=staging&action=schedule.refuse')).changes;
  assert.deepEqual([refused.flagPath, refused.newJson.code], ['checkout', 'ENVIRONMENT_NOT_FOUND']);
  assert.deepEqual((await ask('GET', 'changes?environment=staging&action=flag.kill')).changes, []);
  assert.equal((await changes('&action=flag.kill')).length, 1);
});

/** SIGKILL at a seam, when everything written until then is on the disk. */
test("SIGKILL between a schedule's attempt, its commit and the answers neither loses nor repeats it", async t => {
  const rounds = extent({ usual: 6, all: 1_000 });
  const seams = ['attempt', 'commit', 'answer'];
  await ask('POST', 'rollout/create', { featureName: 'checkout', reason: 'x', percentage: 100 });
  await ask('POST', 'rollout/start', { featureName: 'checkout', reason: 'x' });
  const left = { attempt: 0, commit: 0, answer: 0 };
  let moment = Date.now();
  for (let round = 0; round < rounds; round++) {
    const seam = seams[round % seams.length];
    const percentage = 1 + (round % 90);
    moment += 3_600_000;
    const steps = [rollout('percentage', { percentage }, new Date(moment).toISOString())];
    const request = { at: moment - 1_800_000, headers: { 'idempotency-key': `round ${round}` } };
    await server.request('/test/seam', { body: seam });
    // At the last seam the client never hears the answer, and asks again.
    const asked = add(steps, request).catch(() => undefined);
    if (seam !== 'answer') {
      await asked;
      await ask('GET', 'versions', undefined, { at: moment });
    }
    await server.heard(new RegExp(`(stopped at the seam ${seam})\\n`));
    await server.stop();
    server = await startWithSql(folder.path, SETTINGS);
    const { ids } = await add(steps, request);
    left[seam] += (await pending()).length;
    await until(moment + 60_000);
    const records = (await changes('&flag=checkout')).filter(({ schedule }) => schedule === ids[0]);
    const expected = ['rollout.percentage', 'schedule.add'];
    assert.deepEqual(
      records.map(({ action }) => action),
      expected,
      `round ${round}, ${seam}`,
    );
    const { features } = await ask('GET', 'feature-flags?featureName=checkout');
    assert.equal(features[0].rollout.percentage, percentage);
  }
  assert.equal((await ask('GET', 'changes/verify?wait=20')).valid, true);
  // A round of each kind was killed where it says.
  const each = rounds / seams.length;
  assert.deepEqual([left.commit, left.answer], [0, Math.floor(each)]);
  t.diagnostic(JSON.stringify(left));
});
