import { ask, constant, customer, doc, drawn, environment, failed, fallback, killed, listed, organization, ruled, targeted, unmet } from './help.mjs';

const eq = (attribute, value) => ({ attribute, op: 'eq', value });
const halves = [{ variant: 'on', weight: 50000 }, { variant: 'off', weight: 50000 }];
const needs = (flag) => ({ prerequisites: [{ flag, variants: ['on'] }] });
const targets = [{ attribute: 't', values: [0], variant: 'on' }, { attribute: 't', values: [1], variant: 'on' }];
const rules = [{ if: eq('r', 0), serve: 'on' }, { name: 'one', if: eq('r', 1), serve: { split: halves } }, { if: eq('r', 2), serve: 'off' }];
const rollout = { status: 'active', percentage: 50, allow: ['a'], deny: ['d'] };
const full = { targets, rules, rollout };

const steps = doc(
  {
    plain: {},
    gate: { rules: [{ if: eq('shut', true), serve: 'off' }], default: 'on' },
    shut: { enabled: false, rollout: { status: 'rolled_back' }, ...needs('nowhere') },
    back: { ...full, rollout: { status: 'rolled_back' } },
    gated: { ...full, ...needs('gate') },
    twiceGated: { prerequisites: [{ flag: 'plain', variants: ['off'] }, { flag: 'nowhere', variants: ['on'] }] },
    full,
    named: { ...full, environments: { production: 'on' } },
    bare: { environments: { production: 'on' } },
    rulesOnly: { rules },
    targetsOnly: { targets },
    planned: { ...full, rollout: { ...rollout, status: 'planned' } },
    everybody: { ...full, rollout: { ...rollout, percentage: 100 } },
    allowOnly: { rollout: { status: 'active', percentage: 0, allow: ['a'] } },
    denyOnly: { rollout: { status: 'active', percentage: 0, deny: ['d'] } },
    nullOff: { off: null, enabled: false },
    nullDefault: { off: null },
    text: { type: 'string', variants: { on: 'x', off: 'y' } },
    many: { rules: Array.from({ length: 256 }, (_, i) => ({ if: eq('r', i), serve: 'on' })), targets: Array.from({ length: 256 }, (_, i) => ({ attribute: 't', values: [i], variant: 'on' })) },
  },
  { overrides: { customers: { c: { full: true, plain: true } }, organizations: { o: { full: true, plain: false } } } },
);
const step = (flag) => (description, context, index, expected, more = {}) => ask('steps', flag)(description, context, { ...expected, step: index }, { step: true, ...more });

const metadata = { team: 'chat', 'cost center': 7.5, 'a.b': true, '': '', é: 'ü' };
const told = doc({
  plain: { metadata },
  none: { metadata: {} },
  absent: {},
  reserved: { metadata: { layer: 'mine', version: 1, stale: true, flagConfigEtag: 'e' } },
  mixed: { metadata: { layer: 'mine', Layer: 'yours', stale: false, stales: 0, 'version.1': 'x' } },
  operators: { description: 'd', owner: 'o', tags: ['t'], stage: 'beta', lifetime: 'release', expires: '2020-01-01T00:00:00Z', metadata: { a: 1 } },
  dead: { enabled: false, metadata: { a: 1 } },
  half: { metadata: { a: 1 }, rollout: { status: 'active', percentage: 50 } },
  gated: { ...needs('plain'), metadata: { a: 1 } },
  unmetAlone: needs('plain'),
  nullOff: { off: null, metadata: { a: 1 } },
  aliased: { aliases: ['other'], metadata: { a: 1 } },
  bad: { type: 'colour', metadata: { a: 1 } },
  known: { metadata: { a: 1 }, rules: [{ if: eq('plan', 'pro'), serve: 'on' }] },
});
const numbers = { text: JSON.stringify(doc({ n: { metadata: { z: 0 } } })).replace('{"z":0}', '{"z":1.0,"y":-0,"x":1e21,"w":0.1000000000000000055,"v":"\\u0041\\ud83d\\ude00","u":1e-7}') };
const tell = (flag) => (description, context, expected, more = {}) => ask('told', flag)(description, context, expected, { metadata: true, ...more });
const notTold = (expected) => ({ ...expected, metadata: undefined });
const a = { metadata: { a: 1 } };

export default {
  topic: 'metadata and steps',
  about: 'What a flag tells beside its answer, and the index of the step that answered, counted as if every step were there.',
  documents: { steps, told, numbers },
  cases: [
    step('shut')('0: disabled, before everything else', { r: 0 }, 0, killed('off', false)),
    step('back')('1: rolled back', { t: 0 }, 1, killed('off', false)),
    step('nullOff')('0: disabled with a null off', {}, 0, killed(undefined, true), { default: true }),
    step('gated')('2: a prerequisite', { shut: true, t: 0 }, 2, unmet('off', false)),
    step('twiceGated')('2: the second of two prerequisites', {}, 2, unmet('off', false)),
    step('full')('3: the customer', { customerId: 'c', organizationId: 'o' }, 3, customer('on', true)),
    step('full')('4: the organization', { customerId: 'x', organizationId: 'o' }, 4, organization('on', true)),
    step('plain')('3: in a flag with nothing written', { customerId: 'c' }, 3, customer('on', true)),
    step('plain')('4: in a flag with nothing written', { organizationId: 'o' }, 4, organization('off', false)),
    step('full')('5: the deny list', { targetingKey: 'd', t: 0 }, 5, listed('off', false)),
    step('full')('6: the allow list', { targetingKey: 'a', t: 0 }, 6, listed('on', true)),
    step('full')('7: the first target', { targetingKey: 'u', t: 0 }, 7, targeted('on', true)),
    step('full')('8: the second target', { targetingKey: 'u', t: 1, r: 0 }, 8, targeted('on', true)),
    step('full')('9: the first rule, behind two targets', { targetingKey: 'u', r: 0 }, 9, ruled('on', true)),
    step('full')('10: the second rule, a split', { targetingKey: 'u', r: 1 }, 10, { reason: 'SPLIT', layer: 'rule', errorCode: undefined }),
    step('full')('11: the third rule', { targetingKey: 'u', r: 2 }, 11, ruled('off', false)),
    step('everybody')('12: the percentage, behind two targets and three rules', { targetingKey: 'u' }, 12, drawn('on', true)),
    step('planned')('14: the default, although no rollout runs', { targetingKey: 'u' }, 14, fallback('off', false)),
    step('gated')('9: a met prerequisite is one step like an absent one', { targetingKey: 'u', r: 0 }, 9, ruled('on', true)),
    step('plain')('9: the default of a flag with nothing written', {}, 9, constant('off', false)),
    step('nullDefault')('9: a null default', {}, 9, fallback(undefined, true), { default: true }),
    step('bare')('8: the environment of a flag without targets and rules', {}, 8, environment('on', true)),
    step('rulesOnly')('7: the first rule without targets', { r: 0 }, 7, ruled('on', true)),
    step('rulesOnly')('12: the default behind three rules', {}, 12, fallback('off', false)),
    step('targetsOnly')('8: the second target without rules', { t: 1 }, 8, targeted('on', true)),
    step('targetsOnly')('11: the default behind two targets', {}, 11, fallback('off', false)),
    step('many')('7: the first of 256 targets', { t: 0 }, 7, targeted('on', true)),
    step('many')('262: the last of 256 targets', { t: 255, r: 0 }, 262, targeted('on', true)),
    step('many')('263: the first of 256 rules behind them', { r: 0 }, 263, ruled('on', true)),
    step('many')('518: the last of 256 rules behind them', { r: 255 }, 518, ruled('on', true)),
    step('many')('521: the default behind 256 targets and 256 rules', { r: 256 }, 521, fallback('off', false)),

    step('full')('an unfit unit is told at the deny list', { targetingKey: [], t: 0 }, 5, failed('INVALID_CONTEXT', true), { default: true }),
    step('denyOnly')('an unfit unit with a deny list alone', { targetingKey: [] }, 5, failed('INVALID_CONTEXT', true), { default: true }),
    step('allowOnly')('an unfit unit with an allow list alone', { targetingKey: [] }, 6, failed('INVALID_CONTEXT', true), { default: true }),
    step('full')('a missing unit at the second rule', { r: 1 }, 10, failed('TARGETING_KEY_MISSING', true), { default: true }),
    step('rulesOnly')('a missing unit at the second rule without targets', { r: 1 }, 8, failed('TARGETING_KEY_MISSING', true), { default: true }),
    step('rulesOnly')('an unfit unit at the second rule', { r: 1, targetingKey: {} }, 8, failed('INVALID_CONTEXT', true), { default: true }),
    step('full')('a missing unit at the percentage', {}, 12, failed('TARGETING_KEY_MISSING', true), { default: true }),
    step('named')('a missing unit at the percentage, before the environment', {}, 12, failed('TARGETING_KEY_MISSING', true), { default: true }),
    step('nowhere')('an unknown flag has no step', {}, undefined, failed('FLAG_NOT_FOUND', true), { default: true }),
    step('text')('the wrong type has no step', {}, undefined, failed('TYPE_MISMATCH', true), { default: true }),
    step('shut')('a refused context has no step', [], undefined, failed('INVALID_CONTEXT', true), { default: true }),
    step('plain')('a context that does not extend what is known has no step', {}, undefined, failed('PROVIDER_NOT_READY', true), { default: true, known: { plan: 'pro' } }),
    step('full')('a settled rule has the index that it has', { plan: 'pro', r: 0 }, 9, ruled('on', true), { known: { r: 0 } }),
    step('full')('a settled miss takes no step away', { r: 3, t: 9, targetingKey: 'a' }, 6, listed('on', true), { known: { r: 3, t: 9 } }),
    step('rulesOnly')('a settled hit behind settled misses has the index that it has', { r: 2 }, 9, ruled('off', false), { known: { r: 2 } }),
    step('rulesOnly')('behind settled misses the default has the index that it has', { r: 3 }, 12, fallback('off', false), { known: { r: 3 } }),
    step('many')('a settled miss of every target takes no step away', { t: 999, r: 255 }, 518, ruled('on', true), { known: { t: 999 } }),
    ask('steps', 'full')('no step where it is not asked', { targetingKey: 'a' }, { ...listed('on', true), step: undefined }),
    ask('steps', 'full')('step and bucket together', { targetingKey: 'u', r: 1 }, { reason: 'SPLIT', layer: 'rule', step: 10 }, { step: true, bucket: true }),

    tell('plain')('what a flag tells', {}, { ...constant('off', false), metadata }),
    ask('told', 'plain')('nothing where it is not asked', {}, notTold(constant('off', false))),
    tell('none')('an empty one is left out', {}, notTold(constant('off', false))),
    tell('absent')('an absent one is left out', {}, notTold(constant('off', false))),
    tell('reserved')('reserved names are not told, and what remains is empty', {}, notTold(constant('off', false))),
    tell('mixed')('names that are like the reserved ones are told', {}, { ...constant('off', false), metadata: { Layer: 'yours', stales: 0, 'version.1': 'x' } }),
    tell('operators')('what is for operators is not told, and an expired flag answers', {}, { ...constant('off', false), ...a }),
    tell('dead')('a disabled flag tells it', {}, { ...killed('off', false), ...a }),
    tell('half')('a missing unit tells it', {}, { ...failed('TARGETING_KEY_MISSING', true), ...a }, { default: true }),
    tell('half')('an unfit unit does not', { targetingKey: [] }, notTold(failed('INVALID_CONTEXT', true)), { default: true }),
    tell('half')('a refused context does not', null, notTold(failed('INVALID_CONTEXT', true)), { default: true }),
    tell('half')('the wrong type tells it', {}, { ...failed('TYPE_MISMATCH', 'x'), ...a }, { default: 'x' }),
    tell('nowhere')('an unknown flag does not', {}, notTold(failed('FLAG_NOT_FOUND', true)), { default: true }),
    tell('bad')('a flag that is left out does not', {}, notTold(failed('FLAG_NOT_FOUND', true)), { default: true }),
    tell('gated')('a flag tells its own, not that of its prerequisite', {}, { ...unmet('off', false), ...a }),
    tell('unmetAlone')('a flag without any tells none of its prerequisite', {}, notTold(unmet('off', false))),
    tell('nullOff')("the caller's default with it", {}, { ...fallback(undefined, true), ...a }, { default: true }),
    tell('other')('by an alias', {}, { ...constant('off', false), ...a }),
    tell('known')('by a program', { plan: 'pro' }, { ...ruled('on', true), ...a }, { known: { plan: 'pro' } }),
    tell('known')('a context that does not extend what is known does not', {}, notTold(failed('PROVIDER_NOT_READY', true)), { default: true, known: { plan: 'pro' } }),
    tell('known')('everything together', { plan: 'pro' }, { ...ruled('on', true), ...a, step: 7 }, { step: true, bucket: true }),
    ask('numbers', 'n')('numbers and texts print as canonical JSON', {}, { ...constant('off', false), metadata: { u: 1e-7, v: 'A😀', w: 0.1, x: 1e21, y: 0, z: 1 } }, { metadata: true }),
  ],
};
