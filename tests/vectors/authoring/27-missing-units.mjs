import { ask, doc, drawn, environmentDefault, failed, fallback, killed, listed, ruled, split, unmet } from './help.mjs';

const skips = (flag) => ({ ...flag, onMissingUnit: 'continue' });
const part = (variant, more) => ({ split: [{ variant, weight: 100000 }], ...more });
const eq = (attribute, value) => ({ attribute, op: 'eq', value });
const variants = { on: true, off: false, first: true, second: true };
const half = { rollout: { status: 'active', percentage: 50 } };
const chain = {
  variants,
  rules: [{ name: 'a', serve: part('first') }, { name: 'b', serve: part('second', { unit: 'userId' }) }, { if: eq('plan', 'pro'), serve: 'on' }],
};
const flags = {
  error: { ...half, onMissingUnit: 'error' },
  absent: half,
  skipping: skips(half),
  full: skips({ rollout: { status: 'active', percentage: 100 } }),
  zero: skips({ rollout: { status: 'active', percentage: 0 } }),
  named: skips({ ...half, environments: { production: 'on' } }),
  nullDefault: skips({ ...half, off: null }),
  listed: skips({ rollout: { ...half.rollout, allow: ['a'], deny: ['d'] } }),
  audience: skips({ rollout: { ...half.rollout, tier: 1, allow: ['a'] } }),
  byUser: skips({ ...half, unit: 'userId' }),
  chain: skips(chain),
  chainError: chain,
  thenRollout: skips({ variants, unit: 'customerId', rules: [{ name: 'a', serve: part('first', { unit: 'userId' }) }], rollout: { status: 'active', percentage: 100 } }),
  guarded: skips({ variants, rules: [{ name: 'a', if: eq('plan', 'pro'), serve: part('first') }], default: 'on' }),
  condition: skips({ rules: [{ if: { percentage: { to: 100, salt: 's' } }, serve: 'on' }] }),
  notCondition: skips({ rules: [{ if: { not: { percentage: { to: 100, salt: 's' } } }, serve: 'on' }] }),
  dead: skips({ ...half, enabled: false }),
  needsSkipping: { prerequisites: [{ flag: 'skipping', variants: ['off'] }], default: 'on' },
  needsAbsent: { prerequisites: [{ flag: 'absent', variants: ['off'] }], default: 'on' },
  skipsItself: skips({ prerequisites: [{ flag: 'absent', variants: ['off'] }], default: 'on' }),
  known: skips({ ...half, salt: 'edge' }),
};
const of = (flag) => (description, context, expected, more = {}) => ask('missing', flag)(description, context, expected, { default: true, step: true, ...more });
const missing = [['absent', {}], ['null', { targetingKey: null }], ['empty', { targetingKey: '' }]];
const unfit = [['true', { targetingKey: true }], ['a fraction', { targetingKey: 1.5 }], ['2^53', { targetingKey: 9007199254740992 }], ['a list', { targetingKey: [] }], ['an object', { targetingKey: {} }]];
const lost = failed('TARGETING_KEY_MISSING', true);
const refused = failed('INVALID_CONTEXT', true);

export default {
  topic: 'missing units',
  about: 'onMissingUnit: a rule or rollout that draws is passed over where the unit is missing. An unfit unit stays an error, and a list is asked as ever.',
  documents: { missing: doc(flags) },
  cases: [
    ...missing.flatMap(([name, context]) => [
      of('error')(`error: ${name}`, context, { ...lost, step: 7 }),
      of('absent')(`nothing written, which is error: ${name}`, context, { ...lost, step: 7 }),
      of('skipping')(`continue at the percentage: ${name}`, context, { ...fallback('off', false), step: 9 }),
      of('chain')(`continue over two splits: ${name}`, context, { ...fallback('off', false), step: 12 }),
      of('condition')(`a percentage condition does not hold: ${name}`, context, { ...fallback('off', false), step: 10 }),
      of('notCondition')(`the opposite of a percentage condition holds: ${name}`, context, { ...ruled('on', true), step: 7 }),
    ]),
    ...unfit.flatMap(([name, context]) => [
      of('skipping')(`unfit at the percentage: ${name}`, context, { ...refused, step: 7 }),
      of('chain')(`unfit at a split: ${name}`, context, { ...refused, step: 7 }),
      of('listed')(`unfit at a list: ${name}`, context, { ...refused, step: 5 }),
      of('condition')(`unfit at a percentage condition is no error: ${name}`, context, { ...fallback('off', false), step: 10 }),
      of('full')(`unfit at 100 % is not judged: ${name}`, context, { ...drawn('on', true), step: 7 }),
      of('zero')(`unfit at 0 % is not judged: ${name}`, context, { ...fallback('off', false), step: 9 }),
    ]),
    of('full')('at 100 % everybody is in', {}, { ...drawn('on', true), step: 7 }),
    of('named')('continue to the environment', {}, { ...environmentDefault('on', true), step: 8 }),
    of('nullDefault')('continue to a null default', {}, { ...fallback(undefined, true), step: 9 }),
    of('listed')('a missing unit is on no list, and passes the percentage', {}, { ...fallback('off', false), step: 9 }),
    of('listed')('the allow list', { targetingKey: 'a' }, { ...listed('on', true), step: 6 }),
    of('audience')('an audience asks for no unit', {}, { ...fallback('off', false), step: 9 }),
    of('byUser')('the unit of the flag is asked: a targeting key stands in for a user', { targetingKey: '' }, { ...fallback('off', false), step: 9 }),
    of('byUser')('an empty user is missing', { userId: '', targetingKey: 'u' }, { ...fallback('off', false), step: 9 }),
    of('chain')('the first split draws where there is a unit', { targetingKey: 'u' }, { ...split('first', true), step: 7 }),
    of('chain')('the second split draws by its own unit', { userId: 'u' }, { ...split('second', true), step: 8 }),
    of('chain')('the second split judges its own unit', { userId: [] }, { ...refused, step: 8 }),
    of('chain')('the rule behind them', { plan: 'pro' }, { ...ruled('on', true), step: 9 }),
    of('chainError')('without it the first split is the end', { plan: 'pro' }, { ...lost, step: 7 }),
    of('chainError')('without it the first split is the end, whatever the second has', { userId: 'u' }, { ...lost, step: 7 }),
    of('thenRollout')('a split that is passed over leaves the rollout', {}, { ...drawn('on', true), step: 8 }),
    of('thenRollout')('a split that draws', { userId: 'u' }, { ...split('first', true), step: 7 }),
    of('guarded')('a rule that does not hold asks for nothing', { plan: 'free', targetingKey: [] }, { ...fallback('on', true), step: 10 }),
    of('guarded')('a rule that holds and is passed over', { plan: 'pro' }, { ...fallback('on', true), step: 10 }),
    of('guarded')('a rule that holds and draws', { plan: 'pro', targetingKey: 'u' }, { ...split('first', true), step: 7 }),
    of('dead')('a disabled flag', {}, { ...killed('off', false), step: 0 }),
    of('needsSkipping')('a prerequisite that continues has a variant', {}, { ...fallback('on', true), step: 9 }),
    of('needsAbsent')('a prerequisite that does not is unmet', {}, { ...unmet('off', false), step: 2 }),
    of('skipsItself')('it holds for the draws of its own flag alone', {}, { ...unmet('off', false), step: 2 }),
    of('known')('by a program with an unknown unit', {}, { ...fallback('off', false), step: 9 }, { known: {} }),
    of('known')('by a program with a known null unit', { targetingKey: null }, { ...fallback('off', false), step: 9 }, { known: { targetingKey: null } }),
    of('known')('by a program with a known unfit unit', { targetingKey: [1] }, { ...refused, step: 7 }, { known: { targetingKey: [1] } }),
    of('known')('by a program with a unit of bucket 9999', { targetingKey: 'u75684' }, { ...drawn('on', true), bucket: 9999, step: 7 }, { known: {}, bucket: true }),
  ],
};
