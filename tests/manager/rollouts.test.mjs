// The manager of rollouts, against a real worker: the deployment checklist's own code, and a rollout's life.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createPilotRolloutManager, getPilotRolloutManager, TwinflagError } from '../../npm/edge/dist/entry/manager.js';
import { until } from '../edge/reported.mjs';
import { ownServer } from '../own-server.mjs';
import { documentOf } from './session-flags.mjs';

const OWN = 'YOUR_INTERNAL_CUSTOMER_ID';
const HOUR_MS = 3_600_000;
const flags = { 'paths.also.work': { aliases: ['short', 'shorter'] }, plain: {} };

const server = ownServer({ document: documentOf({ flags }) });
const options = more => ({ url: server.url, token: server.adminToken, serverKey: server.serverKey, ...more });
const managed = more => createPilotRolloutManager(options(more));
/** What is refused, as an error. */
const refused = promise =>
  promise.then(
    () => assert.fail('it was not refused'),
    error => error,
  );

test('the six rollouts of the deployment checklist are planned', async () => {
  const rolloutManager = getPilotRolloutManager(options());

  await rolloutManager.createRollout({
    featureName: 'phase2_enhanced_storage',
    whitelistedCustomers: [OWN],
    rollbackThreshold: { errorRate: 0.05, timeWindow: HOUR_MS },
  });
  await rolloutManager.createRollout({ featureName: 'phase2_connection_monitoring', whitelistedCustomers: [OWN] });
  await rolloutManager.createRollout({ featureName: 'phase2_retry_logic', whitelistedCustomers: [OWN] });
  await rolloutManager.createRollout({ featureName: 'phase3_tab_sync', whitelistedCustomers: [OWN] });
  await rolloutManager.createRollout({ featureName: 'phase3_performance_mode', whitelistedCustomers: [OWN] });
  await rolloutManager.createRollout({ featureName: 'phase3_analytics', whitelistedCustomers: [OWN] });

  const rollouts = await getPilotRolloutManager().listRollouts();
  assert.deepEqual(
    rollouts.map(({ featureName, currentTier, percentage, status }) => [featureName, currentTier, percentage, status]),
    [
      ['phase2_enhanced_storage', 'tier_0_disabled', 0, 'planned'],
      ['phase2_connection_monitoring', 'tier_0_disabled', 0, 'planned'],
      ['phase2_retry_logic', 'tier_0_disabled', 0, 'planned'],
      ['phase3_tab_sync', 'tier_0_disabled', 0, 'planned'],
      ['phase3_performance_mode', 'tier_0_disabled', 0, 'planned'],
      ['phase3_analytics', 'tier_0_disabled', 0, 'planned'],
    ],
  );
  for (const {
    whitelistedCustomers,
    rollbackThreshold: { errorRate, timeWindow },
  } of rollouts)
    assert.deepEqual([whitelistedCustomers, errorRate, timeWindow], [[OWN], 0.05, HOUR_MS]);
});

test('a rollout from its plan to its end', async () => {
  const manager = managed();
  const name = 'paths.also.work';
  const stands = async () => {
    const { status, currentTier, percentage } = await manager.getRollout(name);
    return [status, currentTier, percentage];
  };
  assert.equal(await manager.getRollout(name), undefined);
  await manager.createRollout({ featureName: 'short' }, { reason: 'a plan', changedBy: 'admin-7' });
  await manager.startRollout('shorter');
  assert.deepEqual(await stands(), ['active', 'tier_1_internal', 1]);

  const early = await refused(manager.advanceRollout(name));
  assert.deepEqual([early.status, early.code], [409, 'TOO_EARLY']);
  const { next, tierSince } = await manager.getRollout(name);
  assert.deepEqual(
    [next.allowed, next.tier, next.percentage, next.notBefore - tierSince],
    [false, 'tier_2_early_adopters', 10, 48 * HOUR_MS],
  );
  assert.equal((await refused(manager.advanceRollout(name, { force: true }))).pointer, '/reason');

  const { changed, changes } = await manager.advanceRollout(name, { force: true, reason: 'there is nobody else to ask' });
  assert.deepEqual([changed, changes[0].flagPath, changes[0].reason], [true, name, 'there is nobody else to ask']);
  assert.deepEqual(await stands(), ['active', 'tier_2_early_adopters', 10]);
  await manager.pauseRollout(name);
  assert.deepEqual((await stands())[0], 'paused');
  await manager.resumeRollout(name);
  assert.equal((await refused(manager.completeRollout(name))).code, 'ILLEGAL_STEP');
  for (const expected of [
    ['active', 'tier_3_general', 50],
    ['active', 'tier_4_full', 100],
  ]) {
    await manager.advanceRollout(name, { force: true, reason: 'on' });
    assert.deepEqual(await stands(), expected);
  }
  await manager.completeRollout(name);
  assert.deepEqual(await stands(), ['completed', 'tier_4_full', 100]);
  assert.equal(await manager.shouldEnableFeature(name, 'anybody'), true);
  await manager.rollbackRollout(name, 'critical bug');
  assert.deepEqual(await stands(), ['rolled_back', 'tier_0_disabled', 0]);
  assert.equal(await manager.shouldEnableFeature(name, 'anybody'), false);
});

test('who is on the list has it from the first tier', async () => {
  const manager = managed();
  assert.equal(await manager.shouldEnableFeature('phase2_retry_logic', OWN), false);
  await manager.startRollout('phase2_retry_logic');
  assert.equal(await manager.shouldEnableFeature('phase2_retry_logic', OWN), true);
});

test('what happened is counted, each unit once', async () => {
  const manager = managed();
  await manager.startRollout('phase3_tab_sync');
  const before = await manager.getRolloutStats('phase3_tab_sync');
  assert.deepEqual([before.exposures, before.errors, before.errorRate, before.successRate], [0, 0, null, null]);
  const record = (customerId, event, more) =>
    manager.recordEvent({ featureName: 'phase3_tab_sync', customerId, event, timestamp: new Date(), ...more });
  for (const customerId of ['c-1', 'c-2', 'c-3', 'c-4', 'c-1']) await record(customerId, 'enabled');
  await record('c-2', 'error', { variant: 'on', metadata: { message: 'two tabs disagree' } });
  await record('c-1', 'opened');
  const { exposures, errors, errorRate, successRate, percentage, status } = await until(
    () => manager.getRolloutStats('sessionPersistence.phase3.tabSync'),
    found => found.exposures === 4 && found.errors === 1,
  );
  assert.deepEqual([exposures, errors, errorRate, successRate, percentage, status], [4, 1, 0.25, 0.75, 1, 'active']);
  const nowhere = await refused(record('', 'enabled'));
  assert.ok(nowhere instanceof TwinflagError && nowhere.code === 'OUTCOME_REFUSED');
  assert.match(nowhere.detail, /unit/);
});

test('what there is not', async () => {
  const errors = [];
  const manager = managed({ onError: error => errors.push(error.code) });
  assert.deepEqual([await manager.getRollout('absent'), await manager.getRolloutStats('plain')], [undefined, undefined]);
  const absent = await refused(manager.startRollout('absent'));
  assert.deepEqual([absent.status, absent.code], [404, 'FLAG_NOT_FOUND']);
  assert.equal((await refused(manager.startRollout('plain'))).code, 'ILLEGAL_STEP');
  assert.equal(
    (await refused(managed({ serverKey: undefined }).recordEvent({ featureName: 'plain', customerId: 'c-1', event: 'enabled' }))).code,
    'NOT_CONFIGURED',
  );
  assert.equal(await manager.shouldEnableFeature('absent', 'c-1'), false);
  assert.deepEqual(errors, ['FLAG_NOT_FOUND']);
});
