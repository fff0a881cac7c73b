import { conditionTopic, kindsBut, wrongCondition, x } from './conditions.mjs';

const raw = (text) => ({ contextText: `{"x":${text}}` });

export default conditionTopic('operators: numbers', 'Numbers are doubles; lt, lte, gt, gte, eq.', [
  [x('lt', 5), [[4, true], [5, false], [6, false], [4.999999999999999, true], [-1e300, true], ['4', false], ...kindsBut('number')]],
  [x('lte', 5), [[5, true], [5.000000000000001, false], [-0, true], ['5', false], ...kindsBut('number')]],
  [x('gt', 5), [[6, true], [5, false], [5.000000000000001, true], ['6', false], ...kindsBut('number')]],
  [x('gte', 5), [[5, true], [4.999999999999999, false], [1e300, true], ['5', false], ...kindsBut('number')]],
  [x('eq', 0.1), [[raw('0.1'), true], [raw('0.10'), true], [raw('1e-1'), true], [raw('0.1000000000000000055511151231257827'), true], [raw('0.10000000000000002'), false]]],
  [x('eq', 0), [[raw('-0'), true], [raw('0.0'), true], [raw('-0e10'), true], [raw('1e-400'), true], [raw('5e-324'), false]]],
  [x('gt', 0), [[raw('-0'), false], [raw('5e-324'), true], [raw('2e-324'), false]]],
  [x('eq', 7), [[7, true], [raw('7.0'), true], [raw('0.7e1'), true], [raw('"7"'), false], [raw('7.000000000000000001'), true]]],
  [x('eq', 9007199254740992), [[raw('9007199254740993'), true], [raw('9007199254740994'), false]]],
  [x('eq', 9007199254740996), [[raw('9007199254740995'), true]]],
  [x('eq', 1e21), [[raw('1000000000000000000000'), true], [raw('1e21'), true], [raw('1000000000000000000001'), true]]],
  [x('eq', 1.7976931348623157e308), [[raw('1.7976931348623157e308'), true], [raw('1.7976931348623158e308'), true], [raw('1.797693134862315e308'), false]]],
  [x('eq', 0.3), [[raw('0.30000000000000004'), false], [raw('0.3'), true]]],
  [x('eq', 2.2250738585072014e-308), [[raw('2.2250738585072011e-308'), false], [raw('2.2250738585072014e-308'), true]]],
  [x('eq', 8.41e21), [[raw('8410000000000000000000'), true], [raw('8.41E+21'), true]]],
  [x('eq', 5.764607523034235e39), [[raw('5.764607523034234878e39'), true]]],
  [x('eq', 1e23), [[raw('1e23'), true], [raw('100000000000000000000000'), true], [raw('1.0000000000000001e23'), false]]],
  [x('in', [1, 2.5]), [[raw('1.0'), true], [raw('25e-1'), true], ['1', false]]],
  [x('notIn', [1, 2.5]), [[3, true], [raw('1e0'), false]]],
  [x('lt', -1), [[-2, true], [-1, false], [0, false]]],
  [{ all: [x('gte', 18), x('lt', 65)] }, [[18, true], [64.9, true], [65, false], [17, false], ['18', false]]],
], {
  refusals: [
    wrongCondition('lt with a text', x('lt', '5'), '/value'),
    wrongCondition('gte with null', x('gte', null), '/value'),
    wrongCondition('gt with a list', x('gt', [1]), '/value'),
    wrongCondition('lte with a boolean', x('lte', true), '/value'),
  ],
});
