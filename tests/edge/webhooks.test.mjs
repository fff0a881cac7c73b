// Webhooks: real targets are told of each change, signed, in order and at least once, and none of them holds up a command.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { isGenuine, receiver } from './receiver.mjs';
import { hostWorker, token } from './workerd.mjs';

const DAY_MS = 86_400_000;
const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'production',
  flags: Object.fromEntries(['plain', 'other'].map(key => [key, { default: 'on' }])),
});
const SETTINGS = { WEBHOOKS_PRIVATE: 'on', TEST_CLOCK: 'on' };

const ends = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

async function started(folder, settings = SETTINGS) {
  const server = await hostWorker({ data: folder.path, document: DOCUMENT, settings });
  ends.push(server.stop);
  return server;
}

async function hosted(settings) {
  const folder = await dataFolder();
  ends.push(folder.remove);
  return started(folder, settings);
}

async function target(answer) {
  const made = await receiver(answer);
  ends.push(made.stop);
  return made;
}

let server;
before(async () => {
  server = await hosted();
});

const get = async (path, on = server) => (await on.asAdmin(`/api/admin/${path}`, { method: 'GET' })).json();
const create = (body, on = server, options = {}) =>
  on.asAdmin('/api/admin/webhooks', { body: { label: 'a target', private: true, reason: 'a test', ...body }, ...options });

/** Makes a webhook; it is removed at the end of the test. */
async function making(t, body, on = server) {
  const answer = await create(body, on);
  assert.equal(answer.status, 200, answer.text);
  const made = answer.json();
  t.after(() => on.asAdmin(`/api/admin/webhooks/${made.id}`, { method: 'DELETE' }).catch(() => {}));
  return made;
}

/** Kills a flag or revives it; fails if that is not done. */
async function switched(action, featureName = 'plain', on = server, headers = {}) {
  const answer = await on.asAdmin('/api/admin/feature-flags', { body: { featureName, action, reason: `to ${action} it` }, headers });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

/** Has the hub's time go on to a moment, in milliseconds from now. */
const elapse = (milliseconds, on = server) =>
  on.asAdmin('/api/admin/versions?limit=1', { method: 'GET', headers: { 'twinflag-now': String(Date.now() + milliseconds) } });

/** Waits until the deliveries of a webhook are as wanted. */
async function deliveries(id, condition, on = server) {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 20))) {
    const found = await get(`webhooks/${id}/deliveries`, on);
    if (condition(found)) return found;
  }
  throw new Error(JSON.stringify(await get(`webhooks/${id}/deliveries`, on)));
}

test('a target is told of a change by one signed message', async t => {
  const receiving = await target();
  const { id, secret, changes } = await making(t, { url: `${receiving.url}?of=shop` });
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(JSON.stringify(changes).includes(secret), false);
  const { changes: killed } = await switched('kill');
  await receiving.until(messages => messages.length > 0);
  const [message] = receiving.messages;
  assert.deepEqual([message.method, message.url, message.headers['content-type']], ['POST', '/hook?of=shop', 'application/json']);
  assert.match(message.headers['user-agent'], /^twinflag\/\d/);
  assert.ok(isGenuine(secret, message));
  for (const forged of [
    { ...message, body: message.body.replace('flag.kill', 'flag.revive') },
    { ...message, headers: { ...message.headers, 'webhook-id': 'another' } },
    { ...message, headers: { ...message.headers, 'webhook-timestamp': String(Number(message.headers['webhook-timestamp']) - 1) } },
  ])
    assert.equal(isGenuine(secret, forged), false);
  // A recorded message is refused five minutes later.
  assert.equal(isGenuine(secret, message, Date.now() + 310_000), false);
  const { changedAt, ...rest } = killed[0];
  assert.deepEqual(message.json, {
    type: 'flag.kill',
    kind: 'change',
    environment: 'production',
    timestamp: changedAt,
    data: { changedAt, ...rest },
  });
  assert.equal(message.headers['webhook-id'], killed[0].id);
  const { deliveries: told, nextAttemptAt } = await deliveries(id, ({ deliveries }) => deliveries.length === 1);
  assert.deepEqual(
    told.map(({ action, delivered, id, sequence, status }) => ({ action, delivered, id, sequence, status })),
    [{ action: 'flag.kill', delivered: true, id: killed[0].id, sequence: killed[0].sequence, status: 204 }],
  );
  assert.equal(typeof nextAttemptAt, 'undefined');
  await switched('revive');
});

test('the secret is shown once, and lists and records show neither it nor the path', async t => {
  const receiving = await target();
  const url = `${receiving.url}/services/T000/B000/sesame`;
  const key = { headers: { 'idempotency-key': 'made once' } };
  const first = (await create({ url }, server, key)).json();
  t.after(() => server.asAdmin(`/api/admin/webhooks/${first.id}`, { method: 'DELETE' }));
  const again = await create({ url }, server, key);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.deepEqual([again.json().id, again.json().secret, again.json().replayed], [first.id, null, true]);
  const { webhooks } = await get('webhooks');
  const [shown] = webhooks.filter(({ id }) => id === first.id);
  assert.deepEqual(shown, {
    createdAt: shown.createdAt,
    enabled: true,
    format: 'generic',
    id: first.id,
    kinds: ['change', 'rollback', 'held', 'key', 'schedule', 'break-glass'],
    label: 'a target',
    private: true,
    url: `${new URL(receiving.url).origin}/…same`,
  });
  for (const path of ['webhooks', 'changes?action=webhook.create', 'document']) {
    const { text } = await server.asAdmin(`/api/admin/${path}`, { method: 'GET' });
    for (const hidden of [first.secret, first.secret.slice(6), 'sesame', 'B000'])
      assert.equal(text.includes(hidden), false, `${path} ${hidden}`);
  }
});

test('a target is told of its kinds alone, in the order of the trail', async t => {
  const [all, keys] = [await target(), await target()];
  await making(t, { url: all.url });
  await making(t, { url: keys.url, kinds: ['key'] });
  for (let time = 0; time < 10; time++) {
    await switched('kill', 'other');
    await switched('revive', 'other');
  }
  const { id } = (await server.asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'k', reason: 'r' } })).json();
  await server.asAdmin(`/api/admin/keys/${id}`, { method: 'DELETE' });
  await all.until(messages => messages.at(-1)?.json.type === 'key.revoke');
  await keys.until(messages => messages.length === 2);
  assert.deepEqual(
    keys.messages.map(({ json: { kind, type } }) => [kind, type]),
    [
      ['key', 'key.create'],
      ['key', 'key.revoke'],
    ],
  );
  const sequences = all.messages.map(({ json }) => json.data.sequence);
  assert.deepEqual(
    sequences,
    sequences.map((_, index) => sequences[0] + index),
  );
});

test('Slack gets one line of text', async t => {
  const slack = await target(() => ({ body: 'ok' }));
  await making(t, { url: slack.url, format: 'slack', kinds: ['change'] });
  await switched('kill');
  await slack.until(messages => messages.length === 1);
  await switched('revive');
  assert.deepEqual(slack.messages[0].json, { text: '*flag.kill* of `plain` in production by tester: to kill it' });
});

test('a slow target, a dead one and one that refuses hold up no command and no other target', async t => {
  const [slow, refusing, good, dead] = [await target(() => null), await target(() => 500), await target(), await target()];
  await dead.stop();
  const made = [];
  for (const { url } of [slow, dead, refusing, good]) made.push(await making(t, { url }));
  const before = good.messages.length;
  for (let time = 0; time < 20; time++) {
    await switched('kill', 'other');
    await switched('revive', 'other');
  }
  // The slow target has not taken its first message, however often it was sent.
  await good.until(messages => messages.length === before + 40);
  assert.equal(new Set(slow.messages.map(({ headers }) => headers['webhook-id'])).size, 1);
  const [late, gone, refused] = await Promise.all(
    made.slice(0, 3).map(({ id }) => deliveries(id, ({ deliveries }) => deliveries.length > 0)),
  );
  assert.equal(late.deliveries.at(-1).error, 'it took longer than 10 s to answer');
  assert.equal(gone.deliveries.at(-1).error, 'it cannot be reached; a private target must be in a private network');
  assert.equal(refused.deliveries.at(-1).error, 'it answered 500');
  assert.ok(late.failingSince !== undefined && late.nextAttemptAt !== undefined);
});

test('a message that was refused is sent again with its id, before the next one', async t => {
  const receiving = await target((_, count) => (count === 1 ? { status: 503, body: 'come back' } : 204));
  const { id, secret } = await making(t, { url: receiving.url });
  await switched('kill');
  await switched('revive');
  await receiving.until(messages => messages.length === 3);
  assert.ok(receiving.messages.every(message => isGenuine(secret, message)));
  const [first, second, third] = receiving.messages;
  assert.deepEqual(
    [first, second, third].map(({ json }) => json.type),
    ['flag.kill', 'flag.kill', 'flag.revive'],
  );
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
  const { deliveries: told, failingSince } = await deliveries(id, ({ deliveries }) => deliveries.length === 3);
  assert.deepEqual([told[2].error, told[1].delivered, failingSince], ['it answered 503: come back', true, undefined]);
});

test('a redirect is not followed', async t => {
  const elsewhere = await target();
  const receiving = await target(() => ({ status: 307, headers: { location: elsewhere.url } }));
  const { id } = await making(t, { url: receiving.url });
  const tried = (await server.asAdmin(`/api/admin/webhooks/${id}/test`)).json();
  assert.deepEqual([tried.delivered, tried.status, tried.error], [false, 307, 'it answered 307: a redirect, which is not followed']);
  assert.deepEqual([receiving.messages.length, elsewhere.messages.length], [1, 0]);
});

test('a test tells the target of no change, and the operator how it went', async t => {
  const receiving = await target();
  const { id, secret } = await making(t, { url: receiving.url, enabled: false });
  const tried = (await server.asAdmin(`/api/admin/webhooks/${id}/test`)).json();
  assert.deepEqual([tried.delivered, tried.status, tried.error], [true, 204, undefined]);
  const [message] = receiving.messages;
  assert.ok(isGenuine(secret, message));
  assert.deepEqual([message.json.type, message.json.kind, message.json.data], ['webhook.test', 'test', {}]);
  assert.deepEqual((await get(`webhooks/${id}/deliveries`)).deliveries, []);
});

test('a target that is gone is given up at once, and one that takes nothing after a day, each with a record', async t => {
  const own = await hosted();
  const receiving = await target(({ json }) => (json.type === 'webhook.test' ? 204 : 410));
  const { id } = await making(t, { url: receiving.url, label: 'moved' }, own);
  const [dead, told] = [await target(), await target()];
  await dead.stop();
  const { id: lost } = await making(t, { url: dead.url, label: 'lost' }, own);
  await making(t, { url: told.url, label: 'told' }, own);
  await switched('kill', 'plain', own);
  await told.until(messages => messages.some(({ json }) => json.type === 'webhook.disable'));
  const disabled = async () => (await get('changes?action=webhook.disable', own)).changes;
  const [record] = await disabled();
  assert.deepEqual([record.changedBy, record.newJson.id, record.newJson.enabled], ['system', id, false]);
  assert.match(record.reason, /^no delivery has succeeded since \S+: it answered 410$/);
  // Each attempt doubles the wait; the clock goes on to each of the next ones, and over a day.
  for (let hours = 1; hours <= 30 && (await disabled()).length === 1; hours++) {
    const attempts = (await get(`webhooks/${lost}/deliveries`, own)).deliveries.length;
    await elapse(hours * 3_600_000, own);
    await deliveries(lost, found => found.deliveries.length > attempts || found.nextAttemptAt === undefined, own);
  }
  const [second] = await disabled();
  assert.equal(second.newJson.id, lost);
  const [since] = /\d{4}-\S+(?=:)/.exec(second.reason);
  const failedFor = Date.parse(second.changedAt) - Date.parse(since);
  assert.ok(failedFor >= DAY_MS && failedFor < DAY_MS + 2 * 3_600_000, `after ${failedFor} ms`);
  const { webhooks } = await get('webhooks', own);
  assert.deepEqual(webhooks.map(({ label, enabled, disabledAt }) => [label, enabled, disabledAt !== undefined]).sort(), [
    ['lost', false, true],
    ['moved', false, true],
    ['told', true, false],
  ]);
  // An operator enables it again: it is told of what follows.
  const enabled = await own.asAdmin(`/api/admin/webhooks/${id}`, { method: 'PUT', body: { enabled: true, url: told.url } });
  assert.equal(enabled.status, 200, enabled.text);
  const before = told.messages.length;
  await switched('revive', 'plain', own);
  await told.until(messages => messages.slice(before).filter(({ json }) => json.type === 'flag.revive').length === 2);
});

test('SIGKILL during deliveries loses no message', async t => {
  const rounds = extent({ usual: 3, all: 20 });
  const folder = await dataFolder();
  ends.push(folder.remove);
  // A slow answer: messages are under way when the hub is killed.
  const receiving = await target(() => new Promise(resolve => setTimeout(resolve, 5, 204)));
  let own = await started(folder);
  const { secret } = (await create({ url: receiving.url }, own)).json();
  const sent = [];
  let repeated = 0;
  for (let round = 0; round < rounds; round++) {
    for (let time = 0; time < 15; time++)
      for (const action of ['kill', 'revive']) sent.push((await switched(action, 'plain', own)).changes[0].id);
    const seen = receiving.messages.length;
    await receiving.until(messages => messages.length > seen);
    await own.stop();
    own = await started(folder);
    // A message that was under way is due again when its attempt must have ended.
    await elapse(20_000 * (round + 1), own);
    await receiving.until(messages => messages.some(({ headers }) => headers['webhook-id'] === sent.at(-1)));
  }
  const ids = receiving.messages.map(({ headers }) => headers['webhook-id']);
  const distinct = [...new Set(ids)];
  repeated = ids.length - distinct.length;
  t.diagnostic(`${rounds} times SIGKILL, ${sent.length} changes, ${repeated} messages sent again`);
  assert.deepEqual(distinct, sent);
  assert.ok(receiving.messages.every(message => isGenuine(secret, message)));
});

test('a hub that its alarm wakes names its environment in messages', async () => {
  const folder = await dataFolder();
  ends.push(folder.remove);
  let isUp = false;
  const receiving = await target(() => (isUp ? 204 : 500));
  let own = await started(folder);
  const named = await own.asAdmin('/api/admin/environments', { body: { name: 'staging', reason: 'a test' } });
  assert.equal(named.status, 200, named.text);
  // No document says whose hub it is.
  const hook = { label: 'a', private: true, url: receiving.url };
  assert.equal((await own.asAdmin('/api/admin/webhooks?environment=staging', { body: hook })).status, 200);
  const key = { kind: 'server', label: 'l', reason: 'a test' };
  assert.equal((await own.asAdmin('/api/admin/keys?environment=staging', { body: key })).status, 200);
  await receiving.until(messages => messages.some(({ answered }) => answered));
  await own.stop();
  isUp = true;
  const before = receiving.messages.length;
  own = await started(folder);
  // No request reaches the hub of staging.
  await receiving.until(messages => messages.length > before);
  assert.deepEqual([...new Set(receiving.messages.map(({ json }) => json.environment))], ['staging']);
});

test('a webhook that is enabled again is told of what happens from then on', async t => {
  const receiving = await target();
  const { id } = await making(t, { url: receiving.url, kinds: ['rollback'] });
  const rollBack = async () => {
    for (const [verb, body] of [
      ['create', { percentage: 5, start: true }],
      ['rollback', {}],
    ]) {
      const answer = await server.asAdmin(`/api/admin/rollout/${verb}`, { body: { featureName: 'other', reason: 'a test', ...body } });
      assert.equal(answer.status, 200, answer.text);
    }
    return (await get('changes?action=rollout.rollback&limit=1')).changes[0].id;
  };
  const change = async enabled => {
    const answer = await server.asAdmin(`/api/admin/webhooks/${id}`, { method: 'PUT', body: { enabled } });
    assert.equal(answer.status, 200, answer.text);
  };
  const told = [await rollBack()];
  await receiving.until(messages => messages.length === 1);
  await change(false);
  await rollBack();
  await change(true);
  told.push(await rollBack());
  await receiving.until(messages => messages.some(({ headers }) => headers['webhook-id'] === told[1]));
  assert.deepEqual(
    receiving.messages.map(({ headers }) => headers['webhook-id']),
    told,
  );
});

test('a webhook that cannot be is refused at its place, and nothing is stored', async () => {
  const before = (await get('webhooks')).webhooks.length;
  for (const [body, status, code, pointer] of [
    [{}, 400, 'PARSE_ERROR', ''],
    [{ url: 'https://hooks.example/', kinds: [] }, 400, 'INVALID', '/kinds'],
    [{ url: 'https://hooks.example/', kinds: ['weather'] }, 400, 'PARSE_ERROR', '/kinds/0'],
    [{ url: 'https://hooks.example/', format: 'teams' }, 400, 'PARSE_ERROR', '/format'],
    [{ url: 'http://hooks.example/', private: false }, 400, 'INVALID', '/url'],
    [{ url: 'https://user:pass@hooks.example/' }, 400, 'INVALID', '/url'],
    [{ url: `https://hooks.example/${'x'.repeat(2_000)}` }, 400, 'INVALID', '/url'],
    [{ url: 'https://hooks.example/', label: '' }, 400, 'INVALID', '/label'],
    [{ url: 'https://hooks.example/', secret: 'whsec_own' }, 400, 'PARSE_ERROR', '/secret'],
  ]) {
    const answer = await create(body);
    const refusal = answer.json();
    assert.deepEqual([answer.status, refusal.code, refusal.pointer ?? ''], [status, code, pointer], answer.text);
    assert.equal(answer.type, 'application/problem+json');
  }
  for (const [method, path] of [
    ['PUT', 'nobody'],
    ['DELETE', 'nobody'],
    ['POST', 'nobody/test'],
    ['GET', 'nobody/deliveries'],
  ]) {
    const answer = await server.asAdmin(`/api/admin/webhooks/${path}`, { method, ...(method === 'PUT' && { body: {} }) });
    assert.deepEqual([answer.status, answer.json().code], [404, 'WEBHOOK_NOT_FOUND'], path);
  }
  assert.equal((await get('webhooks')).webhooks.length, before);
});

test('without WEBHOOKS_PRIVATE no target is private, and the public network does not reach this machine', async () => {
  const receiving = await target();
  const folder = await dataFolder();
  ends.push(folder.remove);
  const open = await started(folder, { TEST_CLOCK: 'on' });
  const refused = await create({ url: receiving.url }, open);
  assert.deepEqual([refused.status, refused.json().pointer], [400, '/private']);
  const { id } = (await create({ url: receiving.url.replace('http:', 'https:'), private: false }, open)).json();
  const tried = (await open.asAdmin(`/api/admin/webhooks/${id}/test`)).json();
  assert.deepEqual([tried.delivered, tried.error], [false, 'it cannot be reached; one in a private network must be made as private']);
  await open.stop();
  // A private target that was made while the setting was on is not asked any more.
  const on = await started(folder);
  const { id: inside } = (await create({ url: receiving.url }, on)).json();
  await on.stop();
  const off = await started(folder, { TEST_CLOCK: 'on' });
  const then = (await off.asAdmin(`/api/admin/webhooks/${inside}/test`)).json();
  assert.deepEqual([then.delivered, then.error], [false, 'the target is private, and WEBHOOKS_PRIVATE is off']);
  assert.equal(receiving.messages.length, 0);
});

test('viewers read webhooks and change none', async () => {
  const viewer = token({ sub: 'vera', exp: Math.floor(Date.now() / 1000) + 600, app_metadata: { role: 'viewer' } });
  assert.equal((await server.request('/api/admin/webhooks', { method: 'GET', token: viewer })).status, 200);
  const made = await server.request('/api/admin/webhooks', { token: viewer, body: { label: 'l', url: 'https://hooks.example/' } });
  assert.equal(made.status, 403);
});
