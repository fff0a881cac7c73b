// A hub whose store is Postgres: what it was told is there, whatever is killed; and what SQL changes is news like any other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { addressOf, featureOf, outcome, receiptOf, report, startRollout } from '../edge/reported.mjs';
import { runSql } from '../edge/store-sql.mjs';
import { hostWorker } from '../edge/workerd.mjs';
import { extent } from '../extent.mjs';
import { dataFolder, freePort, startServer } from '../server.mjs';
import { openSocket } from '../web-socket.mjs';
import { startMigrated } from './postgres.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    checkout: { default: 'on' },
    banner: { default: 'on' },
  },
};
/** The longest time in which a state that is waited for must come. */
const PATIENCE_MS = 30_000;

let postgres;
const folders = [];
const servers = [];
before(async () => {
  postgres = startMigrated({ port: await freePort() });
});
after(async () => {
  for (const server of servers) await server.stop();
  for (const folder of folders) await folder.remove();
  postgres?.stop();
});

/** A copy of the database with the migrations. */
function database(name) {
  postgres.query(`create database ${name} template postgres`);
  return { name, query: sql => postgres.query(sql, { database: name }), address: postgres.address(name) };
}

async function newFolder() {
  const folder = await dataFolder();
  folders.push(folder);
  return folder.path;
}

/** A worker on a database, in a folder. */
async function serve(store, data, options) {
  const server = await hostWorker({ data, settings: { STORE: store.address }, ...options });
  servers.push(server);
  return server;
}

/** Asks until an answer is as it should be. */
async function until(ask, isGood) {
  for (const end = Date.now() + PATIENCE_MS; ; await pause(20)) {
    const answer = await ask();
    if (isGood(answer)) return answer;
    if (Date.now() > end) assert.fail(`never as expected; the last answer: ${JSON.stringify(answer)}`);
  }
}

const isOn = async (server, flag = 'checkout', context = { targetingKey: 'u-1' }) =>
  (await server.evaluate({ flag, context, default: false }))[0].value;
const kill = (server, body) => server.asAdmin('/api/admin/feature-flags', { body: { action: 'kill', reason: 'broken', ...body } });
const trail = async server => (await server.asAdmin('/api/admin/changes?limit=100', { method: 'GET' })).json().changes;

test('a hub on Postgres answers, kills, keeps its trail, and has everything again without its own disk', async () => {
  const store = database('whole');
  const data = await newFolder();
  const server = await serve(store, data);
  const imported = await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
  assert.equal(imported.status, 200, imported.text);
  assert.equal(await isOn(server), true);
  const killed = await kill(server, { featureName: 'checkout' });
  assert.equal(killed.status, 200, killed.text);
  await until(
    () => isOn(server),
    value => value === false,
  );
  const told = await trail(server);
  assert.deepEqual(
    told.slice(0, 1).map(({ action, flagPath }) => [action, flagPath]),
    [['flag.kill', 'checkout']],
  );
  const version = (await server.request('/health', { method: 'GET' })).json().version;

  await server.stop();
  for (const again of [await serve(store, data), await serve(store, await newFolder())]) {
    await until(
      () => again.request('/health', { method: 'GET' }),
      answer => answer.status === 200,
    );
    assert.equal(await isOn(again), false);
    assert.deepEqual(await trail(again), told);
    const verified = (await again.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json();
    assert.equal(verified.valid, true, JSON.stringify(verified));
    assert.equal((await again.request('/health', { method: 'GET' })).json().version, version);
    await again.stop();
  }
});

test('a hub on Postgres whose own store lost the row about itself takes the journal anew', async () => {
  const store = database('lost');
  const data = await newFolder();
  const server = await serve(store, data);
  assert.equal((await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
  assert.equal((await kill(server, { featureName: 'checkout' })).status, 200);
  const health = async of => (await of.request('/health', { method: 'GET' })).json();
  const [before, told] = [await health(server), await trail(server)];
  await server.stop();
  assert.deepEqual(await runSql(data, ['DELETE FROM store']), []);
  const again = await serve(store, data);
  const { epoch, version } = await until(
    () => health(again),
    ({ epoch }) => epoch === before.epoch,
  );
  assert.deepEqual([epoch, version, await isOn(again), await trail(again)], [before.epoch, before.version, false, told]);
  await again.stop();
});

test('without the database answers go on, also of a worker that starts, and commands are refused until it is back', async () => {
  const store = database('away');
  const data = await newFolder();
  let server = await serve(store, data);
  assert.equal((await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
  postgres.crash();
  const refused = await kill(server, { featureName: 'checkout' });
  assert.deepEqual(
    [refused.status, refused.json().code, refused.headers.get('retry-after')],
    [503, 'STORE_UNAVAILABLE', '2'],
    refused.text,
  );
  assert.equal(await isOn(server), true);
  await server.stop();
  server = await serve(store, data);
  await until(
    () => server.request('/health', { method: 'GET' }),
    answer => answer.status === 200,
  );
  assert.equal(await isOn(server), true);
  assert.equal((await kill(server, { featureName: 'checkout' })).status, 503);
  postgres.start();
  await until(
    () => kill(server, { featureName: 'checkout' }),
    answer => answer.status === 200,
  );
  await until(
    () => isOn(server),
    value => value === false,
  );
  assert.deepEqual(
    (await trail(server)).map(({ action }) => action).filter(action => action.startsWith('flag.')),
    ['flag.kill'],
  );
  await server.stop();
});

test('an emergency UPDATE in SQL is pushed to every page, answers at once, and has its record', async () => {
  const store = database('emergency');
  const server = await serve(store, await newFolder());
  assert.equal((await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
  const start = { featureName: 'checkout', percentage: 100, start: true, reason: 'go' };
  const started = await server.asAdmin('/api/admin/rollout/create', { body: start });
  assert.equal(started.status, 200, started.text);
  assert.deepEqual(store.query(`select percentage, status from feature_rollouts where feature_name = 'checkout'`), ['100.000|active']);
  assert.deepEqual(store.query(`select is_feature_enabled('checkout', 'u-1')`), ['t']);
  const sockets = await Promise.all(
    Array.from({ length: 100 }, () => openSocket(`${server.url}/v1/watch`, { authorization: `Bearer ${server.serverKey}` })),
  );
  assert.deepEqual([...new Set(sockets.map(({ status }) => status))], [101]);
  const { version } = (await server.request('/health', { method: 'GET' })).json();
  const told = sockets.map(socket => socket.next(text => Number(JSON.parse(text).etag.split('.')[1]) > version));
  const from = performance.now();
  store.query(`set twinflag.reason = 'errors at checkout'; update feature_rollouts set current_tier = 'tier_0_disabled', percentage = 0,
    status = 'rolled_back' where feature_name = 'checkout'`);
  await Promise.all(told);
  console.log(`# the last of ${sockets.length} pages heard of the UPDATE after ${Math.round(performance.now() - from)} ms`);
  for (const socket of sockets) socket.end();
  await until(
    () => isOn(server),
    value => value === false,
  );
  const [{ action, changedBy, reason, flagPath }] = await trail(server);
  assert.deepEqual([action, changedBy, reason, flagPath], ['import.state', 'sql:postgres', 'errors at checkout', 'checkout']);
  assert.deepEqual(store.query(`select is_feature_enabled('checkout', 'u-1')`), ['f']);
  assert.deepEqual(store.query('select * from twinflag.edits'), []);

  // The kill switch, and overrides of both kinds of owners.
  const banner = (context = { targetingKey: 'u-1' }) => isOn(server, 'banner', context);
  const becomes = (expected, context) =>
    until(
      () => banner(context),
      value => value === expected,
    );
  store.query(`update feature_flags set enabled = false where name = 'banner'`);
  await becomes(false);
  store.query(`insert into organizations values ('o'); insert into customer_configs (id, organization_id) values ('c', 'o');
    update feature_flags set enabled = true where name = 'banner';
    insert into customer_feature_flags (customer_id, flags) values ('c', '{"banner": false}');
    insert into organization_feature_flags (organization_id, flags) values ('o', '{"banner": false}')`);
  await becomes(true);
  await becomes(false, { customerId: 'c' });
  await becomes(false, { organizationId: 'o' });
  store.query(`delete from customer_feature_flags where customer_id = 'c'`);
  await becomes(true, { customerId: 'c' });
  const verified = (await server.asAdmin('/api/admin/changes/verify?full=true', { method: 'GET' })).json();
  assert.equal(verified.valid, true, JSON.stringify(verified));
  await server.stop();
});

test('a rollback in SQL takes what system had set for the rollout, and leaves what SQL has set since', async () => {
  const store = database('belonging');
  const server = await serve(store, await newFolder());
  assert.equal((await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
  const post = async (path, body) => {
    const answer = await server.asAdmin(`/api/admin/${path}`, { body: { featureName: 'checkout', reason: 'go', ...body } });
    assert.equal(answer.status, 200, answer.text);
  };
  await post('rollout/create', { percentage: 1, start: true });
  for (const customerId of ['c-1', 'c-2']) await post('feature-flags', { customerId, enabled: true, changedBy: 'system' });
  await post('feature-flags', { customerId: 'c-3', enabled: true });
  const overrides = () =>
    store.query(`select customer_id, flags ->> 'checkout' from customer_feature_flags where flags ? 'checkout' order by 1`);
  assert.deepEqual(overrides(), ['c-1|true', 'c-2|true', 'c-3|true']);
  store.query(`update customer_feature_flags set flags = '{"checkout": false}' where customer_id = 'c-2'`);
  await until(
    () => isOn(server, 'checkout', { customerId: 'c-2' }),
    value => value === false,
  );
  store.query(`set twinflag.reason = 'errors at checkout'; update feature_rollouts set current_tier = 'tier_0_disabled', percentage = 0,
    status = 'rolled_back' where feature_name = 'checkout'`);
  await until(overrides, rows => rows.length === 2);
  assert.deepEqual(overrides(), ['c-2|false', 'c-3|true']);
  const told = (await trail(server)).filter(({ reason }) => reason === 'errors at checkout');
  assert.deepEqual(told.map(({ action, customerId, version }) => [action, customerId, version - told[0].version]).sort(), [
    ['import.state', undefined, 0],
    ['override.remove', 'c-1', 0],
  ]);
  const verified = (await server.asAdmin('/api/admin/changes/verify?full=true', { method: 'GET' })).json();
  assert.equal(verified.valid, true, JSON.stringify(verified));
  await server.stop();
});

test('what was due while the database was away happens once it is back: a schedule, and the record that a rollout is held', async () => {
  const store = database('outage');
  const server = await serve(store, await newFolder(), { settings: { STORE: store.address, CLIENT_ADDRESS_HEADER: 'x-client-address' } });
  const document = { ...DOCUMENT, flags: { ...DOCUMENT.flags, checkout: { unit: 'customerId' } } };
  assert.equal((await server.asAdmin('/api/admin/document', { method: 'PUT', body: document })).status, 200);
  await startRollout(server, { tier: 2 });
  const errors = [];
  for (let network = 0; network < 20; network++) {
    const address = addressOf(network);
    const session = async index => {
      const receipt = await receiptOf(server, { session: `s-${network}-${index}`, address });
      return outcome(`s-${network}-${index}`, 'error', { receipt, variant: 'on' });
    };
    errors.push({ address, outcomes: await Promise.all(Array.from({ length: 10 }, (_, index) => session(index))) });
  }
  const due = Date.now() + 2_000;
  const steps = [
    {
      at: new Date(due).toISOString(),
      method: 'POST',
      path: '/api/admin/feature-flags',
      body: { featureName: 'banner', action: 'kill', reason: 'as planned' },
    },
  ];
  const added = await server.asAdmin('/api/admin/schedules', { body: { steps, reason: 'as planned' } });
  assert.equal(added.status, 200, added.text);
  postgres.crash();
  for (const { address, outcomes } of errors) await report(server, outcomes, { address });
  await server.heard(/the tally's sums did not reach the hub/);
  // The hub looks at the journal each second, and finds the schedule due each time.
  const failedLooks = () => server.said().split('the journal could not be read').length - 1;
  await until(
    () => Date.now(),
    now => now > due,
  );
  const before = failedLooks();
  await until(failedLooks, count => count >= before + 4);
  const actions = async () => (await trail(server)).map(({ action }) => action).filter(action => /^(flag.kill|rollout.held)$/.test(action));
  assert.deepEqual(await actions(), []);
  const [job] = (await server.asAdmin('/api/admin/jobs', { method: 'GET' })).json().jobs.filter(({ kind }) => kind === 'schedule');
  assert.equal(job.failures, 0, JSON.stringify(job));
  postgres.start();
  await until(actions, found => found.length === 2);
  assert.deepEqual((await actions()).sort(), ['flag.kill', 'rollout.held']);
  const { status, rollout } = await featureOf(server);
  assert.deepEqual([status, rollout.currentTier, typeof rollout.heldAt], ['active', 'tier_2_early_adopters', 'string']);
  await server.stop();
});

test('two replicas on one database lose no command, whichever is killed, and each has the news of the other', async () => {
  const store = database('replicas');
  const folder = [await newFolder(), await newFolder()];
  const replicas = [await serve(store, folder[0]), await serve(store, folder[1])];
  const flags = Object.fromEntries(Array.from({ length: 40 }, (_, number) => [`f${number}`, { default: 'on' }]));
  const put = await replicas[0].asAdmin('/api/admin/document', {
    method: 'PUT',
    body: { ...DOCUMENT, flags: { ...DOCUMENT.flags, ...flags } },
  });
  assert.equal(put.status, 200, put.text);
  await until(
    () => isOn(replicas[1], 'f0').catch(() => undefined),
    value => value === true,
  );
  // Both write at once, and what one did not answer is sent to the other with the same key.
  const names = Object.keys(flags);
  const killed = names.map(async (featureName, number) => {
    const headers = { 'idempotency-key': `kill-${featureName}` };
    const body = { action: 'kill', featureName, reason: 'broken' };
    for (let tries = 0; tries < 200; tries++) {
      const to = replicas[(number + tries) % 2];
      const answer = await to.asAdmin('/api/admin/feature-flags', { headers, body }).catch(() => undefined);
      if (answer?.status === 200) return;
      await pause(100);
    }
    assert.fail(`${featureName} was never killed`);
  });
  await replicas[0].stop();
  replicas[0] = await serve(store, folder[0]);
  await replicas[1].stop();
  replicas[1] = await serve(store, folder[1]);
  await Promise.all(killed);
  for (const replica of replicas) {
    for (const name of names)
      await until(
        () => isOn(replica, name),
        value => value === false,
      );
    const told = (await trail(replica)).filter(({ action }) => action === 'flag.kill').map(({ flagPath }) => flagPath);
    assert.deepEqual(told.sort(), names.toSorted?.() ?? [...names].sort());
  }
  assert.deepEqual(await trail(replicas[0]), await trail(replicas[1]));
  const from = performance.now();
  assert.equal((await kill(replicas[0], { featureName: 'checkout' })).status, 200);
  await until(
    () => isOn(replicas[1]),
    value => value === false,
  );
  console.log(`# the other replica answered by a command after ${Math.round(performance.now() - from)} ms`);
  for (const replica of replicas) await replica.stop();
});

test('no command that was answered is lost by SIGKILLs of the worker and restarts of the database', async () => {
  const [workers, databases] = extent({ usual: [6, 3], all: [200, 50] });
  const store = database('kills');
  const data = await newFolder();
  let server = await serve(store, data);
  assert.equal((await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
  const answered = [];
  let isOver = false;
  const writing = (async () => {
    for (let number = 0; !isOver; number++) {
      const percentage = 1 + (number % 99);
      const body = { customerId: `c-${number}`, featureName: 'checkout', enabled: number % 2 === 0, reason: `write ${percentage}` };
      const answer = await server.asAdmin('/api/admin/feature-flags', { body }).catch(() => undefined);
      if (answer?.status === 200) answered.push([body.customerId, body.enabled]);
      else await pause(20);
    }
  })();
  const writes = async count => {
    const upto = answered.length + count;
    await until(
      () => answered.length,
      length => length >= upto,
    );
  };
  for (let round = 0; round < Math.max(workers, databases); round++) {
    await writes(3);
    if (round < workers) {
      await server.stop();
      server = await serve(store, data);
    }
    if (round < databases) {
      postgres.crash();
      postgres.start();
    }
  }
  await writes(3);
  isOver = true;
  await writing;
  await server.stop();
  // From the database alone.
  server = await serve(store, await newFolder());
  await until(
    () => server.request('/health', { method: 'GET' }),
    answer => answer.status === 200,
  );
  const answers = [];
  for (const [customerId] of answered) answers.push([customerId, await isOn(server, 'checkout', { customerId })]);
  assert.deepEqual(answers, answered);
  const rows = store.query(`select customer_id, flags -> 'checkout' from customer_feature_flags`);
  const inTables = new Map(rows.map(row => row.split('|')));
  assert.deepEqual(
    answered.filter(([id, value]) => inTables.get(id) !== String(value)),
    [],
  );
  const verified = (await server.asAdmin('/api/admin/changes/verify?full=true', { method: 'GET' })).json();
  assert.equal(verified.valid, true, JSON.stringify(verified));
  console.log(`# ${answered.length} commands were answered across ${workers} SIGKILLs and ${databases} crashes of the database: 0 lost`);
  await server.stop();
});

test('the development server keeps everything in the database that --store names', async () => {
  const store = database('development');
  const flags = ['--store', store.address];
  const first = await startServer({ data: await newFolder(), document: DOCUMENT, more: flags });
  servers.push(first);
  assert.equal((await kill(first, { featureName: 'checkout' })).status, 200);
  await first.stop();
  const second = await startServer({ data: await newFolder(), document: DOCUMENT, more: flags });
  servers.push(second);
  assert.equal(await isOn(second), false);
  assert.deepEqual(
    (await trail(second)).map(({ action }) => action).filter(action => action.startsWith('flag.')),
    ['flag.kill'],
  );
  await second.stop();
});
