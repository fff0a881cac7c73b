import { conditionTopic } from './conditions.mjs';
import { ask, doc, fallback, targeted } from './help.mjs';

const at = (attribute, op = 'exists', value) => ({ attribute, op, ...(value === undefined ? {} : { value }) });
const eq = (attribute, value = 1) => at(attribute, 'eq', value);
const ctx = (context) => ({ context });
const raw = (contextText) => ({ contextText });

const targets = doc({
  list: { targets: [{ attribute: 'userId', values: ['u1', 7, true], variant: 'on' }] },
  path: { targets: [{ attribute: 'a.b', values: ['x'], variant: 'on' }] },
  first: {
    type: 'string', variants: { a: 'A', b: 'B', on: 'x', off: 'y' },
    targets: [{ attribute: 'p', values: ['1'], variant: 'a' }, { attribute: 'q', values: ['1'], variant: 'b' }, { attribute: 'p', values: ['1', '2'], variant: 'b' }],
  },
  now: { targets: [{ attribute: 'now', values: [5], variant: 'on' }] },
});
const target = (flag) => ask('targets', flag);

const topic = conditionTopic('look-up', 'Names, paths, null, userId through targetingKey, the reserved now; targets compare as in.', [
  [at('x'), [[ctx({ x: 0 }), true], [ctx({ x: null }), false], [ctx({}), false], [ctx({ X: 1 }), false], [raw('{"x":1,"x":null}'), false], [raw('{"x":null,"x":1}'), true], [raw('{"\\u0078":1}'), true]]],
  [eq('a.b'), [
    [ctx({ a: { b: 1 } }), true], [ctx({ 'a.b': 1 }), true], [ctx({ 'a.b': 2, a: { b: 1 } }), false], [ctx({ 'a.b': null, a: { b: 1 } }), false], [ctx({ 'a.b': 1, a: { b: 2 } }), true],
    [ctx({ a: { b: null } }), false], [ctx({ a: [{ b: 1 }] }), false], [ctx({ a: 'b' }), false], [ctx({ a: null }), false], [ctx({}), false], [ctx({ a: { 'b.c': 1 } }), false],
    [raw('{"a":{"b":1},"a":{}}'), false], [raw('{"a":{},"a":{"b":1}}'), true], [raw('{"a":{"b":2,"b":1}}'), true],
  ]],
  [at('a.b'), [[ctx({ 'a.b': null, a: { b: 1 } }), false], [ctx({ a: { b: false } }), true], [ctx({ a: { b: {} } }), true], [ctx({ a: { b: [] } }), true]]],
  [eq('a.b.c'), [[ctx({ a: { b: { c: 1 } } }), true], [ctx({ 'a.b': { c: 1 } }), false], [ctx({ a: { 'b.c': 1 } }), false], [ctx({ 'a.b.c': 1 }), true], [ctx({ a: { b: [{ c: 1 }] } }), false]]],
  [eq('a.0'), [[ctx({ a: [1] }), false], [ctx({ a: { 0: 1 } }), true], [ctx({ 'a.0': 1 }), true]]],
  [at('a.length'), [[ctx({ a: [1] }), false], [ctx({ a: 'text' }), false], [ctx({ a: { length: 0 } }), true]]],
  [eq(''), [[ctx({ '': 1 }), true], [ctx({}), false]]],
  [eq('.'), [[ctx({ '': { '': 1 } }), true], [ctx({ '.': 1 }), true], [ctx({ '': 1 }), false]]],
  [eq('a.'), [[ctx({ a: { '': 1 } }), true], [ctx({ 'a.': 1 }), true], [ctx({ a: 1 }), false]]],
  [eq('.a'), [[ctx({ '': { a: 1 } }), true], [ctx({ a: 1 }), false]]],
  [eq('a..b'), [[ctx({ a: { '': { b: 1 } } }), true], [ctx({ a: { b: 1 } }), false]]],
  [at('__proto__'), [[ctx({}), false], [raw('{"__proto__":1}'), true], [raw('{"__proto__":null}'), false]]],
  [at('constructor'), [[ctx({}), false], [ctx({ constructor: 1 }), true]]],
  [at('toString'), [[ctx({}), false]]],
  [at('a.hasOwnProperty'), [[ctx({ a: {} }), false], [raw('{"a":{"hasOwnProperty":0}}'), true]]],
  [at('__proto__.x'), [[ctx({}), false], [raw('{"__proto__":{"x":1}}'), true]]],
  [eq('ünï'), [[ctx({ 'ünï': 1 }), true], [ctx({ 'u\u0308ni\u0308': 1 }), false]]],
  [eq('userId', 'u'), [[ctx({ userId: 'u' }), true], [ctx({ targetingKey: 'u' }), true], [ctx({ userId: null, targetingKey: 'u' }), true], [ctx({ userId: '', targetingKey: 'u' }), false], [ctx({ userId: 'v', targetingKey: 'u' }), false], [ctx({ userId: false, targetingKey: 'u' }), false]]],
  [at('userId'), [[ctx({}), false], [ctx({ targetingKey: 'u' }), true], [ctx({ targetingKey: null }), false], [ctx({ userId: null, targetingKey: null }), false], [ctx({ targetingKey: '' }), true], [ctx({ userId: null }), false]]],
  [{ not: at('userId') }, [[ctx({}), true], [ctx({ targetingKey: 'u' }), false]]],
  [at('targetingKey'), [[ctx({ userId: 'u' }), false], [ctx({ targetingKey: 'u' }), true]]],
  [eq('userId.id', 'u'), [[ctx({ targetingKey: { id: 'u' } }), false], [ctx({ userId: { id: 'u' } }), true], [ctx({ 'userId.id': 'u' }), true]]],
  [eq('user.userId', 'u'), [[ctx({ targetingKey: 'u' }), false], [ctx({ user: {}, targetingKey: 'u' }), false], [ctx({ user: { userId: 'u' } }), true]]],
  [eq('customerId', 'c'), [[ctx({ customerId: 'c' }), true], [ctx({ targetingKey: 'c' }), false]]],
  [eq('sessionId', 's'), [[ctx({ sessionId: 's' }), true], [ctx({ targetingKey: 's' }), false]]],
  [eq('now', 5), [[{ context: {}, now: 5 }, true], [{ context: { now: 5 }, now: 6 }, false], [ctx({ now: 5 }), false], [{ context: { now: null }, now: 5 }, true]]],
  [at('now'), [[ctx({}), true], [ctx({ now: null }), true]]],
  [eq('now', 0), [[ctx({}), true]]],
  [eq('now.x'), [[ctx({ now: { x: 1 } }), false], [ctx({ 'now.x': 1 }), true]]],
  [eq('a.now'), [[ctx({ a: { now: 1 } }), true], [{ context: { a: {} }, now: 1 }, false]]],
], {
  cases: [
    target('list')('a target by text', { userId: 'u1' }, targeted('on', true)),
    target('list')('a target through the targeting key', { targetingKey: 'u1' }, targeted('on')),
    target('list')('a number is found', { userId: 7 }, targeted('on')),
    target('list')('a number is not a text', { userId: '7' }, fallback('off')),
    target('list')('a boolean is found', { userId: true }, targeted('on')),
    target('list')('letter case counts', { userId: 'U1' }, fallback('off')),
    target('list')('a list is found by none', { userId: ['u1'] }, fallback('off')),
    target('list')('absence is found by none', {}, fallback('off')),
    target('path')('a target by a path', { a: { b: 'x' } }, targeted('on')),
    target('path')('a target by a dotted name', { 'a.b': 'x' }, targeted('on')),
    target('first')('the first target', { p: '1', q: '1' }, targeted('a', 'A')),
    target('first')('the second target', { q: '1' }, targeted('b', 'B')),
    target('first')('the third target', { p: '2' }, targeted('b', 'B')),
    target('now')('a target over now', {}, targeted('on'), { now: 5 }),
    target('now')('a target over another now', { now: 5 }, fallback('off'), { now: 6 }),
  ],
});
topic.documents.targets = targets;

export default topic;
