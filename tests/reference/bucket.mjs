/** Buckets (section 4): from an environment's key, a salt and a unit to a number from 0 to 99999. */
import { murmurOfUnits } from './murmur.mjs';
import { sipHash24 } from './siphash.mjs';

export const BUCKETS = 100_000;
export const HASHES = ['sip-1', 'murmurhash-js'];

/** The two little-endian u64 of a key's 32 hex digits, or `null` where it is malformed. */
export function readKey(hex) {
  if (typeof hex !== 'string' || !/^[0-9a-fA-F]{32}$/.test(hex)) return null;
  const bytes = Buffer.from(hex, 'hex');
  return [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)];
}

export function subkey(key, salt) {
  const text = Buffer.from(salt, 'utf8');
  return [0, 1].map(prefix => sipHash24(key, Buffer.concat([Buffer.from([prefix]), text])));
}

/** The bucket of `unit` under a subkey. */
export function sipBucket(sub, unit) {
  return Number((sipHash24(sub, Buffer.from(unit, 'utf8')) * BigInt(BUCKETS)) >> 64n);
}

export function murmurBucket(unit) {
  return 1000 * (murmurOfUnits(unit) % 100);
}

/** A drawer of buckets for one ruleset: `draw(hash, salt, unit)`. Subkeys are kept. */
export function drawer(key) {
  const subkeys = new Map();
  return (hash, salt, unit) => {
    if (hash === 'murmurhash-js') return murmurBucket(unit);
    let sub = subkeys.get(salt);
    if (sub === undefined) subkeys.set(salt, (sub = subkey(key, salt)));
    return sipBucket(sub, unit);
  };
}

/** Sixteen lower-case hex digits of a 64-bit number. */
export function hex64(number) {
  return number.toString(16).padStart(16, '0');
}
