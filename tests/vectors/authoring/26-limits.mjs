import { x } from './conditions.mjs';
import { ask, constant, customer, doc, failed, fallback, KEY, ruled, targeted } from './help.mjs';

const many = (count, each = (i) => i) => Array.from({ length: count }, (_, i) => each(i));
const named = (count, prefix, value) => Object.fromEntries(many(count, (i) => [`${prefix}${i}`, value]));
/** A list of `count` zeros takes two bytes an entry. */
const zeros = (count) => many(count, () => 0);
const refused = (description, document, pointer) => ({ description, document, refused: true, ...(pointer === undefined ? {} : { pointer }) });
/** The flag `big` is within the limits, beside `good`. */
const fine = (description, big, more) => ({ description: `fine: ${description}`, document: doc({ big, good: {} }, more), refused: false, errors: [], flags: ['big', 'good'] });
/** The flag `big` is over a limit at `pointer` below it; `good` stays. */
const over = (description, big, pointer) => ({ description: `left out: ${description}`, document: doc({ big, good: {} }), refused: false, errors: [`/flags/big${pointer}`], flags: ['good'] });

const serving = (condition) => ({ rules: [{ if: condition, serve: 'on' }] });
const roll = (rollout) => ({ rollout: { status: 'active', ...rollout } });
const targets = (count) => many(count, (i) => ({ attribute: 't', values: [i], variant: 'on' }));
const rules = (count) => many(count, (i) => ({ if: x('eq', i), serve: 'on' }));
const withVariants = (count) => ({ variants: { on: true, off: false, ...named(count - 2, 'v', true) } });
const withName = (name) => ({ variants: { on: true, off: false, [name]: true } });
/** Metadata whose canonical JSON, `{"a":"…"}`, has this many bytes. */
const withBytes = (count, letter = 'x', each = 1) => ({ metadata: { a: letter.repeat((count - 8) / each) } });
const lists = (depth) => (depth === 0 ? 0 : [lists(depth - 1)]);
const objects = (depth) => (depth === 0 ? 0 : { a: objects(depth - 1) });
/** Depth `depth` of conditions, two levels of JSON each but for the innermost. */
const alls = (depth) => ({ all: depth === 1 ? [] : [alls(depth - 1)] });
const text = (flags, more = '') => `{"schema":"twinflag/1","bucketKey":"${KEY}",${more}"flags":{${flags}}}`;
const objectFlag = (value) => ({ type: 'object', variants: { on: value, off: {} } });
const unknownMembers = (count) => named(count, 'u', 0);
const pointers = (flag, count) => many(count, (i) => `/flags/${flag}/u${i}`);

const refusals = [
  refused('5,001 flags', doc(named(5001, 'v', {})), '/flags'),
  { description: '5,000 flags', document: doc(named(5000, 'v', {})), refused: false, errors: [], flags: Object.keys(named(5000, 'v', {})).sort() },
  refused('5,001 segments', doc({ good: {} }, { segments: named(5001, 's', { any: [] }) }), '/segments'),
  fine('5,000 segments', serving({ segment: 's4999' }), { segments: named(5000, 's', { any: [] }) }),

  // A document is 1, `flags` 2, a flag 3, its variants 4, a variant's value 5.
  fine('a value that ends at depth 64 in lists', objectFlag(lists(60))),
  refused('a value that ends at depth 65 in lists', doc({ big: objectFlag(lists(61)), good: {} })),
  fine('a value that ends at depth 64 in objects', objectFlag(objects(60))),
  refused('a value that ends at depth 65 in objects', doc({ big: objectFlag(objects(61)), good: {} })),
  over('an unknown member that ends at depth 64', { enable: lists(61) }, '/enable'),
  refused('an unknown member that ends at depth 65', doc({ big: { enable: lists(62) }, good: {} })),
  { description: 'a value that ends at depth 65 and that another replaces', text: text(`"big":{"description":${JSON.stringify(lists(62))},"description":"d"},"good":{}`), refused: true },
  refused('an override that ends at depth 65', doc({ good: {} }, { overrides: { customers: { c: objects(62) } } })),
  { description: 'an override that ends at depth 64 is a bad leaf', document: doc({ good: {} }, { overrides: { customers: { c: objects(61) } } }), refused: false, errors: [`/overrides/customers/c${'/a'.repeat(61)}`], flags: ['good'] },
  refused('an unused segment at depth 65', doc({ good: {} }, { segments: { s: objects(63) } })),
  fine('conditions sixteen deep in lists', serving(alls(16))),
  over('conditions seventeen deep in lists', serving(alls(17)), `/rules/0/if${'/all/0'.repeat(16)}`),
  over('conditions that end at depth 63 of the document', serving(alls(29)), `/rules/0/if${'/all/0'.repeat(16)}`),
  refused('conditions that end at depth 65 of the document', doc({ big: serving(alls(30)), good: {} })),

  fine('256 rules', { rules: rules(256) }),
  over('257 rules', { rules: rules(257) }, '/rules'),
  fine('256 targets', { targets: targets(256) }),
  over('257 targets', { targets: targets(257) }, '/targets'),
  fine('1,000 variants', withVariants(1000)),
  over('1,001 variants', withVariants(1001), '/variants'),
  fine('100 environments', { environments: named(100, 'e', 'on') }),
  over('101 environments', { environments: named(101, 'e', 'on') }, '/environments'),
  fine('50,000 entries in an allow list', roll({ allow: zeros(50000) })),
  over('50,001 entries in an allow list', roll({ allow: zeros(50001) }), '/rollout/allow'),
  over('50,001 entries in a target', { targets: [{ attribute: 'a', values: zeros(50001), variant: 'on' }] }, '/targets/0/values'),
  over('50,001 entries in a condition', serving(x('in', zeros(50001))), '/rules/0/if/value'),
  { description: '50,001 entries in a segment are an error of every flag that uses it', document: doc({ big: serving({ segment: 's' }), other: serving({ not: { segment: 's' } }), good: {} }, { segments: { s: x('hasAny', zeros(50001)) } }), refused: false, errors: ['/flags/big/rules/0/if/segment', '/flags/other/rules/0/if/not/segment', '/segments/s/value'], flags: ['good'] },

  fine('a variant with a name of 128 bytes', withName('n'.repeat(128))),
  over('a variant with a name of 129 bytes', withName('n'.repeat(129)), `/variants/${'n'.repeat(129)}`),
  fine('a variant with a name of 64 letters of two bytes', withName('é'.repeat(64))),
  over('a variant with a name of 65 letters of two bytes', withName('é'.repeat(65)), `/variants/${'é'.repeat(65)}`),
  fine('a variant with a name of 32 emoji', withName('😀'.repeat(32))),
  over('a variant with a name of 32 emoji and a letter', withName(`${'😀'.repeat(32)}a`), `/variants/${'😀'.repeat(32)}a`),

  fine('32 names of metadata', { metadata: named(32, 'm', 0) }),
  over('33 names of metadata', { metadata: named(33, 'm', 0) }, '/metadata'),
  over('33 names of metadata, reserved ones among them', { metadata: { layer: 0, version: 0, ...named(31, 'm', 0) } }, '/metadata'),
  fine('4,096 bytes of metadata', withBytes(4096)),
  over('4,097 bytes of metadata', withBytes(4097), '/metadata'),
  fine('4,096 bytes of metadata in letters of two bytes', withBytes(4096, 'é', 2)),
  over('4,098 bytes of metadata in letters of two bytes', withBytes(4098, 'é', 2), '/metadata'),
  over('4,098 bytes of metadata in escapes that canonical JSON keeps', withBytes(4098, '\n', 2), '/metadata'),
  { description: 'fine: 4,096 bytes of metadata in escapes and blanks that canonical JSON drops', text: text(`"big":{"metadata":{ "a" : "${'\\u0041'.repeat(4088)}" }},"good":{}`), refused: false, errors: [], flags: ['big', 'good'] },
  { description: 'fine: numbers of metadata count as canonical JSON prints them', text: text(`"big":{"metadata":{"a":1.${'0'.repeat(5000)},"b":true}},"good":{}`), refused: false, errors: [], flags: ['big', 'good'] },

  over('a pattern whose shortest text has 17,000 scalar values', serving(x('matches', '(?:a{1000}){17}')), '/rules/0/if/value'),
  over('a pattern whose shortest text has 17,000 scalar values, behind alternatives', serving(x('matches', '(?:(?:a|bc|[d-f]){1000}){17}')), '/rules/0/if/value'),

  { description: '1,000 errors are all told', document: doc({ z: unknownMembers(1000), good: {} }), refused: false, errors: pointers('z', 1000).sort(), errorCount: 1000, flags: ['good'] },
  { description: 'of 1,200 errors the first 1,000 in the order of the document are told', document: doc({ z: unknownMembers(600), a: unknownMembers(600), good: {} }), refused: false, errors: [...pointers('z', 600), ...pointers('a', 400)].sort(), errorCount: 1200, flags: ['good'] },
];
const name = 'n'.repeat(128);
const free = {
  variants: { '50 % / über': true, [name]: false, '😀': true, ' ': false, toString: true },
  on: '50 % / über',
  off: name,
  rules: [{ if: x('eq', 1), serve: '😀' }, { if: x('eq', 2), serve: ' ' }, { if: x('eq', 3), serve: 'toString' }],
};
const flags = { rules: { rules: rules(256) }, targets: { targets: targets(256) }, over: { rules: rules(257) }, free, needsFree: { prerequisites: [{ flag: 'free', variants: ['😀', 'toString'] }], default: 'on' } };
const of = (flag) => ask('limits', flag);

export default {
  topic: 'limits',
  about: 'Both sides of the limits of documents, flags and segments, and names of variants.',
  documents: {
    limits: doc(flags, { overrides: { customers: { c: { free: '50 % / über' }, d: { free: false } }, organizations: {} } }),
    order: { text: text('"flag":{"variants":{"2":true,"1":true,"0":false},"on":"1","off":"0"}', '"overrides":{"customers":{"c":{"flag":true},"d":{"flag":"1"}}},') },
    tall: doc({ f: { type: 'object', variants: { on: lists(60), off: {} }, default: 'on' } }),
  },
  cases: [
    of('rules')('the last of 256 rules', { x: 255 }, ruled('on', true)),
    of('rules')('behind 256 rules', { x: 256 }, fallback('off', false)),
    of('targets')('the last of 256 targets', { t: 255 }, targeted('on', true)),
    of('over')('257 rules: the flag is left out', { x: 0 }, failed('FLAG_NOT_FOUND', true), { default: true }),
    of('free')('a variant with a name of 128 bytes', {}, fallback(name, false)),
    of('free')('a variant whose name is an emoji', { x: 1 }, ruled('😀', true)),
    of('free')('a variant whose name is a blank', { x: 2 }, ruled(' ', false)),
    of('free')('a variant whose name is a method of the language', { x: 3 }, ruled('toString', true)),
    of('free')('an override by a free name', { customerId: 'c' }, customer('50 % / über', true)),
    of('free')('an override by a value names the first such variant', { customerId: 'd' }, customer(name, false)),
    of('needsFree')('a prerequisite by a free name: met', { x: 3 }, fallback('on', true)),
    of('needsFree')('a prerequisite by a free name: unmet', {}, { reason: 'PREREQUISITE_FAILED', layer: 'kill', variant: 'off' }),
    ask('order', 'flag')('the first true variant is the first of the document, digits or not', { customerId: 'c' }, customer('2', true)),
    ask('order', 'flag')('digits name a variant', { customerId: 'd' }, customer('1', true)),
    ask('tall', 'f')('a value that ends at depth 64 is served', {}, constant('on', lists(60))),
  ],
  refusals,
};
