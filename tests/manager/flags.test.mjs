// The manager of flags, against a real worker: the tests that the source documents have written down, and what they say of the cache.
import assert from 'node:assert/strict';
import { beforeEach, describe, it, test } from 'node:test';

import {
  createFeatureFlagManager,
  DEFAULT_CHAT_WIDGET_CONFIG,
  ENVIRONMENT_OVERRIDES,
  getCustomerFlags,
  getFeatureFlagManager,
  TwinflagError,
} from '../../npm/edge/dist/entry/manager.js';
import { ownServer } from '../own-server.mjs';
import { documentOf } from './session-flags.mjs';

const BETA = { sessionPersistence: { phase2: { enhancedStorage: true } } };

const flags = {
  'search.model': { type: 'string', variants: { a: 'bm25', b: 'embedding-2' }, on: 'b', off: 'a' },
  absent_value: { rollout: { status: 'active', percentage: 50 } },
};

const server = ownServer({ document: documentOf({ flags }) });

/** What is asked of the worker, and what time it is. */
let requests;
let now;
const counting = (...request) => {
  requests.push(request);
  return fetch(...request);
};
const options = more => ({ url: server.url, token: server.adminToken, fetch: counting, now: () => now, ...more });
const managed = more => createFeatureFlagManager(options(more));
beforeEach(() => {
  requests = [];
  now = Date.parse('2026-06-01');
});

/** The table of changes, as the source documents ask for it, over the audit trail. */
const supabase = {
  from: table => {
    assert.equal(table, 'feature_flag_changes');
    const query = new URLSearchParams();
    const columns = { customer_id: 'customerId' };
    const changes = {
      select: () => changes,
      eq(column, value) {
        query.set(columns[column], value);
        return changes;
      },
      // Newest first is the only order there is.
      order(column, { ascending }) {
        assert.deepEqual([column, ascending], ['changed_at', false]);
        return changes;
      },
      async limit(most) {
        query.set('limit', most);
        const answer = await server.asAdmin(`/api/admin/changes?${query}`, { method: 'GET' });
        return {
          data: answer.json().changes.map(({ flagPath, newValue, reason }) => ({ flag_path: flagPath, new_value: newValue, reason })),
        };
      },
    };
    return changes;
  },
};

describe('FeatureFlagManager', () => {
  beforeEach(() => void getFeatureFlagManager(options()));

  it('should prioritize customer flags over organization flags', async () => {
    const manager = getFeatureFlagManager();

    await manager.setOrganizationFlags('org-1', { sessionPersistence: { phase2: { enhancedStorage: false } } });
    await manager.setCustomerFlags('customer-1', { sessionPersistence: { phase2: { enhancedStorage: true } } });

    const evaluation = await manager.getFlags({ customerId: 'customer-1', organizationId: 'org-1' });

    assert.equal(evaluation.config.sessionPersistence.phase2.enhancedStorage, true);
    assert.equal(evaluation.source, 'customer_override');
  });

  it('should cache flag evaluations', async () => {
    const manager = getFeatureFlagManager();

    await manager.getFlags({ customerId: 'customer-1' });
    assert.equal(requests.length, 1);
    // The documents compare times, which may both be 0; what makes the second call fast is that nobody is asked.
    await manager.getFlags({ customerId: 'customer-1' });
    assert.equal(requests.length, 1);
  });

  it('should log all flag changes', async () => {
    const manager = getFeatureFlagManager();
    await manager.setCustomerFlags('customer-1', { sessionPersistence: { phase2: { enhancedStorage: null } } });

    await manager.setCustomerFlags('customer-1', { sessionPersistence: { phase2: { enhancedStorage: true } } }, 'admin-1', 'Test change');

    const changes = await supabase
      .from('feature_flag_changes')
      .select('*')
      .eq('customer_id', 'customer-1')
      .order('changed_at', { ascending: false })
      .limit(1);
    assert.equal(changes.data[0].flag_path, 'sessionPersistence.phase2.enhancedStorage');
    assert.equal(changes.data[0].new_value, true);
    assert.equal(changes.data[0].reason, 'Test change');
  });
});

test('an evaluation tells whose it is, where each value comes from, and when', async () => {
  const manager = managed();
  await manager.setOrganizationFlags('org-e', { sessionPersistence: { phase2: { retryLogic: true, enhancedStorage: false } } });
  await manager.setCustomerFlags('customer-e', BETA);
  const evaluation = await manager.getFlags({ customerId: 'customer-e', organizationId: 'org-e' });
  assert.deepEqual([evaluation.customerId, evaluation.organizationId, evaluation.stale], ['customer-e', 'org-e', undefined]);
  assert.ok(evaluation.evaluatedAt instanceof Date && evaluation.version >= 1);
  const { phase1, phase2 } = evaluation.config.sessionPersistence;
  assert.deepEqual(phase1, { parentStorage: true, crossDomainMessaging: true, autoRestore: true });
  assert.deepEqual(phase2, { enhancedStorage: true, connectionMonitoring: false, retryLogic: true });
  const source = name => evaluation.sources[`sessionPersistence.${name}`];
  assert.deepEqual(
    [source('phase1.autoRestore'), source('phase2.enhancedStorage'), source('phase2.retryLogic')],
    ['environment', 'customer_override', 'organization_override'],
  );
  assert.equal(evaluation.config.search.model, 'bm25');
  // What has no unit to be drawn by has no answer, and the caller's default counts.
  assert.ok(!('absent_value' in evaluation.config) && !('absent_value' in evaluation.sources));
  assert.throws(() => {
    evaluation.config.sessionPersistence.phase1.autoRestore = false;
  }, TypeError);
});

test('a write tells what is different, and merges', async () => {
  const manager = managed();
  const first = await manager.setCustomerFlags('customer-w', BETA, 'admin-7', 'Customer requested beta access');
  const [{ changedAt, ...change }] = first.changes;
  assert.ok(changedAt instanceof Date);
  assert.deepEqual(change, {
    customerId: 'customer-w',
    flagPath: 'sessionPersistence.phase2.enhancedStorage',
    oldValue: false,
    newValue: true,
    changedBy: 'admin-7',
    reason: 'Customer requested beta access',
  });
  const again = await manager.setCustomerFlags('customer-w', BETA);
  assert.deepEqual([first.changed, again.changed, again.changes, again.version], [true, false, [], first.version]);
  await manager.setCustomerFlags('customer-w', { sessionPersistence: { phase2: { retryLogic: true } } });
  assert.deepEqual((await manager.getFlags({ customerId: 'customer-w' })).config.sessionPersistence.phase2, {
    enhancedStorage: true,
    connectionMonitoring: false,
    retryLogic: true,
  });
});

test('what is wrong is refused with where and why, and nothing is set', async () => {
  const manager = managed();
  const refused = await manager.setCustomerFlags('customer-r', { ...BETA, no: { such: { flag: true } } }).catch(error => error);
  assert.ok(refused instanceof TwinflagError);
  assert.deepEqual([refused.status, refused.code, refused.pointer], [404, 'FLAG_NOT_FOUND', '/flags/no/such/flag']);
  assert.equal((await manager.getFlags({ customerId: 'customer-r' })).config.sessionPersistence.phase2.enhancedStorage, false);
  assert.equal(requests.length, 2, 'what is refused is not sent again');
  const stranger = await managed({ token: 'tf_admin_wrong' })
    .setCustomerFlags('customer-r', BETA)
    .catch(error => error);
  assert.deepEqual([stranger.status, stranger.code], [401, 'UNAUTHORIZED']);
  assert.ok(!stranger.message.includes('tf_admin_wrong'));
});

describe('the cache', () => {
  it('goes by customer and organization, for 300 seconds', async () => {
    const manager = managed();
    await manager.getFlags({ customerId: 'c-1' });
    await manager.getFlags({ customerId: 'c-1', organizationId: 'o-1' });
    await manager.getFlags({ organizationId: 'o-1' });
    assert.deepEqual(manager.getCacheStats(), { size: 3, keys: ['c-1:', 'c-1:o-1', ':o-1'] });
    now += 299_999;
    await manager.getFlags({ customerId: 'c-1' });
    assert.equal(requests.length, 3);
    now += 1;
    assert.deepEqual(manager.getCacheStats(), { size: 0, keys: [] });
    await manager.getFlags({ customerId: 'c-1' });
    assert.equal(requests.length, 4);
    manager.clearCache();
    assert.equal(manager.getCacheStats().size, 0);
  });

  it('knows the organization of a customer that was asked about alone', async () => {
    await server.asAdmin('/api/admin/customers', { body: { customerId: 'c-of-o', organizationId: 'o-2' } });
    const manager = managed();
    await manager.getFlags({ customerId: 'c-of-o' });
    assert.deepEqual(manager.getCacheStats().keys, ['c-of-o:o-2']);
    await manager.getFlags({ customerId: 'c-of-o' });
    await manager.getFlags({ customerId: 'c-of-o', organizationId: 'o-2' });
    assert.equal(requests.length, 1);
    // Setting what the organization gets reaches it.
    await manager.setOrganizationFlags('o-2', BETA);
    assert.equal(manager.getCacheStats().size, 0);
    assert.equal((await manager.getFlags({ customerId: 'c-of-o' })).source, 'organization_override');
  });

  it('forgets one customer, or one organization, and no other', async () => {
    const manager = managed();
    for (const owner of [
      { customerId: 'c-1' },
      { customerId: 'c-1', organizationId: 'o-1' },
      { customerId: 'c-2', organizationId: 'o-1' },
      { customerId: 'c-3' },
    ])
      await manager.getFlags(owner);
    manager.invalidateCache('c-1');
    assert.deepEqual(manager.getCacheStats().keys, ['c-2:o-1', 'c-3:']);
    manager.invalidateCacheForOrganization('o-1');
    assert.deepEqual(manager.getCacheStats().keys, ['c-3:']);
  });

  it('takes no two askers for one, and not too many', async () => {
    const manager = managed({ cacheEntries: 2 });
    await manager.getFlags({ customerId: 'a:b', organizationId: 'c' });
    await manager.getFlags({ customerId: 'a', organizationId: 'b:c' });
    assert.equal(requests.length, 2);
    await manager.getFlags({ customerId: 'third' });
    assert.deepEqual(manager.getCacheStats().keys, ['a:b:c', 'third:']);
  });

  it('does not keep an answer that was on its way while something was set', async () => {
    let arrived;
    const held = new Promise(resolve => {
      arrived = resolve;
    });
    let letGo;
    const gate = new Promise(resolve => {
      letGo = resolve;
    });
    const slow = async (url, init) => {
      const answer = await fetch(url, init);
      if (init.method === 'GET' && requests.push(url) === 1) {
        arrived();
        await gate;
      }
      return answer;
    };
    const manager = managed({ fetch: slow });
    const before = manager.getFlags({ customerId: 'c-race' });
    await held;
    await manager.setCustomerFlags('c-race', BETA);
    letGo();
    assert.equal((await before).config.sessionPersistence.phase2.enhancedStorage, false);
    assert.equal((await manager.getFlags({ customerId: 'c-race' })).config.sessionPersistence.phase2.enhancedStorage, true);
  });
});

test('a worker that passes the same options with each request keeps one cache', async () => {
  let asked = 0;
  const fetching = (...request) => {
    asked++;
    return fetch(...request);
  };
  const connection = { url: server.url, token: server.adminToken, fetch: fetching };
  for (let times = 0; times < 5; times++) await getFeatureFlagManager({ ...connection }).getFlags({ customerId: 'c-1' });
  assert.equal(asked, 1);
  // An option more, one less and another value each make a new manager.
  for (const other of [{ ...connection, retryMs: 1000 }, connection, { ...connection, token: () => server.adminToken }])
    await getFeatureFlagManager(other).getFlags({ customerId: 'c-1' });
  assert.equal(asked, 4);
});

test('there is one manager, until options make another', async () => {
  const one = getFeatureFlagManager(options());
  assert.equal(getFeatureFlagManager(), one);
  await getCustomerFlags('c-1');
  assert.deepEqual(one.getCacheStats().keys, ['c-1:']);
  assert.notEqual(getFeatureFlagManager(options()), one);
});

test('the environment says where the worker is, and who asks', async () => {
  Object.assign(process.env, { TWINFLAG_URL: server.url, TWINFLAG_TOKEN: server.adminToken });
  try {
    assert.equal((await createFeatureFlagManager().getFlags({ customerId: 'c-1' })).stale, undefined);
  } finally {
    delete process.env.TWINFLAG_URL;
    delete process.env.TWINFLAG_TOKEN;
  }
});

test('a token may come from who knows it, for each request anew', async () => {
  const tokens = [server.adminToken, 'tf_admin_expired', server.adminToken];
  const errors = [];
  const manager = managed({ token: async () => tokens.shift(), cacheTtlMs: 0, onError: error => errors.push(error.code) });
  const stale = [];
  for (let time = 0; time < 3; time++) stale.push((await manager.getFlags({ customerId: 'c-1' })).stale);
  assert.deepEqual([stale, errors], [[undefined, true, undefined], ['UNAUTHORIZED']]);
});

test('the defaults are those of the source documents', () => {
  const tree = (phase2, phase3) => ({
    sessionPersistence: {
      phase1: { parentStorage: true, crossDomainMessaging: true, autoRestore: true },
      phase2: { enhancedStorage: phase2, connectionMonitoring: phase2, retryLogic: phase2 },
      phase3: { tabSync: phase3, performanceMode: phase3, analytics: phase3 },
    },
  });
  assert.deepEqual(DEFAULT_CHAT_WIDGET_CONFIG, tree(false, false));
  assert.deepEqual(ENVIRONMENT_OVERRIDES, { production: tree(false, false), staging: tree(true, false), development: tree(true, true) });
});
