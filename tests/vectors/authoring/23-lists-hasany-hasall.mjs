import { conditionTopic, kindsBut, wrongCondition, x } from './conditions.mjs';

const any = (...entries) => x('hasAny', entries);
const all = (...entries) => x('hasAll', entries);
const fold = (condition) => ({ ...condition, ignoreCase: true });

export default conditionTopic('operators: lists', 'hasAny and hasAll: an attribute that is a list against a list of entries, by equal members.', [
  [any('a', 'b'), [
    [['a'], true], [['b'], true], [['c', 'b'], true], [['a', 'b'], true], [['c'], false], [[], false], [['A'], false], [['ab'], false], [['a '], false], [[['a']], false], [[{ a: 'a' }], false], [[null], false],
    ['a', false], [{ a: 'a' }, false], [{ 0: 'a' }, false], ...kindsBut('list'),
  ]],
  [all('a', 'b'), [
    [['a', 'b'], true], [['b', 'a'], true], [['b', 'c', 'a'], true], [['a', 'a', 'b'], true], [['a'], false], [['a', 'a'], false], [['c'], false], [[], false], [['a', 'B'], false], [[['a', 'b']], false], [[['a'], 'b'], false],
    ['ab', false], [{ a: 1, b: 1 }, false], ...kindsBut('list'),
  ]],
  [any(), [[[], false], [['a'], false], ['a', false], [null, false], [{ context: {} }, false]]],
  [all(), [[[], true], [['a'], true], [[null], true], [[[]], true], ['a', false], [7, false], [{}, false], [null, false], [{ context: {} }, false]]],
  [{ not: any('a') }, [[['a'], false], [['b'], true], [[], true], ['a', true], [null, true], [{ context: {} }, true]]],
  [{ not: all() }, [[[], false], ['a', true], [{ context: {} }, true]]],
  [any(7, true, ''), [[[7], true], [['7'], false], [[true], true], [['true'], false], [[1], false], [[false], false], [[''], true], [[0], false], [[7.5], false]]],
  [all(7, '7'), [[[7, '7'], true], [[7], false], [['7', '7'], false]]],
  [all('a', 'a'), [[['a'], true], [['b'], false]]],
  [all(false), [[[false], true], [[0], false], [[''], false], [[null], false], [[], false]]],
  [any(1000), [[{ contextText: '{"x":[1e3]}' }, true], [{ contextText: '{"x":[1000.0000000000001]}' }, false]]],
  [any(0), [[{ contextText: '{"x":[-0]}' }, true], [{ contextText: '{"x":[-0.0,1]}' }, true]]],
  [all(0.1, 9007199254740992), [[{ contextText: '{"x":[0.1000000000000000055,9007199254740993]}' }, true], [{ contextText: '{"x":[0.1,9007199254740994]}' }, false]]],
  [fold(any('Ab', 7)), [[['aB'], true], [['AB', 1], true], [['b'], false], [[7], true], [['7'], false]]],
  [fold(all('Ab', 'CD')), [[['cd', 'ab'], true], [['cd'], false], [['AB', 'abcd'], false]]],
  [{ ...any('Ab'), ignoreCase: false }, [[['Ab'], true], [['ab'], false]]],
  [fold(any('İ')), [[['i\u0307'], true], [['i'], false]]],
  [fold(all('Σ', '\u212a')), [[['σ', 'k'], true], [['ς', 'k'], false]]],
  [fold(all()), [[[], true], ['a', false]]],
  [any('é'), [[['é'], true], [['e\u0301'], false]]],
  [{ attribute: 'a.b', op: 'hasAll', value: ['x'] }, [[{ context: { a: { b: ['x', 'y'] } } }, true], [{ context: { a: [{ b: ['x'] }] } }, false]]],
  [{ attribute: 'now', op: 'hasAny', value: [0] }, [[{ context: { now: [0] } }, false]]],
  [{ all: [any('a', 'b'), { not: all('a', 'b') }] }, [[['a'], true], [['b', 'c'], true], [['a', 'b'], false], [['c'], false]]],
], {
  refusals: [
    wrongCondition('hasAny with a text', x('hasAny', 'a'), '/value'),
    wrongCondition('hasAll with an object', x('hasAll', { a: 1 }), '/value'),
    wrongCondition('hasAny without a value', x('hasAny'), ''),
    wrongCondition('hasAny with a null entry', any('a', null), '/value/1'),
    wrongCondition('hasAll with a list in the list', all(['a']), '/value/0'),
    wrongCondition('hasAll with an object in the list', all('a', {}), '/value/1'),
    wrongCondition('hasAny counts case', x('hasany', ['a']), '/op'),
    wrongCondition('hasAny with ignoreCase as a text', { ...any('a'), ignoreCase: 'true' }, '/ignoreCase'),
    wrongCondition('hasAll takes no as', { ...all(1), as: 'number' }, '/as'),
    wrongCondition('hasAny takes no loose', { ...any('1.0.0'), loose: true }, '/loose'),
  ],
});
