import { conditionTopic, wrongCondition } from './conditions.mjs';
import { ask, doc, failed, fallback, ruled } from './help.mjs';

const yes = { all: [] };
const no = { any: [] };
const a = { attribute: 'a', op: 'eq', value: 1 };
const b = { attribute: 'b', op: 'eq', value: 1 };
const ctx = (context) => ({ context });
const rule = (condition) => ({ rules: [{ if: condition, serve: 'on' }] });
const nested = (depth, inner = yes) => (depth === 1 ? inner : { not: nested(depth - 1, inner) });
const segments = {
  proEu: { all: [{ attribute: 'plan', op: 'in', value: ['pro'] }, { attribute: 'geo.region', op: 'eq', value: 'EU' }] },
  named: { segment: 'proEu' },
  'with blanks, ünï and a/b~c': a,
  '': b,
  notNamed: { not: { segment: 'named' } },
  deep15: nested(15),
  __proto__x: yes,
};
/** Segments over different attributes, in the order in which the compiler numbers them and in the other one. */
const remembered = doc({
  falseThenTrue: rule({ any: [{ segment: 'hasA' }, { segment: 'hasB' }] }),
  trueThenFalse: rule({ all: [{ segment: 'hasB' }, { not: { segment: 'hasA' } }] }),
  sameTwice: rule({ all: [{ not: { segment: 'hasA' } }, { segment: 'hasB' }, { not: { segment: 'hasA' } }] }),
  acrossRules: { rules: [{ if: { segment: 'hasA' }, serve: 'off' }, { if: { segment: 'hasC' }, serve: 'off' }, { if: { segment: 'hasB' }, serve: 'on' }] },
  ofPrerequisite: { prerequisites: [{ flag: 'askedFirst', variants: ['off'] }], ...rule({ segment: 'hasB' }) },
  askedFirst: rule({ segment: 'hasA' }),
  behindNested: rule({ all: [{ not: { segment: 'hasAAndB' } }, { segment: 'hasB' }] }),
}, {
  segments: {
    hasA: { attribute: 'a', op: 'exists' },
    hasB: { attribute: 'b', op: 'exists' },
    hasC: { attribute: 'c', op: 'exists' },
    hasAAndB: { all: [{ segment: 'hasA' }, { segment: 'hasB' }] },
  },
});
const proEu = { plan: 'pro', geo: { region: 'EU' } };

const brokenSegments = {
  good: yes,
  bad: { attribute: 'x', op: 'like', value: 'a' },
  usesBad: { all: [{ segment: 'bad' }] },
  lost: { segment: 'nowhere' },
  self: { segment: 'self' },
  first: { any: [{ segment: 'second' }] },
  second: { not: { segment: 'first' } },
  toCycle: { segment: 'first' },
};
const broken = doc(
  Object.fromEntries(Object.keys(brokenSegments).map((name) => [name, rule({ all: [{ segment: name }] })])),
  { segments: brokenSegments },
);
const tooDeep = (description, document, errors, flags) => ({ description, document, refused: false, errors, flags });
const chain = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i + 1}`, i + 1 === count ? yes : { segment: `s${i + 2}` }]));

const topic = conditionTopic('segments and logic', 'all, any, not, exists, segments; depth 16 is the last that is allowed, counted through segments.', [
  [yes, [[ctx({}), true]]],
  [no, [[ctx({}), false]]],
  [{ not: yes }, [[ctx({}), false]]],
  [{ not: no }, [[ctx({}), true]]],
  [{ all: [a, b] }, [[ctx({ a: 1, b: 1 }), true], [ctx({ a: 1 }), false], [ctx({ b: 1 }), false], [ctx({}), false]]],
  [{ any: [a, b] }, [[ctx({ a: 1, b: 1 }), true], [ctx({ a: 1 }), true], [ctx({ b: 1 }), true], [ctx({}), false]]],
  [{ all: [a] }, [[ctx({ a: 1 }), true], [ctx({ a: 2 }), false]]],
  [{ any: [{ all: [a, { not: b }] }, { all: [{ not: a }, b] }] }, [[ctx({ a: 1 }), true], [ctx({ b: 1 }), true], [ctx({ a: 1, b: 1 }), false], [ctx({}), false]]],
  [{ not: { not: a } }, [[ctx({ a: 1 }), true], [ctx({}), false]]],
  [{ not: { all: [a, b] } }, [[ctx({ a: 1 }), true], [ctx({ a: 1, b: 1 }), false]]],
  [{ all: [yes, { not: no }, { any: [no, yes] }] }, [[ctx({}), true]]],
  [{ segment: 'proEu' }, [[ctx(proEu), true], [ctx({ plan: 'pro' }), false], [ctx({}), false], [ctx({ plan: 'pro', 'geo.region': 'EU' }), true]]],
  [{ segment: 'named' }, [[ctx(proEu), true], [ctx({}), false]]],
  [{ segment: 'notNamed' }, [[ctx(proEu), false], [ctx({}), true]]],
  [{ not: { segment: 'proEu' } }, [[ctx(proEu), false], [ctx({}), true]]],
  [{ any: [{ segment: 'proEu' }, a] }, [[ctx(proEu), true], [ctx({ a: 1 }), true], [ctx({}), false]]],
  [{ segment: 'with blanks, ünï and a/b~c' }, [[ctx({ a: 1 }), true]]],
  [{ segment: '' }, [[ctx({ b: 1 }), true], [ctx({}), false]]],
  [{ segment: '__proto__x' }, [[ctx({}), true]]],
  [nested(16), [[{ context: {} }, false, 'sixteen deep, fifteen of them not']]],
  [nested(15, no), [[{ context: {} }, false, 'fifteen deep, fourteen of them not']]],
  [{ segment: 'deep15' }, [[{ context: {} }, true, 'a segment of depth 15 is at 16']]],
  [{ all: [{ attribute: 'b', op: 'exists' }, { not: { attribute: 'a', op: 'exists' } }] }, [[ctx({ b: 0 }), true], [ctx({ a: 1, b: 1 }), false], [ctx({ a: null, b: false }), true]]],
], {
  document: { segments },
  cases: [
    ...['bad', 'usesBad', 'lost', 'self', 'first', 'second', 'toCycle'].map((flag) => 
      ask('broken', flag)(`a flag that uses the segment ${flag}`, {}, failed('FLAG_NOT_FOUND', true), { default: true })),
    ask('broken', 'good')('a flag that uses a good segment', {}, ruled('on')),
    ...[
      ['falseThenTrue', 'a segment that does not hold, then another that does'],
      ['trueThenFalse', 'a segment that holds, then another that does not'],
      ['sameTwice', 'one segment twice, another between'],
      ['acrossRules', 'segments of three rules, of which the last one holds'],
      ['ofPrerequisite', 'a segment that holds, behind a prerequisite whose segment does not'],
      ['behindNested', 'a segment that holds, behind one that names it and does not'],
    ].map(([flag, description]) => ask('remembered', flag)(description, { b: 1 }, ruled('on', true))),
    ask('remembered', 'falseThenTrue')('two segments of which neither holds', { c: 1 }, fallback('off', false)),
    ask('remembered', 'trueThenFalse')('two segments that both hold, the second one negated', { a: 1, b: 1 }, fallback('off', false)),
  ],
  refusals: [
    {
      description: 'unknown, cyclic and broken segments',
      document: broken,
      refused: false,
      errors: [
        ...['bad', 'first', 'lost', 'second', 'self', 'toCycle', 'usesBad'].map((name) => `/flags/${name}/rules/0/if/all/0/segment`),
        '/segments/bad/op',
        '/segments/first/any/0/segment',
        '/segments/lost/segment',
        '/segments/second/not/segment',
        '/segments/self/segment',
        '/segments/toCycle/segment',
        '/segments/usesBad/all/0/segment',
      ],
      flags: ['good'],
    },
    { description: 'a broken segment that no flag uses', document: doc({ good: {} }, { segments: { bad: 7 } }), refused: false, errors: ['/segments/bad'], flags: ['good'] },
    wrongCondition('an unknown segment', { segment: 'nowhere' }, '/segment'),
    wrongCondition('a segment that is no name', { segment: ['a'] }, '/segment'),
    wrongCondition('a condition that is no object', true, ''),
    wrongCondition('a condition that is null', null, ''),
    wrongCondition('a condition that is a list', [a], ''),
    wrongCondition('an empty condition', {}, ''),
    wrongCondition('two forms in one condition', { all: [], any: [] }, ''),
    wrongCondition('a test and a form in one condition', { ...a, all: [] }, ''),
    wrongCondition('an unknown form', { none: [] }, ''),
    wrongCondition('an unknown member beside a form', { all: [], value: 1 }, '/value'),
    wrongCondition('all with an object', { all: a }, '/all'),
    wrongCondition('any with null', { any: null }, '/any'),
    wrongCondition('not with a list', { not: [a] }, '/not'),
    wrongCondition('something wrong deep inside', { all: [yes, { any: [no, { not: { attribute: 'a', op: 'lt', value: 'x' } }] }] }, '/all/1/any/1/not/value'),
    { description: 'depth 16 is allowed', document: doc({ f: rule(nested(16)) }), refused: false, errors: [], flags: ['f'] },
    tooDeep('depth 17 is not, for that flag alone', doc({ f: rule(nested(17)), good: {} }), [`/flags/f/rules/0/if${'/not'.repeat(16)}`], ['good']),
    tooDeep('depth 20 is one error', doc({ f: rule(nested(20)), good: {} }), [`/flags/f/rules/0/if${'/not'.repeat(16)}`], ['good']),
    tooDeep('two conditions that are too deep are two errors', doc({ f: rule(nested(15, { all: [nested(2), yes, nested(3)] })) }), [0, 2].map((i) => `/flags/f/rules/0/if${'/not'.repeat(14)}/all/${i}/not`), []),
    { description: 'depth 16 through a segment is allowed', document: doc({ f: rule({ all: [{ segment: 's' }] }) }, { segments: { s: nested(14) } }), refused: false, errors: [], flags: ['f'] },
    tooDeep('depth 17 through a segment is not, for that flag alone', doc({ f: rule({ all: [{ segment: 's' }] }), good: rule({ segment: 's' }) }, { segments: { s: nested(15) } }), ['/flags/f/rules/0/if/all/0/segment'], ['good']),
    tooDeep('a segment of depth 17 breaks the flags that use it', doc({ f: rule({ segment: 's' }), g: rule({ any: [{ segment: 's' }] }), good: {} }, { segments: { s: nested(17) } }), ['/flags/f/rules/0/if/segment', '/flags/g/rules/0/if/any/0/segment', `/segments/s${'/not'.repeat(16)}`], ['good']),
    { description: 'a chain of sixteen segments', document: doc({ f: {} }, { segments: chain(16) }), refused: false, errors: [], flags: ['f'] },
    tooDeep('a chain of seventeen segments: the first is too deep', doc({ f: rule({ segment: 's1' }), good: rule({ segment: 's3' }) }, { segments: chain(17) }), ['/flags/f/rules/0/if/segment', '/segments/s1/segment'], ['good']),
    tooDeep('a chain of nineteen segments: the first three are too deep', doc({ f: {} }, { segments: chain(19) }), [1, 2, 3].map((i) => `/segments/s${i}/segment`), ['f']),
    { description: 'a flag over a chain of fifteen segments', document: doc({ f: rule({ segment: 's1' }) }, { segments: chain(15) }), refused: false, errors: [], flags: ['f'] },
    {
      description: 'a cycle of thirty segments is no depth',
      document: doc({ f: rule({ segment: 's0' }), good: {} }, { segments: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`s${i}`, { segment: `s${(i + 1) % 30}` }])) }),
      refused: false,
      errors: ['/flags/f/rules/0/if/segment', ...Array.from({ length: 30 }, (_, i) => `/segments/s${i}/segment`)].sort(),
      flags: ['good'],
    },
    tooDeep('a flag over a chain of sixteen segments', doc({ f: rule({ segment: 's1' }), good: {} }, { segments: chain(16) }), ['/flags/f/rules/0/if/segment'], ['good']),
  ],
});

Object.assign(topic.documents, { broken, remembered });

export default topic;
