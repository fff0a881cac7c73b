import { ask, doc, drawn, failed, fallback, ruled, split } from './help.mjs';

const half = [{ variant: 'a', weight: 50000 }, { variant: 'b', weight: 50000 }];
const variants = { a: 'A', b: 'B', c: 'C' };
const base = { type: 'string', variants, on: 'a', off: 'c' };
const flags = {
  half: { ...base, rules: [{ name: 'r', serve: { split: half } }] },
  swapped: { ...base, salt: 'half', rules: [{ name: 'r', serve: { split: [...half].reverse() } }] },
  sameSalt: { ...base, rules: [{ serve: { split: half, salt: 'half/r' } }] },
  renamed: { ...base, salt: 'half', rules: [{ name: 'r', serve: { split: half } }] },
  otherRule: { ...base, salt: 'half', rules: [{ name: 's', serve: { split: half } }] },
  zero: { ...base, rules: [{ name: 'r', serve: { split: [{ variant: 'a', weight: 0 }, { variant: 'b', weight: 100000 }, { variant: 'c', weight: 0 }] } }] },
  one: { ...base, rules: [{ name: 'r', serve: { split: [{ variant: 'b', weight: 100000 }] } }] },
  repeated: { ...base, rules: [{ name: 'r', serve: { split: [{ variant: 'a', weight: 25000 }, { variant: 'b', weight: 50000 }, { variant: 'a', weight: 25000 }] } }] },
  exponent: { ...base, rules: [{ name: 'r', serve: { split: [{ variant: 'b', weight: 1e5 }] } }] },
  byUser: { ...base, unit: 'customerId', rules: [{ name: 'r', serve: { split: half, unit: 'userId' } }] },
  byCustomer: { ...base, unit: 'customerId', rules: [{ name: 'r', serve: { split: half } }] },
  byPath: { ...base, rules: [{ name: 'r', serve: { split: half, unit: 'geo.city' } }] },
  guarded: { ...base, rules: [{ name: 'r', if: { attribute: 'beta', op: 'eq', value: true }, serve: { split: half } }], rollout: { status: 'active', percentage: 100 } },
  two: {
    ...base,
    rules: [
      { name: 'first', if: { attribute: 'x', op: 'eq', value: 1 }, serve: { split: half } },
      { name: 'second', if: { attribute: 'x', op: 'eq', value: 2 }, serve: { split: half } },
      { if: { attribute: 'x', op: 'eq', value: 3 }, serve: 'b' },
    ],
  },
  sameNames: { ...base, rules: [{ name: 'n', if: { attribute: 'x', op: 'eq', value: 1 }, serve: 'a' }, { name: 'n', if: { attribute: 'x', op: 'eq', value: 2 }, serve: 'b' }] },
  emptySalt: { ...base, rules: [{ serve: { split: half, salt: '' } }] },
  emptyFlagSalt: { ...base, salt: '', rules: [{ name: 'r', serve: { split: half } }] },
  byNow: { ...base, rules: [{ name: 'r', serve: { split: half, unit: 'now' } }] },
};
const of = (flag) => ask('splits', flag);
const asked = { bucket: true };
const ids = ['u-1', 'u-2', 'u-3', 'ünï', '用户', '😀', ' ', '0'];
/** By the published algorithm under the key 00…0f and the salt half/r, worked out apart from `evaluate`. */
export default {
  topic: 'splits',
  about: 'Splits: order, weights, salts, units. Flags that share a salt share their buckets.',
  documents: { splits: doc(flags) },
  cases: [
    ...ids.map((id) => of('half')(`a draw: ${id}`, { targetingKey: id }, { reason: 'SPLIT', layer: 'rule' }, asked)),
    ...ids.map((id) => of('swapped')(`the order counts: ${id}`, { targetingKey: id }, { reason: 'SPLIT', layer: 'rule' }, asked)),
    ...ids.map((id) => of('sameSalt')(`a salt of its own: ${id}`, { targetingKey: id }, { reason: 'SPLIT', layer: 'rule' }, asked)),
    ...ids.map((id) => of('otherRule')(`another rule's name: ${id}`, { targetingKey: id }, { reason: 'SPLIT', layer: 'rule' }, asked)),
    of('renamed')('a salt kept on rename', { targetingKey: 'u-1' }, { reason: 'SPLIT' }, asked),
    ...ids.slice(0, 3).map((id) => of('zero')(`a weight of 0 gets nobody: ${id}`, { targetingKey: id }, split('b', 'B'), asked)),
    of('one')('all the weight on one', { targetingKey: 'u' }, split('b', 'B'), asked),
    of('one')('all the weight on one still asks for a unit', {}, failed('TARGETING_KEY_MISSING', 'z'), { default: 'z' }),
    of('one')('all the weight on one still judges the unit', { targetingKey: false }, failed('INVALID_CONTEXT', 'z'), { default: 'z' }),
    of('exponent')('a weight written with an exponent', { targetingKey: 'u' }, split('b', 'B'), asked),
    ...ids.slice(0, 4).map((id) => of('repeated')(`a variant that stands twice: ${id}`, { targetingKey: id }, { reason: 'SPLIT' }, asked)),
    of('byUser')("the split's own unit", { customerId: 'c', userId: 'u-1' }, { reason: 'SPLIT' }, asked),
    of('byUser')("the flag's unit does not stand in", { customerId: 'c' }, failed('TARGETING_KEY_MISSING')),
    of('byUser')('the targeting key stands in for the user', { targetingKey: 'u-1' }, { reason: 'SPLIT' }, asked),
    of('byUser')('a user that is unfit is not replaced', { targetingKey: 'u-1', userId: 1.25 }, failed('INVALID_CONTEXT')),
    of('byCustomer')("the flag's unit", { customerId: 'u-1', userId: 'x' }, { reason: 'SPLIT' }, asked),
    of('byCustomer')("the flag's unit is missing", { userId: 'x', targetingKey: 'y' }, failed('TARGETING_KEY_MISSING')),
    of('byPath')('a path as the unit', { geo: { city: 'Bern' } }, { reason: 'SPLIT' }, asked),
    of('byPath')('a path through a list finds nothing', { geo: ['city'] }, failed('TARGETING_KEY_MISSING')),
    of('byPath')('a path to an object is unfit', { geo: { city: {} } }, failed('INVALID_CONTEXT')),
    of('guarded')('a rule that does not hold asks for no unit', {}, drawn('a')),
    of('guarded')('a rule that holds does not fall through for want of a unit', { beta: true }, failed('TARGETING_KEY_MISSING')),
    of('two')('the first rule draws', { x: 1, targetingKey: 'u-2' }, { reason: 'SPLIT' }, asked),
    of('two')('the second rule draws by itself', { x: 2, targetingKey: 'u-2' }, { reason: 'SPLIT' }, asked),
    of('two')('a rule without a name that does not split', { x: 3 }, ruled('b', 'B')),
    of('two')('no rule', { x: 4 }, fallback('c', 'C')),
    of('sameNames')('names of rules that do not split may repeat', { x: 2 }, ruled('b')),
    of('emptySalt')('an empty salt', { targetingKey: 'u-1' }, { reason: 'SPLIT' }, asked),
    of('emptyFlagSalt')("an empty salt of the flag", { targetingKey: 'u-1' }, { reason: 'SPLIT' }, asked),
    of('byNow')('the time as a unit', {}, { reason: 'SPLIT' }, { ...asked, now: 1762128000000 }),
    of('byNow')('time 0 is the unit 0', {}, { reason: 'SPLIT' }, asked),
  ],
};
