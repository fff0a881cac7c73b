import { conditionTopic, kindsBut, wrongCondition, x } from './conditions.mjs';

const at = '2025-11-03T00:00:00Z';
const millis = 1762128000000;
const before = (value) => x('before', value);
const after = (value) => x('after', value);
const good = [
  '2025-11-02T23:59:59Z', '2025-11-02T23:59:59.999Z', '2025-11-02T23:59:59.9999999Z', '2025-11-02t23:59:59z', '2025-11-03T00:59:59+01:00',
  '2025-11-02T18:29:59-05:30', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00+23:59', '1969-12-31T23:59:59.5Z', '2000-02-29T00:00:00Z', '2024-02-29T23:59:59Z', '2025-11-03T23:58:59+23:59',
];
const bad = [
  '2025-11-02', '2025-11-02T00:00Z', '2025-11-02T00:00:00', '2025-11-02 00:00:00Z', '2025-11-02T00:00:60Z', '2016-12-31T23:59:60Z', '2025-11-02T24:00:00Z', '2025-11-02T00:60:00Z',
  '2025-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2025-04-31T00:00:00Z', '2025-13-01T00:00:00Z', '2025-00-01T00:00:00Z', '2025-01-00T00:00:00Z', '2025-01-32T00:00:00Z',
  '2025-11-02T00:00:00.Z', '2025-11-02T00:00:00,5Z', '2025-11-02T00:00:00+0100', '2025-11-02T00:00:00+01', '2025-11-02T00:00:00+24:00', '2025-11-02T00:00:00+00:60', '2025-11-02T00:00:00 Z',
  ' 2025-11-02T00:00:00Z', '2025-11-02T00:00:00Z ', '2025-11-02T00:00:00Z\n', '2025-1-2T00:00:00Z', '+2025-11-02T00:00:00Z', '-0001-11-02T00:00:00Z', '12025-11-02T00:00:00Z', '２025-11-02T00:00:00Z', '', '0', '1762127999999', '2025-W44-7T00:00:00Z',
  '2025-11-02T00:00:00\u221205:00', '20251102T000000Z', '0000-01-01T00:00:00Z', '0000-02-29T00:00:00Z', '0000-12-31T23:59:59.999Z',
];

export default conditionTopic('operators: time', 'before and after over epoch milliseconds and date-times; the reserved attribute now.', [
  [before(at), [...good.map((text) => [text, true]), ...bad.map((text) => [text, false]), [millis - 1, true], [millis, false], [millis + 1, false], [millis - 0.5, false], [-0.5, false], [-1e15, true], [at, false], ...kindsBut('text', 'number'), ['text', false]]],
  [after(at), [['2025-11-03T00:00:01Z', true], ['2025-11-03T00:00:00.001Z', true], ['2025-11-03T00:00:00.0009Z', false], ['2025-11-03T00:00:00.000999999999Z', false], ['2025-11-02T23:59:59-00:01', true], ['2025-11-03T00:00:00+00:01', false], ['9999-12-31T23:59:59.999Z', true], ['2025-11-02T23:00:01-01:00', true], [at, false], [millis, false], [millis + 1, true], [millis + 0.5, false], [millis + 1.5, false], ...kindsBut('text', 'number'), ...bad.slice(0, 12).map((text) => [text, false])]],
  [{ not: before(at) }, [['2025-11-02', true], [{ context: {} }, true], ['2025-11-02T00:00:00Z', false]]],
  [before(millis), [['2025-11-02T23:59:59.999Z', true], [at, false], [millis - 1, true]]],
  [after(0), [['1970-01-01T00:00:00Z', false], ['1970-01-01T00:00:00.001Z', true], [1, true], [0, false], [-1, false]]],
  [after(-1), [['1969-12-31T23:59:59.999Z', false], ['1970-01-01T00:00:00Z', true], ['1969-12-31T23:59:59.9999Z', false]]],
  [after('0001-01-01T00:00:00Z'), [[-62135596800000, false], [-62135596799999, true]]],
  [before('9999-12-31T23:59:59.999-23:59'), [[253402387139998, true], [253402387139999, false]]],
  [before('2025-11-03t00:00:00.123456z'), [[1762128000122, true], [1762128000123, false]]],
  [after('2000-03-01T00:00:00+00:00'), [['2000-02-29T23:59:59.999Z', false], ['2000-03-01T00:00:00.001Z', true]]],
  [{ attribute: 'now', op: 'after', value: at }, [
    [{ context: {}, now: millis }, false, 'now at it'],
    [{ context: {}, now: millis + 1 }, true, 'now a millisecond later'],
    [{ context: {} }, false, 'no now, which is 0'],
    [{ context: { now: millis * 2 } }, false, "a context's own now"],
    [{ context: { now: 'x' }, now: millis + 1 }, true, "now against a context's own"],
  ]],
  [{ attribute: 'now', op: 'before', value: '1970-01-01T00:00:00Z' }, [[{ context: {}, now: -1 }, true, 'a negative now'], [{ context: {}, now: 0 }, false, 'now 0'], [{ context: {}, now: -9007199254740992 }, true, 'now -2^53']]],
  [{ attribute: 'now', op: 'gte', value: 1000 }, [[{ context: {}, now: 1000 }, true, 'now as a number'], [{ context: {}, now: 999 }, false, 'now as a number below']]],
], {
  refusals: [
    ...['2025-11-02', '2025-02-29T00:00:00Z', '', '2025-11-02T00:00:60Z', '0000-12-31T00:00:00Z'].map((text) => wrongCondition(`before with ${JSON.stringify(text)}`, before(text), '/value')),
    wrongCondition('after with a boolean', after(true), '/value'),
    wrongCondition('after with a fraction of a millisecond', after(1.5), '/value'),
    wrongCondition('after with null', after(null), '/value'),
  ],
});
