/** SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"), written from the paper. */

const MASK = (1n << 64n) - 1n;

const rotate = (x, by) => ((x << by) | (x >> (64n - by))) & MASK;

/** The 64-bit hash of `bytes` under the key `[k0, k1]`, all BigInt. */
export function sipHash24([k0, k1], bytes) {
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;

  const round = () => {
    v0 = (v0 + v1) & MASK;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };

  const absorb = m => {
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  };

  const buffer = Buffer.from(bytes);
  const whole = buffer.length - (buffer.length % 8);
  for (let i = 0; i < whole; i += 8) absorb(buffer.readBigUInt64LE(i));

  let last = BigInt(buffer.length & 0xff) << 56n;
  for (let i = whole; i < buffer.length; i += 1) last |= BigInt(buffer[i]) << BigInt(8 * (i - whole));
  absorb(last);

  v2 ^= 0xffn;
  for (let i = 0; i < 4; i += 1) round();
  return v0 ^ v1 ^ v2 ^ v3;
}
