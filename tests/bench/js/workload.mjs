/**
 * The one workload every engine gets.
 *
 * Flag i is on for an allow list of five user ids; else for a rule (even i: country is DE; odd i: plan is pro or enterprise);
 * else for 10 % of all users, drawn by id, each flag on its own.
 */
const COUNTRIES = ['DE', 'FR', 'US', 'GB', 'NL', 'ES', 'IT', 'PL', 'SE', 'BR'];
const PLANS = ['free', 'free', 'free', 'free', 'free', 'free', 'starter', 'starter', 'pro', 'enterprise'];

export const USERS = 10_000;
export const SIZES = [10, 100, 1000];
export const PERCENTAGE = 10;

/** Twenty characters. */
const userId = i => `usr_${String(i * 7919 + 1000003).padStart(16, '0')}`;

let state = 0x2545f491;
const random = () => {
  state ^= state << 13;
  state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state / 4294967296;
};

export const users = Array.from({ length: USERS }, (_, i) => ({
  id: userId(i),
  plan: PLANS[Math.floor(random() * 10)],
  country: COUNTRIES[Math.floor(random() * 10)],
  org: `org-${i % 500}`,
}));

export const flags = count =>
  Array.from({ length: count }, (_, i) => ({
    i,
    key: `flag-${String(i).padStart(4, '0')}-checkout`,
    even: i % 2 === 0,
    attribute: i % 2 === 0 ? 'country' : 'plan',
    values: i % 2 === 0 ? ['DE'] : ['pro', 'enterprise'],
    allow: Array.from({ length: 5 }, (_, k) => userId((i * 31 + k * 1777) % USERS)),
  }));

/** Whether the lists or the rule switch the flag on; what is left is drawn. */
export const settled = (flag, user) => flag.allow.includes(user.id) || flag.values.includes(user[flag.attribute]);

/** The flags as Twinflag's document. */
export const document = flags =>
  JSON.stringify({
    schema: 'twinflag/1',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags: Object.fromEntries(
      flags.map(flag => [
        flag.key,
        {
          rules: [
            {
              if: flag.even ? { attribute: 'country', op: 'eq', value: 'DE' } : { attribute: 'plan', op: 'in', value: flag.values },
              serve: 'on',
            },
          ],
          rollout: { status: 'active', percentage: PERCENTAGE, allow: flag.allow },
        },
      ]),
    ),
  });

/** The flags as Eppo's configuration, for the native engine. */
export const eppo = flags => {
  const allocation = (key, conditions, ...splits) => ({
    key,
    rules: conditions.map(condition => ({ conditions: [condition] })),
    splits,
    doLog: false,
  });
  const always = variationKey => ({ shards: [], variationKey });
  return JSON.stringify({
    createdAt: '2026-01-01T00:00:00.000Z',
    format: 'SERVER',
    environment: { name: 'Test' },
    flags: Object.fromEntries(
      flags.map(flag => [
        flag.key,
        {
          key: flag.key,
          enabled: true,
          variationType: 'BOOLEAN',
          variations: { on: { key: 'on', value: true }, off: { key: 'off', value: false } },
          totalShards: 10000,
          allocations: [
            allocation('allow', [{ attribute: 'id', operator: 'ONE_OF', value: flag.allow }], always('on')),
            allocation('rule', [{ attribute: flag.attribute, operator: 'ONE_OF', value: flag.values }], always('on')),
            allocation(
              'drawn',
              [],
              { shards: [{ salt: flag.key, ranges: [{ start: 0, end: 100 * PERCENTAGE }] }], variationKey: 'on' },
              always('off'),
            ),
          ],
        },
      ]),
    ),
  });
};
