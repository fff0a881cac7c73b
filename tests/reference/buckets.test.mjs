import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hex64, readKey, sipBucket, subkey } from './bucket.mjs';
import { murmur3, murmurOfUnits } from './murmur.mjs';
import { testOfTable } from './published.mjs';
import { sipHash24 } from './siphash.mjs';

const read = path => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

test('sip-1 and murmurhash-js give the published buckets', () => {
  const { buckets } = read('../vectors/06-buckets.json');
  assert.ok(buckets.length >= 200);
  for (const { key, salt, unit, subkey: expected, bucket, murmur } of buckets) {
    const sub = subkey(readKey(key), salt);
    assert.deepEqual(sub.map(hex64), expected, `${salt} ${unit}`);
    assert.equal(sipBucket(sub, unit), bucket, `${salt} ${unit}`);
    if (murmur !== undefined) assert.equal(murmurOfUnits(unit) % 100, murmur, unit);
  }
});

test('SipHash-2-4 and murmur3 give the published hashes of texts', () => {
  const { hashes } = read('../vectors/authoring/published-hashes.json');
  for (const { text, sip24, murmurUnits } of hashes) {
    assert.equal(hex64(sipHash24(readKey('000102030405060708090a0b0c0d0e0f'), Buffer.from(text))), sip24, text);
    assert.equal(murmurOfUnits(text), murmurUnits, text);
  }
});

test('murmur3 of well-known bytes', () => {
  assert.equal(murmur3(Buffer.from('ffffffff', 'hex')), 1982413648);
  assert.equal(murmur3(Buffer.from('21436587', 'hex')), 4116402539);
  assert.equal(murmur3(Buffer.from('214365', 'hex')), 2118813236);
  assert.equal(murmur3(Buffer.from('2143', 'hex')), 2700587130);
  assert.equal(murmur3(Buffer.from('21', 'hex')), 1919294708);
  assert.equal(murmur3(Buffer.from('21436587', 'hex'), 1350757870), 593689054);
});

testOfTable('siphash-reference/derived_vectors.json', 'SipHash-2-4 gives the 64 published values', ({ key, tables }) => {
  assert.equal(tables.vectors_sip64.length, 64);
  tables.vectors_sip64.forEach((expected, n) => {
    const hash = sipHash24(
      readKey(key),
      Uint8Array.from({ length: n }, (_, i) => i),
    );
    assert.equal(Buffer.from(hex64(hash), 'hex').reverse().toString('hex'), expected);
  });
});
