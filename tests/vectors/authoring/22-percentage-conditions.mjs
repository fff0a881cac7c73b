import { readFileSync } from 'node:fs';
import { conditionTopic, wrongCondition } from './conditions.mjs';
import { ask, doc, drawn, failed, fallback, KEY, ruled, split, unmet } from './help.mjs';

const { rows } = JSON.parse(readFileSync(new URL('published-buckets.json', import.meta.url), 'utf8'));
const part = (salt, from, to, unit) => ({ percentage: { ...(from === undefined ? {} : { from }), to, salt, ...(unit === undefined ? {} : { unit }) } });
const of = (unit) => ({ context: { targetingKey: unit } });

/** Found by trying u0, u1, … : the first unit of each bucket under the salt `edge`. */
const units = { 0: 'u97461', 1: 'u25211', 9999: 'u75684', 10000: 'u127003', 24999: 'u113364', 25000: 'u147242', 49999: 'u1883', 50000: 'u54120', 99998: 'u28910', 99999: 'u37174' };
const parts = [[undefined, 10], [0, 10], [10, 25], [25, 50], [50, 100], [0, 100], [0, 0], [25, 25], [100, 100], [0, 0.001], [0.001, 10.001], [99.999, 100], [99.998, 99.999], [24.999, 25.001]];
const edges = parts.map(([from, to]) => [
  part('edge', from, to),
  Object.entries(units).map(([bucket, unit]) => [of(unit), bucket / 1000 >= (from ?? 0) && bucket / 1000 < to, `bucket ${bucket}`]),
]);

/** Rows of the published buckets under this document's key, each in a part of its own bucket alone, and on both sides of it. */
const isAsked = ({ key, unit, bucket }) => key === KEY && unit !== '' && !unit.includes('\u0000') && bucket > 0;
const published = rows.filter(isAsked).slice(0, 20).flatMap(({ salt, unit, bucket }) => [
  [part(salt, bucket / 1000, (bucket + 1) / 1000), [[of(unit), true]]],
  [part(salt, undefined, bucket / 1000), [[of(unit), false]]],
  [part(salt, (bucket + 1) / 1000, 100), [[of(unit), false]]],
]);
/** The published bucket of the unit 0 under the empty salt is 82731. */
const empty = [[part('', 82.731, 82.732), [[of('0'), true], [of(0), true], [{ contextText: '{"targetingKey":-0}' }, true]]], [part('', 0, 82.731), [[of('0'), false]]], [part('', 82.732, 100), [[of('0'), false]]]];

const all = part('s', 0, 100);
const some = { context: { targetingKey: 'u97461', userId: 'u37174', customerId: 'u25211', geo: { city: 'u75684' } } };
const half = part('edge', 0, 50);
const topicParts = [
  ...edges,
  ...published,
  ...empty,
  [all, [
    [of('u'), true], [{ context: {} }, false, 'a missing unit'], [of(null), false], [of(''), false, 'an empty unit'], [of(true), false], [of(1.5), false], [of(9007199254740992), false], [of(9007199254740991), true], [of([]), false], [of({}), false],
    [{ context: { userId: 'u' } }, false, 'a user is no targeting key'],
  ]],
  [{ not: all }, [[of('u'), false], [{ context: {} }, true, 'a missing unit'], [of([]), true, 'an unfit unit']]],
  [part('edge', 99.999, 100, 'userId'), [[some, true, 'a user of bucket 99999'], [of('u37174'), true, 'the targeting key as the user'], [{ context: { userId: '', targetingKey: 'u37174' } }, false, 'an empty user']]],
  [part('edge', 0.001, 0.002, 'customerId'), [[some, true, 'a customer of bucket 1'], [of('u25211'), false, 'a targeting key is no customer']]],
  [part('edge', 9.999, 10, 'geo.city'), [[some, true, 'a path to a unit of bucket 9999'], [{ context: { 'geo.city': 'u75684' } }, true, 'a literal dotted name'], [{ context: { geo: ['u75684'] } }, false, 'a list has no members']]],
  [part('', 82.731, 82.732, 'now'), [[{ context: {}, now: 0 }, true, 'now 0 as the unit'], [{ context: { now: '0' }, now: 1 }, false, 'now 1 as the unit']]],
  [{ all: [part('edge', 0, 50), part('edge', 25, 100)] }, [[of(units[24999]), false], [of(units[25000]), true], [of(units[49999]), true], [of(units[50000]), false]]],
  [{ any: [part('edge', 0, 25), part('edge', 50, 100)] }, [[of(units[24999]), true], [of(units[25000]), false], [of(units[50000]), true], [{ context: {} }, false]]],
  [{ segment: 'bySalt' }, [[of(units[9999]), true], [of(units[10000]), false], [{ context: {} }, false]]],
  [{ segment: 'through' }, [[of(units[9999]), false], [of(units[10000]), true], [{ context: {} }, true]]],
  [{ segment: 'byUser' }, [[{ context: { targetingKey: units[10000], userId: units[9999] } }, true], [{ context: { targetingKey: units[9999], userId: units[10000] } }, false]]],
];
const segments = {
  bySalt: part('edge', 0, 10, 'targetingKey'),
  through: { not: { segment: 'bySalt' } },
  byUser: part('edge', 0, 10, 'userId'),
};

const serving = (condition, more = {}) => ({ rules: [{ if: condition, serve: 'on' }], ...more });
const low = serving(half);
const high = serving(part('edge', 50, 100));
const halves = [{ variant: 'on', weight: 50000 }, { variant: 'off', weight: 50000 }];
/** Residues modulo 100 of murmur3, found by trying w0, w1, … ; the bucket is a thousand times as much. */
const residues = { 0: 'w18', 4: 'w231', 5: 'w127', 49: 'w59', 50: 'w44', 99: 'w195' };
const flags = {
  low,
  high,
  both: { prerequisites: [{ flag: 'low', variants: ['on'] }, { flag: 'high', variants: ['on'] }], default: 'on' },
  holdout: { rules: [{ if: part('edge', 0, 10), serve: 'off' }, { name: 'r', serve: { split: halves, salt: 'edge' } }] },
  sameDraw: { salt: 'edge', rules: [{ if: part('edge', 0, 25), serve: 'off' }], rollout: { status: 'active', percentage: 50 } },
  saltless: { salt: 'edge', rules: [{ if: part('', 0, 100), serve: 'on' }] },
  byCustomer: serving(part('edge', 0, 10), { unit: 'customerId' }),
  byUser: serving(part('edge', 0, 10, 'userId'), { unit: 'customerId' }),
  segmentOfAnother: serving({ segment: 'bySalt' }, { unit: 'customerId' }),
  murmur: serving(part('ignored', 5, 50), { hash: 'murmurhash-js' }),
  murmurFive: serving(part('', 0, 5), { hash: 'murmurhash-js' }),
  murmurBetween: serving(part('', 4.001, 5), { hash: 'murmurhash-js' }),
  murmurSegment: serving({ segment: 'bySalt' }, { hash: 'murmurhash-js' }),
  murmurMixed: serving({ all: [{ segment: 'bySalt' }, part('', 28, 29)] }, { hash: 'murmurhash-js' }),
  rule: serving(half, { default: 'off' }),
};
const draws = (flag) => ask('draws', flag);
const on = ruled('on', true);
const off = fallback('off', false);

const topic = conditionTopic(
  'percentage conditions',
  'A part of a draw as a condition: both ends, salts, units, segments and hashes. A unit that is missing or unfit is no error there.',
  topicParts,
  {
    document: { segments },
    cases: [
      ...[24999, 49999, 50000, 99999].flatMap((bucket) => [
        draws('low')(`the lower half: bucket ${bucket}`, { targetingKey: units[bucket] }, bucket < 50000 ? on : off),
        draws('high')(`the upper half under the same salt: bucket ${bucket}`, { targetingKey: units[bucket] }, bucket < 50000 ? off : on),
        draws('both')(`groups of one salt exclude each other: bucket ${bucket}`, { targetingKey: units[bucket] }, unmet('off', false)),
      ]),
      draws('holdout')('a holdout: bucket 9999', { targetingKey: units[9999] }, ruled('off', false), { bucket: true }),
      draws('holdout')('behind a holdout the split of the same salt: bucket 10000', { targetingKey: units[10000] }, { ...split('on', true), bucket: 10000 }, { bucket: true }),
      draws('holdout')('behind a holdout the split of the same salt: bucket 50000', { targetingKey: units[50000] }, { ...split('off', false), bucket: 50000 }, { bucket: true }),
      draws('holdout')('a missing unit passes the holdout, and the split asks for it', {}, failed('TARGETING_KEY_MISSING', true), { default: true }),
      draws('holdout')('an unfit unit passes the holdout, and the split asks for it', { targetingKey: [] }, failed('INVALID_CONTEXT', true), { default: true }),
      draws('sameDraw')('a rollout and a condition of one salt: bucket 24999', { targetingKey: units[24999] }, ruled('off', false)),
      draws('sameDraw')('a rollout and a condition of one salt: bucket 25000', { targetingKey: units[25000] }, { ...drawn('on', true), bucket: 25000 }, { bucket: true }),
      draws('sameDraw')('a rollout and a condition of one salt: bucket 50000', { targetingKey: units[50000] }, off),
      draws('saltless')('a condition over every bucket', { targetingKey: 'u' }, on),
      draws('byCustomer')("the flag's unit is the condition's", { customerId: units[9999], targetingKey: units[10000] }, on),
      draws('byCustomer')("the targeting key is not the flag's unit", { targetingKey: units[9999] }, off),
      draws('byUser')("the condition's unit beats the flag's", { customerId: units[10000], userId: units[9999] }, on),
      draws('segmentOfAnother')("a segment has its own unit, whatever the flag's", { customerId: units[10000], targetingKey: units[9999] }, on),
      draws('segmentOfAnother')("the flag's unit is not the segment's", { customerId: units[9999] }, off),
      ...Object.entries(residues).flatMap(([residue, unit]) => [
        draws('murmur')(`murmurhash-js, 5 to 50: residue ${residue}`, { targetingKey: unit }, residue >= 5 && residue < 50 ? on : off),
        draws('murmurFive')(`murmurhash-js, 0 to 5: residue ${residue}`, { targetingKey: unit }, residue < 5 ? on : off),
        draws('murmurBetween')(`murmurhash-js, between two residues: residue ${residue}`, { targetingKey: unit }, off),
      ]),
      // The residues of these two are 28 and 8, so that by murmur the second alone would be in the segment.
      ...[0, 99998].flatMap((bucket) => ['murmurSegment', 'murmurMixed'].map((flag) =>
        draws(flag)(`a segment draws by sip-1, whatever the flag's hash: ${flag}, bucket ${bucket}`, { targetingKey: units[bucket] }, bucket < 10000 ? on : off))),
      draws('rule')('a flag with such a rule is never STATIC', {}, off),
    ],
    refusals: [
      { description: 'a percentage condition that is fine', document: doc({ f: serving(part('', 0.001, 99.999, '')) }), refused: false, errors: [], flags: ['f'] },
      { description: 'a percentage condition at depth 16', document: doc({ f: serving(Array.from({ length: 15 }).reduce((inner) => ({ not: inner }), all)) }), refused: false, errors: [], flags: ['f'] },
      { description: 'a percentage condition at depth 17', document: doc({ f: serving(Array.from({ length: 16 }).reduce((inner) => ({ not: inner }), all)), good: {} }), refused: false, errors: [`/flags/f/rules/0/if${'/not'.repeat(16)}`], flags: ['good'] },
      wrongCondition('a percentage that is a number', { percentage: 50 }, '/percentage'),
      wrongCondition('a percentage that is null', { percentage: null }, '/percentage'),
      wrongCondition('a percentage that is a list', { percentage: [0, 50] }, '/percentage'),
      wrongCondition('a percentage without to', { percentage: { from: 0, salt: 's' } }, '/percentage'),
      wrongCondition('a percentage without a salt', { percentage: { to: 50 } }, '/percentage'),
      wrongCondition('a percentage with an unknown member', { percentage: { to: 50, salt: 's', hash: 'sip-1' } }, '/percentage/hash'),
      wrongCondition('an unknown member beside the percentage', { ...all, value: 1 }, '/value'),
      wrongCondition('a percentage and a test', { ...all, attribute: 'x', op: 'exists' }, ''),
      wrongCondition('a percentage from more than to', part('s', 50.001, 50), '/percentage'),
      wrongCondition('a percentage from more than 0 to 0', part('s', 0.001, 0), '/percentage'),
      ...[-0.001, 100.001, 0.0001, 33.33333, '50', null, true].map((to) => wrongCondition(`a percentage to ${JSON.stringify(to)}`, part('s', 0, to), '/percentage/to')),
      ...[-0.001, 0.0005, '0', null].map((from) => wrongCondition(`a percentage from ${JSON.stringify(from)}`, part('s', from, 100), '/percentage/from')),
      wrongCondition('a percentage with a number as its salt', part(7, 0, 50), '/percentage/salt'),
      wrongCondition('a percentage with null as its salt', part(null, 0, 50), '/percentage/salt'),
      wrongCondition('a percentage with null as its unit', part('s', 0, 50, null), '/percentage/unit'),
      { description: 'a percentage condition of a segment without a unit', document: doc({ f: serving({ segment: 's' }), good: {} }, { segments: { s: { any: [all] } } }), refused: false, errors: ['/flags/f/rules/0/if/segment', '/segments/s/any/0/percentage'], flags: ['good'] },
    ],
  },
);
topic.documents.draws = doc(flags, { segments });

export default topic;
