// What the managers do when the worker is away, late, or not heard.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { checkFeatureFlag } from '../../npm/edge/dist/entry/index.js';
import {
  createFeatureFlagManager,
  createPilotRolloutManager,
  DEFAULT_CHAT_WIDGET_CONFIG,
  ENVIRONMENT_OVERRIDES,
} from '../../npm/edge/dist/entry/manager.js';
import { until } from '../edge/reported.mjs';
import { ownServer } from '../own-server.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { startBetween } from './between.mjs';
import { documentOf } from './session-flags.mjs';

const NAME = 'phase2_retry_logic';
const BETA = { sessionPersistence: { phase2: { enhancedStorage: true } } };

const server = ownServer({ document: documentOf() });

test('with the worker gone the last good answer counts, then the defaults, and whoever wants to is told', async () => {
  const folder = await dataFolder();
  const mortal = await startServer({ data: folder.path, document: documentOf() });
  let now = Date.now();
  const errors = [];
  const options = { url: mortal.url, token: mortal.adminToken, now: () => now, onError: error => errors.push(error.code) };
  const manager = createFeatureFlagManager({ ...options, environment: 'staging' });
  try {
    await manager.setCustomerFlags('known', BETA);
    const good = await manager.getFlags({ customerId: 'known' });
    await mortal.stop();

    assert.equal(await manager.getFlags({ customerId: 'known' }), good, 'kept answers need nobody');
    now += 300_000;
    const last = await manager.getFlags({ customerId: 'known' });
    assert.deepEqual({ ...last, stale: undefined }, { ...good, stale: undefined });
    assert.equal(last.stale, true);
    assert.deepEqual(errors, ['UNREACHABLE']);

    const { config, source, stale, customerId } = await manager.getFlags({ customerId: 'unknown' });
    assert.deepEqual([config, source, stale, customerId], [ENVIRONMENT_OVERRIDES.staging, 'environment', true, 'unknown']);
    assert.equal(errors.length, 1, 'for a while nobody is asked');
    now += 1000;
    await manager.getFlags({ customerId: 'unknown' });
    assert.equal(errors.length, 2);

    const other = await createFeatureFlagManager({ ...options, environment: 'nowhere' }).getFlags({});
    assert.deepEqual([other.config, other.source], [DEFAULT_CHAT_WIDGET_CONFIG, 'default']);
    const given = {
      sessionPersistence: {
        ...DEFAULT_CHAT_WIDGET_CONFIG.sessionPersistence,
        phase2: ENVIRONMENT_OVERRIDES.staging.sessionPersistence.phase2,
      },
    };
    assert.deepEqual((await createFeatureFlagManager({ ...options, defaults: given }).getFlags({})).config, given);
    const lost = await manager.setCustomerFlags('known', BETA).catch(error => error);
    assert.deepEqual([lost.name, lost.status, lost.code], ['TwinflagError', 0, 'UNREACHABLE']);
  } finally {
    await mortal.stop();
    await folder.remove();
  }
});

test('nowhere to ask is an error that says so', async () => {
  const errors = [];
  const manager = createFeatureFlagManager({ onError: error => errors.push(error.message) });
  assert.equal((await manager.getFlags({ customerId: 'c-1' })).stale, true);
  assert.match(errors.join(), /NOT_CONFIGURED.*TWINFLAG_URL/);
});

test('switched off, nobody is asked, and the defaults are no older answers', async () => {
  let asked = 0;
  const counting = (...request) => {
    asked++;
    return fetch(...request);
  };
  const manager = createFeatureFlagManager({ enabled: false, fetch: counting, url: server.url, token: server.adminToken });
  const { config, stale } = await manager.getFlags({ customerId: 'c-1' });
  assert.deepEqual([config, stale], [DEFAULT_CHAT_WIDGET_CONFIG, undefined]);
  process.env.NEXT_PUBLIC_FEATURE_FLAGS_ENABLED = 'false';
  try {
    assert.equal(
      await createPilotRolloutManager({ fetch: counting, url: server.url, serverKey: server.serverKey }).shouldEnableFeature('f', 'c-1'),
      false,
    );
    assert.equal(await checkFeatureFlag('u-1', 'f', { fetch: counting, url: server.url, key: server.serverKey, default: true }), true);
  } finally {
    delete process.env.NEXT_PUBLIC_FEATURE_FLAGS_ENABLED;
  }
  assert.equal(asked, 0);
  await createFeatureFlagManager({ fetch: counting, url: server.url, token: server.adminToken }).getFlags({ customerId: 'c-1' });
  assert.equal(asked, 1);
});

test('who does not answer in time has not answered', async () => {
  const silent = createServer(() => undefined);
  await new Promise(resolve => silent.listen(0, '127.0.0.1', resolve));
  const errors = [];
  const manager = createFeatureFlagManager({
    url: `http://127.0.0.1:${silent.address().port}`,
    token: 't',
    timeoutMs: 50,
    onError: error => errors.push(error.code),
  });
  try {
    assert.equal((await manager.getFlags({ customerId: 'c-1' })).stale, true);
    assert.deepEqual(errors, ['TIMEOUT']);
  } finally {
    silent.closeAllConnections();
    await new Promise(resolve => silent.close(resolve));
  }
});

/** Where a rollout stands after two of the answers to one forced advance were lost. */
async function afterLostAnswers(fetch) {
  const direct = createPilotRolloutManager({ url: server.url, token: server.adminToken });
  await direct.createRollout({ featureName: NAME });
  await direct.startRollout(NAME);
  between.lose = 2;
  between.requests.length = 0;
  const manager = createPilotRolloutManager({ url: between.url, token: server.adminToken, fetch });
  const write = await manager.advanceRollout(NAME, { force: true, reason: 'once' });
  const { currentTier } = await direct.getRollout(NAME);
  await direct.rollbackRollout(NAME, 'the next test begins anew');
  return { write, currentTier, sent: between.requests.length };
}

let between;
before(async () => {
  between = await startBetween(() => server.url);
});
after(() => between?.stop());

test('a write whose answer was lost is sent again, and done once', async () => {
  const { write, currentTier, sent } = await afterLostAnswers();
  assert.equal(sent, 3);
  assert.equal(new Set(between.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
  assert.deepEqual([write.changed, write.changes.length, currentTier], [true, 1, 'tier_2_early_adopters']);
});

test('without its key it would be done three times', async () => {
  const without = (url, { headers: { 'idempotency-key': _, ...headers }, ...init }) => fetch(url, { ...init, headers });
  const { currentTier } = await afterLostAnswers(without);
  assert.equal(currentTier, 'tier_4_full');
});

test('what happened is told once, however often it is sent', async () => {
  const direct = createPilotRolloutManager({ url: server.url, token: server.adminToken });
  await direct.createRollout({ featureName: 'phase3_analytics' });
  await direct.startRollout('phase3_analytics');
  between.lose = 2;
  const manager = createPilotRolloutManager({ url: between.url, serverKey: server.serverKey });
  await manager.recordEvent({ featureName: 'phase3_analytics', customerId: 'c-1', event: 'error' });
  const ids = between.requests.filter(({ url }) => url === '/v1/outcomes');
  assert.equal(ids.length, 3);
  const stats = () => direct.getRolloutStats('phase3_analytics');
  const { exposures, errors } = await until(stats, found => found.exposures > 0);
  assert.deepEqual([exposures, errors], [1, 1]);
});
