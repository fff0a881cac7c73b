// The decoder of the entry `native` beside the runtime's own, which is an implementation of the Encoding standard.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const npm = new URL('../../npm/', import.meta.url);
const { transformSync } = createRequire(new URL('package.json', npm))('esbuild');
const { code } = transformSync(readFileSync(new URL('client/src/native/utf8.ts', npm), 'utf8'), { loader: 'ts' });
const { decodeUtf8 } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const decoder = new TextDecoder('utf-8', { ignoreBOM: true }),
  encoder = new TextEncoder();

test('every code point is what it was', () => {
  // In pieces that no round number of bytes divides.
  for (let from = 0; from < 0x110000; from += 9973) {
    const points = Array.from({ length: Math.min(9973, 0x110000 - from) }, (_, index) => from + index);
    const text = points.map(point => (point >= 0xd800 && point < 0xe000 ? '' : String.fromCodePoint(point))).join('');
    assert.equal(decodeUtf8(encoder.encode(text)) === text, true, `from ${from}`);
  }
});

test('bytes that are no UTF-8 become the same replacements', () => {
  // The ends of every range in the standard's table, and their neighbours.
  const ends = [
    0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3,
  ];
  ends.push(0xf4, 0xf5, 0xff);
  let count = 0;
  for (const a of ends)
    for (const b of ends)
      for (const c of ends)
        for (const d of ends) {
          const bytes = Uint8Array.of(a, b, c, d);
          if (decodeUtf8(bytes) !== decoder.decode(bytes)) assert.equal(decodeUtf8(bytes), decoder.decode(bytes), `${bytes}`);
          count++;
        }
  assert.equal(count, 25 ** 4);
  for (let length = 0; length < 4; length++) {
    const bytes = Uint8Array.of(0xf0, 0x9f, 0x98, 0x80).subarray(0, length);
    assert.equal(decodeUtf8(bytes), decoder.decode(bytes));
  }
});
