// The guard: what clients and servers report rolls a bad rollout back, and nothing that is made up does.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { addressOf, counted, featureOf, outcome, receiptOf, report, startRollout, until } from './reported.mjs';
import { hostWorker, startOn } from './workerd.mjs';

const document = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { unit: 'customerId' }, other: { unit: 'customerId' } },
});
const SETTINGS = { CLIENT_ADDRESS_HEADER: 'x-client-address', TEST_CLOCK: 'on' };
const WITH_TALLY = new URL('workers/tally.capnp', import.meta.url);

let folder, server;
beforeEach(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document, settings: SETTINGS });
});
afterEach(async () => {
  await server?.stop();
  await folder.remove();
});

const changes = async action => (await server.asAdmin(`/api/admin/changes?action=${action}`, { method: 'GET' })).json().changes;

/** Reports errors of sessions with receipts: so many of each network. */
async function failing({ networks, sessions, customers = ['c-1', 'c-2'], event = 'error' }) {
  for (let network = 0; network < networks; network++) {
    const address = addressOf(network);
    const one = async index => {
      const session = `s-${network}-${index}`;
      const receipt = await receiptOf(server, { session, customer: customers[index % customers.length], address });
      return outcome(session, event, { receipt, variant: 'on' });
    };
    await report(server, await Promise.all(Array.from({ length: sessions }, (_, index) => one(index))), { address });
  }
}

test('forty failing sessions of two customers roll tier 1 back', async t => {
  await startRollout(server);
  await failing({ networks: 8, sessions: 5 });
  const { rollout } = await until(featureOf.bind(null, server), feature => feature.status === 'rolled_back');
  assert.deepEqual([rollout.currentTier, rollout.percentage, rollout.guarded], ['tier_0_disabled', 0, false]);
  const [change, ...others] = await changes('rollout.rollback');
  assert.deepEqual([others.length, change.changedBy, change.role, change.flagPath], [0, 'system', 'system', 'checkout']);
  const { rule, counts, limitMillionths, rateMillionths, doubt } = change.evidence;
  assert.deepEqual([rule, limitMillionths, rateMillionths, doubt], ['sequential', 50_000, 1_000_000, null]);
  assert.ok(counts.outcomes >= 20 && counts.outcomes <= 40 && counts.errors === counts.outcomes, JSON.stringify(counts));
  t.diagnostic(`rolled back after ${counts.outcomes} outcomes, all of them errors`);
  assert.match(change.reason, /^the guard: \d+ of \d+ outcomes had an error, the limit is 5 % \(rule sequential\)$/);
  const [flag] = await until(
    () => server.evaluate({ flag: 'checkout', context: { customerId: 'c-1' } }),
    ([{ layer }]) => layer === 'kill',
  );
  assert.equal(flag.value, false);
  assert.equal((await server.asAdmin('/api/admin/changes/verify?wait=20', { method: 'GET' })).json().valid, true);
});

test('forty failing sessions of one network roll tier 1 back, and the record says that they come from few sources', async () => {
  await startRollout(server);
  await failing({ networks: 1, sessions: 40 });
  await until(featureOf.bind(null, server), feature => feature.status === 'rolled_back');
  const [{ evidence, reason }, ...others] = await changes('rollout.rollback');
  assert.deepEqual([others.length, evidence.doubt, evidence.topBlock, evidence.topBlockPermille], [0, 'fewSources', '10.0.0.0/24', 1_000]);
  assert.ok(evidence.counts.outcomes >= 20 && evidence.counts.errors === evidence.counts.outcomes, JSON.stringify(evidence));
  assert.match(reason, /; many errors come from few sources$/);
  assert.match(server.said(), /{"event":"guard","level":"error","decision":"rollback","flag":"checkout"/);
});

const FORGED = extent({ usual: 1_000, all: 1_000_000 });
test(`${FORGED} forged errors without receipts change nothing`, { timeout: 600_000 }, async () => {
  await startRollout(server);
  const receipt = await receiptOf(server, { session: 'honest' });
  for (let sent = 0; sent < FORGED; sent += 500) {
    // A receipt of another unit is none.
    const forged = Array.from({ length: 500 }, (_, index) => outcome(`f-${sent + index}`, 'error', index % 2 ? { receipt } : {}));
    const { counted, kept } = await report(server, forged);
    assert.deepEqual([counted, kept], [0, 500]);
  }
  // The tally counts in the order of arrival.
  await report(server, [outcome('honest', 'enabled', { receipt })]);
  const { status, statistics } = await counted(server, 1);
  assert.deepEqual([status, statistics.exposures, statistics.errors, statistics.evidence], ['active', 1, 0, 0]);
});

const SESSIONS = extent({ usual: 10, all: 100 });
test(`200 sources with ${SESSIONS} sessions each hold tier 2, with one record`, { timeout: 600_000 }, async () => {
  await startRollout(server, { tier: 2 });
  await failing({ networks: 200, sessions: SESSIONS });
  const { status, rollout } = await until(featureOf.bind(null, server), feature => feature.rollout.heldAt !== null);
  assert.deepEqual([status, rollout.currentTier, rollout.guarded], ['active', 'tier_2_early_adopters', true]);
  const [held, ...others] = await changes('rollout.held');
  assert.deepEqual([others.length, held.changedBy, held.flagPath, held.evidence.doubt], [0, 'system', 'checkout', 'fewSources']);
  assert.deepEqual(await changes('rollout.rollback'), []);
  assert.equal((await server.asAdmin('/api/admin/changes/verify?wait=20', { method: 'GET' })).json().valid, true);
  assert.match(server.said(), /{"event":"guard","level":"error","decision":"held","flag":"checkout"/);
});

const EVENTS = extent({ usual: 1_000, all: 100_000 });
test(`${EVENTS} events, sent ten times in any order, count exactly`, { timeout: 600_000 }, async () => {
  await startRollout(server, { rollbackThreshold: { errorRate: 0.2 } });
  // A tenth of the units has an error, and each unit is named twice.
  const half = EVENTS / 2;
  const all = [];
  for (let unit = 0; unit < half; unit++) all.push(outcome(`u-${unit}`, 'enabled'), outcome(`u-${unit}`, unit % 10 ? 'enabled' : 'error'));
  const sums = { counted: 0, duplicates: 0 };
  let seed = 7;
  const random = below => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed % below;
  };
  for (let turn = 0; turn < 10; turn++) {
    const shuffled = [...all];
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = random(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]];
    }
    for (let at = 0; at < shuffled.length; at += 1_000) {
      const { counted, duplicates } = await report(server, shuffled.slice(at, at + 1_000), { token: server.serverKey });
      sums.counted += counted;
      sums.duplicates += duplicates;
    }
  }
  assert.deepEqual(sums, { counted: EVENTS, duplicates: 9 * EVENTS });
  // A marker behind all others.
  await report(server, [outcome('last', 'enabled', { flag: 'other' })], { token: server.serverKey });
  const last = () => server.asAdmin('/api/admin/stats?featureName=other&hours=2', { method: 'GET' });
  await until(
    async () => (await last()).json().statistics[0].usage,
    usage => usage.length > 0,
  );
  const { statistics } = await featureOf(server);
  assert.deepEqual([statistics.exposures, statistics.errors], [half, half / 10]);
});

test('SIGKILL between the sums and their answer loses and doubles nothing, and the rollback happens', async () => {
  await server.stop();
  const start = () => startOn({ config: WITH_TALLY, data: folder.path, settings: SETTINGS });
  server = await start();
  const state = async hub => assert.equal((await server.request('/test/state', { body: { hub } })).status, 200);
  const imported = await server.asAdmin('/api/admin/document', { method: 'PUT', body: document });
  assert.equal(imported.status, 200, imported.text);
  await startRollout(server);
  let units = 0;
  for (const hub of ['silent before', 'silent after']) {
    await state(hub);
    const more = Array.from({ length: 10 }, (_, index) => outcome(`u-${units + index}`, 'enabled'));
    await report(server, more, { token: server.serverKey });
    units += more.length;
    await server.heard(/the sums are (held back|stored and not answered)/);
    await server.stop();
    server = await start();
    const { statistics } = await counted(server, units);
    assert.equal(statistics.exposures, units, hub);
  }
  // The hub stops after it has stored the sums that roll back, before it answers.
  await state('silent after');
  const errors = Array.from({ length: 30 }, (_, index) => outcome(`e-${index}`, 'error'));
  await report(server, errors, { token: server.serverKey });
  await server.heard(/the sums are stored and not answered/);
  await server.stop();
  server = await start();
  const { statistics } = await until(featureOf.bind(null, server), feature => feature.status === 'rolled_back');
  assert.equal((await changes('rollout.rollback')).length, 1);
  assert.deepEqual([statistics.exposures, statistics.errors], [0, 0], 'the stage of the rollback has no counts yet');
});

test('exposures settle as successes after a minute, and then errors at the limit roll nothing back', async () => {
  await startRollout(server, { rollbackThreshold: { method: 'threshold', errorRate: 0.25, minSamples: 20 } });
  const start = Date.now();
  const well = Array.from({ length: 15 }, (_, index) => outcome(`w-${index}`, 'enabled'));
  await report(server, well, { token: server.serverKey, now: start });
  await counted(server, 15);
  // The minute is over: the fifteen have gone well, and five errors are exactly a quarter.
  const bad = Array.from({ length: 5 }, (_, index) => outcome(`b-${index}`, 'error'));
  await report(server, bad, { token: server.serverKey, now: start + 61_000 });
  const { status } = await counted(server, 20);
  assert.equal(status, 'active');
  await report(server, [outcome('b-5', 'error')], { token: server.serverKey, now: start + 62_000 });
  await until(featureOf.bind(null, server), feature => feature.status === 'rolled_back');
  const [{ evidence }] = await changes('rollout.rollback');
  assert.deepEqual([evidence.rule, evidence.counts], ['threshold', { outcomes: 21, errors: 6 }]);
});

test('an advance waits for trusted exposures', async () => {
  await startRollout(server, { minTierDuration: 0 });
  const advance = () => server.asAdmin('/api/admin/rollout/advance', { body: { featureName: 'checkout' } });
  const refused = await advance();
  assert.deepEqual([refused.status, refused.json().code], [409, 'GATE_CLOSED']);
  await report(
    server,
    Array.from({ length: 20 }, (_, index) => outcome(`u-${index}`, 'enabled')),
    { token: server.serverKey },
  );
  await counted(server, 20);
  assert.equal((await advance()).status, 200);
});

test('a rollout that nobody reports about says that nothing guards it, and how to report', async () => {
  await startRollout(server);
  const { rollout } = await featureOf(server);
  assert.equal(rollout.guarded, false);
  assert.match(rollout.notes[0], /no exposure was reported.*\n.*v1\/outcomes[\s\S]*"checkout"/);
  await report(server, [outcome('u', 'enabled')], { token: server.serverKey });
  const { rollout: then } = await counted(server, 1);
  assert.deepEqual([then.guarded, then.notes], [true, undefined]);
});
