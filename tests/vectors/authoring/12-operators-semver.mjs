import { conditionTopic, kindsBut, wrongCondition, x } from './conditions.mjs';

/** semver.org, items 11.2 to 11.4. */
const chain = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '2.0.0', '2.1.0', '2.1.1'];
const bad = [
  '1', '1.2', '1.2.3.4', 'v1.2.3', '=1.2.3', ' 1.2.3', '1.2.3 ', '01.2.3', '1.02.3', '1.2.03', '1.2.3-', '1.2.3-01', '1.2.3-a.01', '1.2.3-a..b', '1.2.3+', '1.2.3+a..b', '1.2.3+a+b', '1.2.3-é', '-1.2.3',
  '1.2.x', '1.2.*', '', '1.2.3-a_b', '1.2.3\n', '１.2.3', '1.2.3-.a', '1.2.3-a.',
];
const odd = ['1.2.3-0', '1.2.3-00a', '1.2.3--', '1.2.3---.-', '1.2.3-0a.1.-', '1.2.3+001', '1.2.3-a+001.--.0', '1.2.3+21AF26D3----117B344092BD'];

export default conditionTopic('operators: semantic versions', 'semver.org 2.0.0, strict: the precedence chain, equality without build metadata, caret and tilde.', [
  ...chain.map((base, i) => [x('semverGt', base), chain.map((text, j) => [text, j > i])]),
  ...[3, 6, 7].flatMap((i) => [
    [x('semverLt', chain[i]), chain.map((text, j) => [text, j < i])],
    [x('semverGte', chain[i]), chain.map((text, j) => [text, j >= i])],
    [x('semverLte', chain[i]), chain.map((text, j) => [text, j <= i])],
    [x('semverEq', chain[i]), chain.map((text, j) => [text, j === i])],
  ]),
  [x('semverEq', '1.2.3'), [['1.2.3', true], ['1.2.3+build', true], ['1.2.3+001', true], ['1.2.3-0', false], ...bad.map((text) => [text, false]), ...kindsBut('text'), ['text', false]]],
  [x('semverEq', '1.2.3+other'), [['1.2.3', true], ['1.2.3+build', true]]],
  [x('semverGte', '0.0.0-0'), [...odd.map((text) => [text, true]), ...bad.map((text) => [text, false]), ['0.0.0-0', true], ['0.0.0', true]]],
  [{ not: x('semverGte', '1.0.0') }, [['1', true], ['1.0.0', false], [{ context: {} }, true]]],
  [x('semverGt', '1.0.0-99'), [['1.0.0-100', true], ['1.0.0-9', false], ['1.0.0-a', true], ['1.0.0-99.0', true], ['1.0.0--', true]]],
  [x('semverGt', '1.0.0-A'), [['1.0.0-a', true], ['1.0.0-B', true], ['1.0.0-1', false], ['1.0.0--', false]]],
  [x('semverGt', '1.0.0-a.b'), [['1.0.0-a.b.c', true], ['1.0.0-a', false], ['1.0.0-a.b.0', true]]],
  [x('semverGt', '1.9.0'), [['1.10.0', true], ['1.11.0', true], ['1.8.99', false]]],
  [x('semverGt', '1.0.9007199254740992'), [['1.0.9007199254740993', true], ['1.0.9007199254740992', false]]],
  [x('semverLt', '1.0.0-18446744073709551615'), [['1.0.0-18446744073709551614', true], ['1.0.0-18446744073709551615', false]]],
  [x('semverCaret', '1.2.3'), [['1.2.3', true], ['1.2.4', true], ['1.9.0', true], ['1.2.2', false], ['2.0.0', false], ['2.0.0-rc.1', false], ['1.9.9-rc.1', true], ['1.2.3-rc.1', false], ['1.2.3+b', true], ['0.2.3', false], ['1.1.9', false], ['11.2.3', false]]],
  [x('semverCaret', '0.2.3'), [['0.2.3', true], ['0.2.9', true], ['0.3.0', false], ['0.3.0-a', false], ['0.2.4-a', true], ['0.2.3-a', false], ['1.2.3', false]]],
  [x('semverCaret', '0.0.3'), [['0.0.3', true], ['0.0.4', false], ['0.0.3-a', false], ['0.0.3+b', true], ['0.0.4-a', false]]],
  [x('semverCaret', '0.0.0'), [['0.0.0', true], ['0.0.0+b', true], ['0.0.0-a', false], ['0.0.1', false], ['0.1.0', false]]],
  [x('semverCaret', '1.0.0'), [['1.0.0', true], ['1.0.1', true], ['1.0.0-a', false], ['2.0.0-a', false]]],
  [x('semverCaret', '1.2.3-beta.2'), [['1.2.3-beta.2', true], ['1.2.3-beta.3', true], ['1.2.3-beta.1', false], ['1.2.3', true], ['1.2.4-alpha', true], ['1.3.0', true], ['2.0.0-alpha', false]]],
  [x('semverCaret', '0.0.0-a'), [['0.0.0-a', true], ['0.0.0-b', true], ['0.0.0', true], ['0.0.1', false]]],
  [x('semverCaret', '0.1.0'), [['0.1.0', true], ['0.1.9', true], ['0.2.0', false], ['0.0.9', false]]],
  [x('semverTilde', '1.2.3'), [['1.2.3', true], ['1.2.9', true], ['1.3.0', false], ['1.3.0-rc.1', false], ['1.2.2', false], ['1.2.3-rc.1', false], ['1.2.4-rc.1', true], ['2.2.3', false]]],
  [x('semverTilde', '0.0.3'), [['0.0.3', true], ['0.0.4', true], ['0.1.0', false]]],
  [x('semverTilde', '0.0.0'), [['0.0.0', true], ['0.0.1', true], ['0.0.0-a', false], ['0.1.0-a', false]]],
  [x('semverTilde', '1.2.3-rc.1'), [['1.2.3-rc.1', true], ['1.2.3-rc.2', true], ['1.2.3', true], ['1.2.3-alpha', false], ['1.2.8', true]]],
], {
  refusals: [
    ...['1.2', 'v1.2.3', '^1.2.3', '1.2.3-01', ''].map((text) => wrongCondition(`semverEq with ${JSON.stringify(text)}`, x('semverEq', text), '/value')),
    wrongCondition('semverGt with a number', x('semverGt', 1), '/value'),
    wrongCondition('semverGte with two numbers', x('semverGte', '1.2'), '/value'),
    wrongCondition('semverLt with null', x('semverLt', null), '/value'),
    wrongCondition('semverLte with an operator in it', x('semverLte', '<=1.2.3'), '/value'),
    wrongCondition('semverCaret with a list', x('semverCaret', ['1.2.3']), '/value'),
    wrongCondition('semverTilde with a range', x('semverTilde', '~1.2.3'), '/value'),
    wrongCondition('an operator without its prefix', x('gtSemver', '1.2.3'), '/op'),
  ],
});
