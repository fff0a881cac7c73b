/** The most code points that become text by one call: engines bound the arguments of a call. */
const MOST = 4096;
const REPLACEMENT = 0xfffd;

/** The text of bytes in UTF-8, as the Encoding standard decodes it: bytes that are none become U+FFFD; a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = '',
    points: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++]!;
    let needed = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    let point = needed > 0 ? first & (0x3f >> needed) : first;
    // Of the second byte, what would be a longer spelling than needed, a surrogate, or past U+10FFFF.
    let least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80,
      most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    for (; needed > 0; needed--) {
      const next = bytes[at];
      if (next === undefined || next < least || next > most) break;
      point = (point << 6) | (next & 0x3f);
      least = 0x80;
      most = 0xbf;
      at++;
    }
    points.push(needed === 0 ? point : REPLACEMENT);
    if (points.length === MOST) {
      text += String.fromCodePoint(...points);
      points = [];
    }
  }
  return text + String.fromCodePoint(...points);
}
