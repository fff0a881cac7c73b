/** MurmurHash3_x86_32 of `bytes`, after Appleby's public-domain description. */
export function murmur3(bytes, seed = 0) {
  const scramble = k => Math.imul(rotate(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);
  let h = seed | 0;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    h ^= scramble(bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    h = (Math.imul(rotate(h, 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let j = bytes.length - 1; j >= i; j -= 1) tail = (tail << 8) | bytes[j];
  if (i < bytes.length) h ^= scramble(tail);

  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function rotate(x, by) {
  return (x << by) | (x >>> (32 - by));
}

/** What the JavaScript packages hash: the low byte of each UTF-16 unit, seed 0. */
export function murmurOfUnits(text) {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i) & 0xff;
  return murmur3(bytes);
}
