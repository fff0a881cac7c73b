import { conditionTopic, kindsBut, wrongCondition, x } from './conditions.mjs';

const loose = (op, value) => ({ ...x(op, value), loose: true });
const number = (op, value, more = {}) => ({ ...x(op, value), as: 'number', ...more });
const raw = (text) => ({ contextText: `{"x":${text}}` });
const eighteen = '9'.repeat(18);

/** Each greater than the one before it; those in one list are equal. */
const chain = [
  ['0', 'v0.0', '000.0.0.0'], ['0.0.0.1'], ['0.1-alpha'], ['0.1', '0.1.0+build'], ['1-0', '1.0-0'], ['1-9'], ['1-10'], ['1-a', '1.0.0-a+b'], ['1', 'V1.0', '01', '1.0.0.0', '1+7'], ['1.0.0.1'], ['1.2-rc.1'], ['1.2'], ['1.10', 'v1.010.00'],
  ['17.1'], ['120.0.6099.99'], ['120.0.6099.109', 'v120.00.6099.109.0'], [eighteen],
];
const flat = chain.flatMap((texts, i) => texts.map((text) => [text, i]));
const notLoose = [
  '', 'v', '.', '1.', '.1', '1..2', 'vv1', 'v 1', 'v.1', ' 1', '1 ', '1\n', '-1', '+1', '=1', '^1', '1.x', '1.*', '1,2', '１', '1-', '1-01', '1-a.', '1-.a', '1-a..b', '1-a_b', '1+', '1+a..b', '1+a+b', '1a', '1.2rc1', '1.2.rc1', '0x1', '1e3',
  `1${'0'.repeat(18)}`, `1.${'0'.repeat(19)}`, `1.2.3.${'0'.repeat(18)}1`, 'version 1',
];

/** Texts that count as numbers, with their double by the nearest decimal. */
const decimals = [
  ['0', 0], ['-0', 0], ['7', 7], ['-7', -7], ['007', 7], ['7.0', 7], ['7.50', 7.5], ['-0.5', -0.5], ['00.5', 0.5], ['0.1', 0.1], ['123456789012345', 123456789012345], ['-123456789012345', -123456789012345], ['0000000000000000000000000000007', 7],
  ['123456789012345.0', 123456789012345], ['12345678901234.5', 12345678901234.5], ['0.123456789012345', 0.123456789012345], ['0.000000000000001', 1e-15], ['1.000000000000000', 1], ['123456789012345.000000000000000', 123456789012345], ['100000000000000', 1e14],
  ['0.000000000000000', 0], ['0000.100000000000000', 0.1], ['4.35', 4.35], ['2.675', 2.675], ['8.2', 8.2],
];
const notDecimals = [
  '', '-', '.', '.5', '5.', '-.5', '+7', '--7', ' 7', '7 ', '7\n', '7,5', '1e3', '1E3', '0x7', 'NaN', 'Infinity', '-Infinity', '٧', '７', '7.5.1', '1_000', '7n', 'true', '1234567890123456', '1000000000000000', '-1234567890123456', '123456789012345.6', '1.234567890123456',
  '0.1234567890123456', '0.0000000000000001', '0.0000000000000000', '1.0000000000000000', '7.5000000000000000',
];

export default conditionTopic('options: loose and as', 'Versions with any count of numbers, and numbers written as text; both sides of every limit of digits.', [
  ...[0, 3, 5, 8, 10, 12, 15, 16].map((i) => [loose('semverGt', chain[i][0]), flat.map(([text, j]) => [text, j > i])]),
  ...[3, 8, 15].flatMap((i) => [
    [loose('semverEq', chain[i][chain[i].length - 1]), flat.map(([text, j]) => [text, j === i])],
    [loose('semverLt', chain[i][0]), flat.map(([text, j]) => [text, j < i])],
    [loose('semverGte', chain[i][0]), flat.map(([text, j]) => [text, j >= i])],
    [loose('semverLte', chain[i][0]), flat.map(([text, j]) => [text, j <= i])],
  ]),
  [loose('semverGte', '0-0'), [...notLoose.map((text) => [text, false]), ...kindsBut('text'), ['text', false], [1, false], [17.1, false], [eighteen, true], [`v${'0'.repeat(18)}.${eighteen}`, true], [Array(50).fill('1').join('.'), true]]],
  [{ not: loose('semverGte', '0-0') }, [['1.', true], [7, true], [{ context: {} }, true], ['1', false]]],
  [loose('semverEq', '17.1.0'), [['v17.1', true], ['17.1', true], ['V17.01.0.0+x', true], ['17.1.0-a', false], ['17.1.1', false], ['17', false]]],
  [loose('semverGt', '120.0.6099.99'), [['120.0.6099.109', true], ['120.0.6099.99', false], ['120.0.6099.9', false], ['120.0.6100', true], ['120.1', true], ['119.9.9999.999', false]]],
  [loose('semverGt', `1.${eighteen.slice(0, 17)}8`), [[`1.${eighteen}`, true], [`1.${eighteen.slice(0, 17)}8`, false], ['1.0', false]]],
  [loose('semverGt', '1-18446744073709551615'), [['1-18446744073709551616', true], ['1-18446744073709551614', false]]],
  [loose('semverCaret', '1.2'), [['1.2', true], ['v1.2.0.7', true], ['1.9', true], ['1.10.3', true], ['1.1.9', false], ['2', false], ['2.0.0-rc.1', false], ['1.9.9-rc.1', true], ['1.2-rc.1', false]]],
  [loose('semverCaret', '1.2.3.4'), [['1.2.3.4', true], ['1.2.3.3', false], ['1.2.3', false], ['1.2.3.5', true], ['1.2.4', true], ['1.3', true], ['2', false]]],
  [loose('semverCaret', '0.2'), [['0.2.9', true], ['0.2', true], ['0.3', false], ['0.1', false], ['1', false]]],
  [loose('semverCaret', '0.0.3.5'), [['0.0.3.5', true], ['0.0.3.9', true], ['0.0.3.4', false], ['0.0.4', false]]],
  [loose('semverCaret', '0.0.0.5'), [['0.0.0.5', true], ['0.0.0.6', true], ['0.0.0.4', false], ['0', false], ['0.0.1', false]]],
  [loose('semverCaret', 'v0'), [['0', true], ['0.0.0.1', true], ['0.0.1', false], ['0-a', false]]],
  [loose('semverTilde', '1'), [['1.0.9', true], ['1.0.0.1', true], ['1.1', false], ['1-a', false], ['0.9', false]]],
  [loose('semverTilde', '1.2.3.4'), [['1.2.3.4', true], ['1.2.3.3', false], ['1.2.4', true], ['1.2.9.1', true], ['1.3', false]]],
  [{ ...x('semverEq', '1.2.0'), loose: false }, [['1.2.0', true], ['1.2', false], ['v1.2.0', false]]],

  [number('gte', -1e300), [...decimals.map(([text]) => [text, true]), ...notDecimals.map((text) => [text, false]), [7, true], [7.5, true], [raw('1e16'), true], [raw('0.00000000000000001'), true], [true, false], [[7], false], [{ a: 7 }, false], [null, false], [{ context: {} }, false]]],
  ...decimals.map(([text, value]) => [number('eq', value), [[text, true], [value, true]]]),
  [number('eq', 7), [['7', true], [7, true], ['7.0', true], ['7.000000000000001', false], ['8', false], [true, false], ['x', false]]],
  [number('eq', 0.3), [['0.3', true], ['0.30', true], [raw('0.30000000000000004'), false]]],
  [number('neq', 7), [['7', false], ['7.00', false], ['8', true], [8, true], ['x', false], ['', false], [true, false], [[8], false], [null, false], [{ context: {} }, false]]],
  [number('in', [7, 0.5]), [['7', true], ['0.50', true], [0.5, true], ['8', false], ['x', false]]],
  [number('in', []), [['7', false], [7, false], ['x', false]]],
  [number('notIn', [7, 0.5]), [['8', true], [8, true], ['7.0', false], ['x', false], [false, false], [{ context: {} }, false]]],
  [number('notIn', []), [['7', true], [7, true], ['x', false], ['1e3', false], [true, false], [[], false], [{ context: {} }, false]]],
  [{ not: number('eq', 7) }, [['7', false], ['x', true], [{ context: {} }, true]]],
  [number('lt', 18), [['17.9', true], ['18', false], ['9', true], ['-1', true], ['x', false]]],
  [number('lte', 18), [['18.0', true], ['18.000000000000001', false, '17 significant digits'], ['19', false]]],
  [number('lte', 1.8), [['1.80', true], ['1.80000000000001', false], ['1.79999999999999', true]]],
  [number('gt', 100), [['99', false], ['100', false], ['100.5', true], ['1000', true]]],
  [number('eq', 7, { ignoreCase: true }), [['7', true], ['8', false]]],
  [number('in', [0]), [['-0', true], ['-0.0', true], ['0', true], [raw('-0'), true]]],
  [{ attribute: 'now', op: 'gte', value: 1000, as: 'number' }, [[{ context: { now: '5000' }, now: 999 }, false, 'now 999'], [{ context: {}, now: 1000 }, true, 'now 1000']]],
  [{ attribute: 'userId', op: 'eq', value: 42, as: 'number' }, [[{ context: { targetingKey: '42' } }, true, 'the targeting key as the user'], [{ context: { targetingKey: '42', userId: '43' } }, false, 'a user']]],
  [x('eq', 7), [['7', false, 'a text without as']]],
], {
  refusals: [
    ...notLoose.slice(0, 12).map((text) => wrongCondition(`loose semverEq with ${JSON.stringify(text)}`, loose('semverEq', text), '/value')),
    wrongCondition('loose semverGt with 19 digits', loose('semverGt', `1${'0'.repeat(18)}`), '/value'),
    wrongCondition('loose semverGt with a number', loose('semverGt', 17.1), '/value'),
    wrongCondition('loose false on a loose version', { ...x('semverEq', '1.2'), loose: false }, '/value'),
    wrongCondition('loose as a text', { ...x('semverEq', '1.2.0'), loose: 'true' }, '/loose'),
    wrongCondition('loose as null', { ...x('semverEq', '1.2.0'), loose: null }, '/loose'),
    ...[['eq', '1.2.0'], ['lt', 1], ['in', ['1.2.0']], ['matches', 'a'], ['after', 0], ['cidr', []], ['contains', 'a']].map(([op, value]) => wrongCondition(`${op} takes no loose`, loose(op, value), '/loose')),
    wrongCondition('exists takes no loose', { ...x('exists'), loose: false }, '/loose'),
    wrongCondition('loose takes no ignoreCase', { ...loose('semverEq', '1'), ignoreCase: true }, '/ignoreCase'),
    wrongCondition('as with a text as the operand', number('eq', '7'), '/value'),
    wrongCondition('as with a boolean as the operand', number('neq', true), '/value'),
    wrongCondition('as with a text among the entries', number('in', [7, '8']), '/value/1'),
    wrongCondition('as with a boolean among the entries', number('notIn', [true]), '/value/0'),
    wrongCondition('as with a text on lt', number('lt', '7'), '/value'),
    ...['string', 'Number', '', null, true, ['number']].map((as) => wrongCondition(`as ${JSON.stringify(as)}`, { ...x('eq', 7), as }, '/as')),
    ...[['contains', 7], ['startsWith', '7'], ['before', 7], ['semverEq', '1.0.0'], ['matches', '7'], ['hasAny', [7]]].map(([op, value]) => wrongCondition(`${op} takes no as`, number(op, value), '/as')),
    wrongCondition('exists takes no as', { ...x('exists'), as: 'number' }, '/as'),
    wrongCondition('a form takes no as', { all: [], as: 'number' }, '/as'),
  ],
});
