/** What the operators of a soak do: drawn, mostly sensible, sometimes refused. */
import { CUSTOMERS, documentOf, ORGANIZATIONS, ROLLOUTS, SWITCHES, THEMES } from './documents.mjs';

/**
 * A request: its path behind `/api/admin`, and what `request` of `server.mjs` takes. `reason` says whose it is, and which.
 *
 * @param {ReturnType<typeof import('../edge/malformed/random.mjs').random>} r
 */
export function drawCommand(r, reason) {
  const { path, method = 'POST', body, query } = r.pick(COMMANDS)(r);
  const options = { method, headers: { 'idempotency-key': reason } };
  if (query === undefined) return { reason, path, options: { ...options, body: { ...body, reason } } };
  return {
    reason,
    path: `${path}?${new URLSearchParams([...Object.entries(query).flatMap(([name, value]) => [value].flat().map(one => [name, one])), ['reason', reason]])}`,
    options: { ...options, body },
  };
}

const owner = r => (r.chance(0.7) ? { customerId: r.pick(CUSTOMERS) } : { organizationId: r.pick(ORGANIZATIONS) });
const leaf = r => r.pick([true, false, null]);

const override = r => {
  const names = SWITCHES.filter(() => r.chance(0.4));
  const flags = Object.fromEntries(names.map(name => [name, leaf(r)]));
  return { path: 'overrides', body: { ...owner(r), flags: r.chance(0.5) ? flags : { ...flags, theme: r.pick(THEMES) } } };
};
const overrideOne = r => ({
  path: 'feature-flags',
  body: { featureName: r.pick([...SWITCHES, ...ROLLOUTS]), enabled: leaf(r), ...owner(r) },
});
const overrideVariant = r => ({ path: 'feature-flags', body: { featureName: 'theme', variant: r.pick(THEMES), ...owner(r) } });
const clear = r => ({ path: 'overrides', method: 'DELETE', query: owner(r) });
const kill = r => ({
  path: 'feature-flags',
  body: { featureName: r.pick([...SWITCHES, ...ROLLOUTS]), action: r.pick(['kill', 'revive', 'revive']) },
});
const assign = r => ({
  path: 'customers',
  body: { customerId: r.pick(CUSTOMERS), organizationId: r.chance(0.8) ? r.pick(ORGANIZATIONS) : null },
});

const rollout = r => {
  const [verb, body] = r.pick([
    () => ['create', { whitelistedCustomers: [r.pick(CUSTOMERS)], ...(r.chance(0.4) ? { percentage: r.below(101) } : {}) }],
    () => ['start', {}],
    () => ['advance', { force: true }],
    () => ['advance', { force: true }],
    () => ['pause', {}],
    () => ['resume', {}],
    () => ['percentage', { percentage: r.below(100_001) / 1_000 }],
    () => ['lists', { add: { whitelistedCustomers: [r.pick(CUSTOMERS)] }, remove: { blacklistedCustomers: CUSTOMERS } }],
    () => ['lists', { whitelistedCustomers: [], blacklistedCustomers: [r.pick(CUSTOMERS)] }],
    () => ['guard', { rollbackThreshold: { errorRate: r.below(100) / 100 }, minTierDuration: r.below(1_000) }],
    () => ['complete', {}],
    () => ['rollback', {}],
  ])();
  return { path: `rollout/${verb}`, body: { featureName: r.pick(ROLLOUTS), ...body } };
};

const put = r => {
  const seasons = SWITCHES.filter(name => name.startsWith('season.') && r.chance(0.5));
  const overrides = { customers: { [r.pick(CUSTOMERS)]: Object.fromEntries(seasons.map(name => [name, r.chance(0.5)])) } };
  const gone = SWITCHES.filter(name => name.startsWith('season.') && !seasons.includes(name));
  const query = { ...(r.chance(0.15) ? { state: 'replace' } : {}), remove: gone.map(name => `flags/${name}`) };
  return {
    path: 'document',
    method: 'PUT',
    query,
    body: { ...documentOf(r.below(1e6), seasons), ...(seasons.length > 0 && r.chance(0.5) ? { overrides } : {}) },
  };
};

const COMMANDS = [
  ...Array(6).fill(override),
  ...Array(4).fill(overrideOne),
  ...Array(2).fill(overrideVariant),
  clear,
  ...Array(3).fill(kill),
  ...Array(2).fill(assign),
  ...Array(8).fill(rollout),
  ...Array(2).fill(put),
];
