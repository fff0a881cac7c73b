// The flags of this suite: all that an evaluation can depend on.
export const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  segments: { staff: { attribute: 'userId', op: 'in', value: ['ada', 'grace'] } },
  flags: {
    plain: { default: 'on' },
    killed: { enabled: false, default: 'on' },
    half: { rollout: { status: 'active', percentage: 50 }, metadata: { team: 'growth' } },
    'half.customer': { unit: 'customerId', rollout: { status: 'active', percentage: 50, allow: ['c-3'] } },
    rolledBack: { rollout: { status: 'rolled_back', percentage: 50 } },
    model: {
      type: 'string',
      variants: { classic: 'bm25', vector: 'embedding-2' },
      on: 'vector',
      off: 'classic',
      rules: [
        { if: { segment: 'staff' }, serve: 'vector' },
        {
          name: 'europe',
          if: { attribute: 'country', op: 'in', value: ['DE', 'FR'] },
          serve: {
            split: [
              { variant: 'vector', weight: 30_000 },
              { variant: 'classic', weight: 70_000 },
            ],
          },
        },
      ],
    },
    limit: {
      type: 'number',
      variants: { low: 1, high: 2.5 },
      on: 'high',
      off: 'low',
      rules: [{ if: { attribute: 'age', op: 'gte', value: 18 }, serve: 'high' }],
    },
    button: { type: 'object', variants: { plain: { label: 'Pay', 2: 'b', 1: 'a' }, bold: { label: 'Pay now' } }, on: 'bold', off: 'plain' },
    needs: { prerequisites: [{ flag: 'half', variants: ['on'] }], default: 'on' },
    gift: { aliases: ['present'] },
    callers: { default: null },
  },
  overrides: {
    customers: { 'c-1': { gift: true, model: 'vector' }, 'c-2': { present: false, button: 'bold' }, 7: { gift: true } },
    organizations: { 'o-1': { gift: true, plain: false }, 'o-2': { killed: true } },
  },
};

/** Memberships: customers of which the flag server knows the organization. */
export const MEMBERS = { 'c-2': 'o-1', 'c-4': 'o-2', 'c-5': 'o-1' };

const DEFAULTS = [false, 'none', 0, { none: true }, undefined];

/** Numbers from 0 to below `most`, the same ones for the same seed (mulberry32). */
export function random(seed) {
  let state = seed;
  return most => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most);
  };
}

/** A question about any flag, for a context with some of the attributes. */
export function question(draw) {
  const pick = list => list[draw(list.length)];
  const context = {};
  if (draw(2)) context.customerId = pick(['c-1', 'c-2', 'c-3', 'c-4', 'c-5', 'c-9', 7, '7', 1.5, '', null, ['c-1'], `c-${draw(500)}`]);
  if (!(context.customerId in MEMBERS) && !draw(3)) context.organizationId = pick(['o-1', 'o-2', 'o-3', 8, null]);
  if (draw(3)) context.userId = pick(['ada', 'leo', 5, `u-${draw(10_000)}`, `ü-${draw(1000)}`]);
  if (!draw(3)) context.targetingKey = `t-${draw(10_000)}`;
  if (!draw(2)) context.country = pick(['DE', 'FR', 'NZ', null]);
  if (!draw(2)) context.age = pick([17.5, 18, 99, '18']);
  return { flagKey: pick([...Object.keys(DOCUMENT.flags), 'present', 'absent']), defaultValue: pick(DEFAULTS), context };
}
