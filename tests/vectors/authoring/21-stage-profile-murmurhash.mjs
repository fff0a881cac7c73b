import { readFileSync } from 'node:fs';
import { ask, doc, drawn, fallback, split } from './help.mjs';

const { hashes } = JSON.parse(readFileSync(new URL('published-hashes.json', import.meta.url), 'utf8'));
const { rows } = JSON.parse(readFileSync(new URL('published-buckets.json', import.meta.url), 'utf8'));

const flag = (percentage, more) => ({ hash: 'murmurhash-js', ...more, rollout: { status: 'active', percentage } });
const parts = Array.from({ length: 4 }, (_, i) => ({ variant: `q${i}`, weight: 25000 }));
const flags = {
  five: flag(5),
  almostFive: flag(4.999),
  fiveAndABit: flag(5.001),
  six: flag(6),
  half: flag(50),
  all: flag(99.999),
  salted: flag(50, { salt: 'other' }),
  sip: { rollout: { status: 'active', percentage: 50 } },
  quarters: { type: 'string', hash: 'murmurhash-js', variants: Object.fromEntries(parts.map(({ variant }) => [variant, variant])), on: 'q0', off: 'q3', rules: [{ name: 'r', serve: { split: parts } }] },
};
/** Found by trying w0, w1, … : the first unit of each residue. */
const units = { 0: 'w18', 1: 'w11', 4: 'w231', 5: 'w127', 49: 'w59', 50: 'w44', 98: 'w60', 99: 'w195' };
const thresholds = { five: 5000, almostFive: 4999, fiveAndABit: 5001, six: 6000, half: 50000, all: 99999, salted: 50000 };

const cases = [];
for (const [name, threshold] of Object.entries(thresholds)) {
  for (const [residue, unit] of Object.entries(units)) {
    const bucket = residue * 1000;
    cases.push(ask('murmur', name)(`${name}: residue ${residue}`, { targetingKey: unit }, bucket < threshold ? { ...drawn('on', true), bucket } : { ...fallback('off', false), bucket: undefined }, { bucket: true }));
  }
}
const quarter = (description, unit, residue) => {
  const variant = `q${Math.floor(residue / 25)}`;
  return ask('murmur', 'quarters')(description, { targetingKey: unit }, { ...split(variant, variant), bucket: residue * 1000 }, { bucket: true });
};
for (const [residue, unit] of Object.entries(units)) cases.push(quarter(`a split ignores salts: residue ${residue}`, unit, residue));
for (const { name, text, murmurUnits } of hashes) {
  if (text === '' || text.includes('\u0000')) continue;
  cases.push(quarter(`a published hash: ${name}`, text, murmurUnits % 100));
}
for (const [i, { unit, murmur }] of rows.filter(({ unit }) => unit !== '' && !unit.includes('\u0000')).slice(0, 60).entries()) {
  cases.push(quarter(`a published bucket: row ${i}`, unit, murmur));
}
cases.push(ask('murmur', 'half')('a number is its digits', { targetingKey: 42 }, { errorCode: undefined }, { bucket: true }));
cases.push(ask('murmur', 'half')('the digits are the number', { targetingKey: '42' }, { errorCode: undefined }, { bucket: true }));
cases.push(ask('murmur', 'sip')('another flag keeps sip-1', { targetingKey: 'w18' }, { errorCode: undefined }, { bucket: true }));

export default {
  topic: 'the profile murmurhash-js',
  about: 'The source system\'s assignment: 1000 × (murmur3_32 of the low byte of each UTF-16 unit, seed 0, modulo 100); salts are ignored. Hashes are those of vectors.json and bucket-sip1.json, computed apart from this project.',
  documents: { murmur: doc(flags) },
  cases,
};
