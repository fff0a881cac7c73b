import { readFileSync } from 'node:fs';
import { ask, doc, drawn, fallback, split } from './help.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
const { rows } = read('published-buckets.json');

/** Found by trying u0, u1, … : the first unit of each bucket under the salt `edge`. */
const units = { 0: 'u97461', 1: 'u25211', 9999: 'u75684', 10000: 'u127003', 24999: 'u113364', 25000: 'u147242', 49999: 'u1883', 50000: 'u54120', 99998: 'u28910', 99999: 'u37174' };
/** The same for v0, v1, … under the salt `edge/three`. */
const thirds = { 0: 'v147175', 24999: 'v100432', 25000: 'v428924', 33332: 'v32387', 33333: 'v16221', 66665: 'v10392', 66666: 'v146726', 99999: 'v413826' };

const percentages = { 0.001: 1, 0.002: 2, 10: 10000, 10.001: 10001, 25: 25000, 50: 50000, 99.998: 99998, 99.999: 99999 };
const flags = Object.fromEntries(
  Object.keys(percentages).map((percentage) => [`p${percentage.replace('.', '_')}`, { salt: 'edge', rollout: { status: 'active', percentage: Number(percentage) } }]),
);
flags.three = { type: 'string', salt: 'edge', variants: { a: 'A', b: 'B', c: 'C' }, on: 'a', off: 'c', rules: [{ name: 'three', serve: { split: [{ variant: 'a', weight: 33333 }, { variant: 'b', weight: 33333 }, { variant: 'c', weight: 33334 }] } }] };

/** One flag a published row, under that row's key and salt: 100 % of the weight split in two exactly at the row's bucket. */
const published = rows.filter(({ unit, bucket }) => unit !== '' && !unit.includes('\u0000') && bucket > 0).slice(0, 24);
const publishedDocuments = Object.fromEntries(
  published.map(({ key, salt, bucket }, i) => [
    `published${i}`,
    doc({ below: { salt, rollout: { status: 'active', percentage: bucket / 1000 } }, above: { salt, rollout: { status: 'active', percentage: (bucket + 1) / 1000 } } }, { bucketKey: key }),
  ]),
);

const cases = [];
for (const [percentage, threshold] of Object.entries(percentages)) {
  for (const [bucket, unit] of Object.entries(units)) {
    if (Math.abs(bucket - threshold) > 1 && ![0, 99999].includes(Number(bucket))) continue;
    const isIn = Number(bucket) < threshold;
    cases.push(ask('edges', `p${percentage.replace('.', '_')}`)(
      `bucket ${bucket} is ${isIn ? 'in' : 'out of'} ${percentage} %`,
      { targetingKey: unit },
      { ...(isIn ? drawn('on', true) : fallback('off', false)), bucket: isIn ? Number(bucket) : undefined },
      { bucket: true },
    ));
  }
}
for (const [bucket, unit] of Object.entries(thirds)) {
  const variant = bucket < 33333 ? 'a' : bucket < 66666 ? 'b' : 'c';
  cases.push(ask('edges', 'three')(`bucket ${bucket} of a split in three`, { targetingKey: unit }, { ...split(variant, variant.toUpperCase()), bucket: Number(bucket) }, { bucket: true }));
}
published.forEach(({ unit, bucket }, i) => {
  cases.push(
    ask(`published${i}`, 'below')(`published row ${i}: a threshold at its bucket`, { targetingKey: unit }, { ...fallback('off'), bucket: undefined }, { bucket: true }),
    ask(`published${i}`, 'above')(`published row ${i}: a threshold one above its bucket`, { targetingKey: unit }, { ...drawn('on'), bucket }, { bucket: true }),
  );
});
cases.push(ask('edges', 'p50')('without being asked for the bucket', { targetingKey: units[0] }, { ...drawn('on'), bucket: undefined }));

export default {
  topic: 'buckets',
  about: 'Buckets at 0, 99999 and both sides of every threshold, found by trying. The list `buckets` is bucket-sip1.json, which an implementation independent of this project computed.',
  documents: { edges: doc(flags), ...publishedDocuments },
  cases,
  buckets: rows,
};
