import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hex64, readKey, sipBucket, subkey } from './bucket.mjs';
import { murmur3, murmurOfUnits } from './murmur.mjs';
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

/** The SHA-256 of `vectors_sip64` in `vectors.h` of https://github.com/veorq/SipHash: 64 hashes of 8 bytes, one behind the other. */
const SIP_VECTORS = '0226a91002af9775a791b3ec5a48e643f8848d2d5774dea9be3438d5786bb58e';

test('SipHash-2-4 gives the 64 published values', () => {
  const hashOf = length =>
    hex64(
      sipHash24(
        readKey('000102030405060708090a0b0c0d0e0f'),
        Uint8Array.from({ length }, (_, i) => i),
      ),
    );
  // The example of the paper's appendix A.
  assert.equal(hashOf(15), 'a129ca6149be45e5');
  const all = Array.from({ length: 64 }, (_, length) => Buffer.from(hashOf(length), 'hex').reverse());
  assert.equal(createHash('sha256').update(Buffer.concat(all)).digest('hex'), SIP_VECTORS);
});
