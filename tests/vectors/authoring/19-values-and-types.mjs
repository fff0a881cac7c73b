import { ask, constant, doc, drawn, environment, environmentDefault, failed, fallback, killed, listed, ruled, unmet } from './help.mjs';

const types = { boolean: true, string: 'text', number: 7, object: { a: 1 } };
const wishes = { 'true': true, 'false': false, 'a text': 'x', 'the empty text': '', 'a number': 1.5, zero: 0, 'an object': { b: 2 }, 'an empty object': {}, 'a list': [1], 'an empty list': [] };
const typeOf = (wish) => (typeof wish === 'object' ? 'object' : typeof wish);
const numbers = {
  n1e21: ['1e21', 1e21], n1e20: ['1e20', 1e20], n1e_7: ['1e-7', 1e-7], n1e_6: ['1e-6', 1e-6], nMinus0: ['-0', 0], n01: ['0.1', 0.1], nSum: ['0.30000000000000004', 0.30000000000000004], nMax: ['1.7976931348623157e308', Number.MAX_VALUE],
  nMin: ['5e-324', 5e-324], n10: ['10.0', 10], nExp: ['1E+2', 100], nBig: ['9007199254740993', 9007199254740992], nLong: ['333333333.33333329', 333333333.3333333], nNeg: ['-1.5e-9', -1.5e-9], n123: ['123456789012345680000', 123456789012345680000], n4_5: ['4.50', 4.5],
  n2e_3: ['2e-3', 0.002], nUnder: ['1e-999', 0], nThird: ['0.3333333333333333333333', 0.3333333333333333], n1e23: ['1e23', 1e23], nHalf: ['5.000000000000000000000000000000001', 5],
};
const texts = { empty: '', quote: '"', backslash: '\\', slash: '/', tab: '\t\n\r\b\f', control: '\u0001\u001f', del: '\u007f', accents: 'é ünï', emoji: '😀', separators: '\u2028\u2029', bom: '\ufeff', last: '\uffff\u{10ffff}', html: '<script>&' };
const objects = {
  sorted: { b: 1, a: 2, C: 3, '10': 4, '9': 5, '': 6 },
  nested: { z: [{ b: null, a: [true, false, { y: [], x: {} }] }], a: { c: 'd' } },
  unicode: { '€': 1, '\r': 2, 'דּ': 3, '1': 4, '😀': 5, '\u0080': 6, 'ö': 7 },
};
const rawDocument = `{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{${Object.entries(numbers).map(([key, [text]]) => `"${key}":{"type":"number","variants":{"on":${text},"off":0},"default":"on"}`).join(',')},"deep":{"type":"object","variants":{"on":{"b":1e21,"a":[-0,1.0,1E-7,0.10],"":"\\u0041\\/"},"off":[]},"default":"on"},"proto":{"type":"object","variants":{"on":{"__proto__":1,"constructor":{"b":1,"a":2}},"off":{}},"default":"on"}}}`;

const nulls = {
  offNull: { enabled: false, off: null },
  offNullOn: { off: null, default: 'on' },
  defaultNull: { default: null },
  defaultFromOff: { off: null },
  environmentNull: { environments: { production: null }, default: 'on' },
  environmentOther: { environments: { staging: null }, default: 'on' },
  environmentNotNull: { environments: { production: 'on' }, default: null },
  nullWithRule: { default: null, rules: [{ if: { attribute: 'a', op: 'exists' }, serve: 'on' }] },
  denied: { off: null, default: 'on', rollout: { status: 'active', percentage: 100, deny: ['d'] } },
  gone: { off: null, rollout: { status: 'rolled_back' } },
  unmet: { off: null, prerequisites: [{ flag: 'defaultNull', variants: ['on'] }], default: 'on' },
  text: { type: 'string', variants: { on: 'x' }, off: null },
};
const of = (document) => (flag) => ask(document, flag);
const [typed, number, valued, nulled] = ['types', 'numbers', 'values', 'nulls'].map(of);

export default {
  topic: 'values and types',
  about: 'TYPE_MISMATCH, null in off and default, values of every type, canonical printing of the caller\'s own default.',
  documents: {
    types: doc(Object.fromEntries(Object.entries(types).map(([type, value]) => [type, { type, variants: { v: value }, on: 'v', off: 'v' }]))),
    numbers: { text: rawDocument },
    values: doc({
      ...Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, { type: 'string', variants: { v: value }, on: 'v', off: 'v' }])),
      ...Object.fromEntries(Object.entries(objects).map(([key, value]) => [key, { type: 'object', variants: { v: value }, on: 'v', off: 'v' }])),
      list: { type: 'object', variants: { v: [3, 1, 2, null] }, on: 'v', off: 'v' },
    }),
    nulls: doc(nulls),
  },
  cases: [
    ...Object.entries(types).flatMap(([type, value]) => Object.entries(wishes).map(([wish, callersDefault]) =>
      typed(type)(`a ${type} flag asked with ${wish}`, {}, typeOf(callersDefault) === type ? constant('v', value) : failed('TYPE_MISMATCH', callersDefault), { default: callersDefault }))),
    ...Object.entries(types).flatMap(([type, value]) => [
      typed(type)(`a ${type} flag asked with null`, {}, constant('v', value), { default: null }),
      typed(type)(`a ${type} flag asked with nothing`, {}, constant('v', value)),
    ]),
    ...Object.entries(numbers).map(([key, [text, value]]) => number(key)(`the number ${text}`, {}, constant('on', value))),
    number('deep')('numbers inside an object', {}, { reason: 'STATIC', layer: 'default', variant: 'on', value: { '': 'A/', a: [0, 1, 1e-7, 0.1], b: 1e21 } }),
    number('proto')('members with names of the language', {}, { ...constant('on'), value: JSON.parse('{"__proto__":1,"constructor":{"a":2,"b":1}}') }),
    ...Object.entries(texts).map(([key, value]) => valued(key)(`the text ${JSON.stringify(value)}`, {}, constant('v', value))),
    ...Object.entries(objects).map(([key, value]) => valued(key)(`the object ${key}`, {}, constant('v', value))),
    valued('list')('a list keeps its order', {}, constant('v', [3, 1, 2, null])),
    ...Object.entries({ ...texts, ...objects, list: [2, 1], small: 1e-7, large: 1e21, tenth: 0.1 }).map(([name, callersDefault]) =>
      valued('nowhere')(`the caller's default comes back: ${name}`, {}, failed('FLAG_NOT_FOUND', callersDefault), { default: callersDefault })),
    nulled('offNull')('disabled with a null off', {}, killed(undefined, true), { default: true }),
    nulled('offNull')('disabled with a null off and a null default', {}, killed(undefined, null), { default: null }),
    nulled('offNull')('disabled with a null off and no default', {}, killed(undefined)),
    nulled('offNull')('disabled with a null off and a wrong default', {}, failed('TYPE_MISMATCH', 'x'), { default: 'x' }),
    nulled('offNullOn')('a null off is not read in step 11', {}, constant('on', true), { default: false }),
    nulled('defaultNull')('a null default', {}, fallback(undefined, true), { default: true }),
    nulled('defaultNull')('a null default without a default of the caller', {}, fallback(undefined)),
    nulled('defaultFromOff')('an absent default takes a null off', {}, fallback(undefined, true), { default: true }),
    nulled('environmentNull')('a null environment', {}, environmentDefault(undefined, false), { default: false }),
    nulled('environmentOther')('a null in another environment', {}, constant('on', true)),
    nulled('environmentNotNull')('an environment before a null default', {}, environment('on', true)),
    nulled('nullWithRule')('a null default after a rule', {}, fallback(undefined, true), { default: true }),
    nulled('nullWithRule')('a rule before a null default', { a: 1 }, ruled('on', true)),
    nulled('denied')('denied with a null off', { targetingKey: 'd' }, listed(undefined, true), { default: true }),
    nulled('denied')('not denied', { targetingKey: 'e' }, drawn('on', true)),
    nulled('gone')('rolled back with a null off', {}, killed(undefined, true), { default: true }),
    nulled('unmet')('an unmet prerequisite with a null off', {}, unmet(undefined, true), { default: true }),
    nulled('text')('a text flag with a null off', {}, fallback(undefined, 'mine'), { default: 'mine' }),
  ],
};

