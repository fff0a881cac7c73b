/**
 * Buckets of users, drawn here and at once: MurmurHash3 (x86, 32 bits, seed 0) of the user's id, modulo 100, as the flag hash
 * `murmurhash-js` of the flag server draws them. Every flag has the same buckets; a flag with a keyed hash has its own, which only the flag
 * server and `@twinflag/server` know.
 */

/** A flag as the caller keeps it. */
export interface LocalFlag {
  /** False turns the flag off for all users. */
  readonly enabled: boolean;
  /** The share of users with the flag, 0 to 100. @default 100 */
  readonly rolloutPercentage?: number | undefined;
}

/** Returns true if a flag that the caller keeps is on for a user. @throws {RangeError} as {@link userInBucket} */
export function isEnabled({ enabled, rolloutPercentage = 100 }: LocalFlag, userId: string): boolean {
  return userInBucket(userId, rolloutPercentage) && enabled;
}

/**
 * Returns true if a user's bucket is below a percentage.
 *
 * @throws {RangeError} for a percentage outside 0 to 100
 */
export function userInBucket(userId: string, percentage: number): boolean {
  if (!(percentage >= 0 && percentage <= 100)) throw new RangeError(`percentage: expected 0 to 100, found ${percentage}`);
  return getFeatureFlagHash(userId) % 100 < percentage;
}

const mix = (hash: number) => {
  const rotated = Math.imul(hash, 0xcc9e2d51);
  return Math.imul((rotated << 15) | (rotated >>> 17), 0x1b873593);
};

/** The hash of a user's id, 0 to 2^32 - 1: of the low byte of each UTF-16 unit, which is the text itself where it is ASCII. */
export function getFeatureFlagHash(userId: string): number {
  const { length } = userId,
    whole = length - (length % 4);
  const byte = (place: number) => userId.charCodeAt(place) & 0xff;
  let hash = 0;
  for (let place = 0; place < whole; place += 4) {
    hash ^= mix(byte(place) | (byte(place + 1) << 8) | (byte(place + 2) << 16) | (byte(place + 3) << 24));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let place = length - 1; place >= whole; place--) rest = (rest << 8) | byte(place);
  if (length > whole) hash ^= mix(rest);
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
