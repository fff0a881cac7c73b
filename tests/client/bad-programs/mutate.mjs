/** Ways to spoil a program for certain, by seed and number: `{ what, answer }`, where `answer` gives what `fetch` does. */
import { random } from '../../edge/malformed/random.mjs';

/** The epoch of the edge that all versions are of. */
export const EPOCH = '0a1b2c3d4e5f';

const HEAD = 72;
const body =
  (bytes, headers, status = 200) =>
  () =>
    Promise.resolve(new Response(bytes, { status, headers }));

/** @param good the bytes of a program that would be taken, its headers and version, which is one above that of the program in force; `others` that of somebody else */
export function badProgram(seed, index, good) {
  const r = random(seed, index);
  const kinds = Object.keys(KINDS);
  const what = index % 250 === 0 ? 'ten times the limit' : r.pick(kinds);
  return { what, answer: what in KINDS ? KINDS[what](r, good) : body(new Uint8Array(160_000_000), good.headers) };
}

/** A copy that is changed until it is another one. */
function changed(bytes, change) {
  for (;;) {
    const copy = change(Uint8Array.from(bytes));
    if (Buffer.compare(copy, bytes) !== 0) return copy;
  }
}
const spoil =
  change =>
  (r, { bytes, headers }) =>
    body(
      changed(bytes, copy => change(r, copy)),
      headers,
    );
const flip = (r, copy, from, to) => {
  copy[from + r.below(to - from)] ^= 1 << r.below(8);
  return copy;
};

const KINDS = {
  truncated: spoil((r, copy) => copy.subarray(0, r.below(copy.length))),
  'one bit': spoil((r, copy) => flip(r, copy, 0, copy.length)),
  'many bits': spoil((r, copy) => {
    for (let left = 2 + r.below(60); left > 0; left--) flip(r, copy, 0, copy.length);
    return copy;
  }),
  'another checksum': spoil((r, copy) => flip(r, copy, 12, 20)),
  'another head': spoil((r, copy) => flip(r, copy, 0, HEAD)),
  'words that changed places': spoil((r, copy) => {
    const place = () => 4 * r.below(copy.length >> 2),
      [one, other] = [place(), place()];
    const held = copy.slice(one, one + 4);
    copy.copyWithin(one, other, other + 4);
    copy.set(held, other);
    return copy;
  }),
  'a piece of it twice': spoil((r, copy) => {
    const at = r.below(copy.length);
    return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(Math.max(0, at - 1 - r.below(64)), at + 1), ...copy.subarray(at)]);
  }),
  zeros: spoil((r, copy) => copy.fill(0, r.below(copy.length))),
  'more behind it': spoil((r, copy) => Uint8Array.from([...copy, ...new Uint8Array(1 + r.below(64)).fill(r.below(256))])),
  'too long': (_r, { bytes, headers }) => {
    const long = new Uint8Array(16_000_001);
    long.set(bytes);
    return body(long, headers);
  },
  'no program': (r, { headers }) =>
    body(r.pick(['', '{}', 'null', '<!doctype html><title>A portal</title>', 'TFPG', '\0'.repeat(200)]), headers),
  "somebody else's": (_r, { others, headers }) => body(others, headers),
  older: (r, { bytes, headers, version }) => body(bytes, { ...headers, 'twinflag-version': `${EPOCH}.${r.below(version - 1)}` }),
  'a status': r => body(r.pick(['', '{"code":"GENERAL"}', '<html>']), {}, r.pick([400, 401, 403, 404, 406, 429, 500, 502, 503])),
  'a body that ends': (r, { bytes, headers }) => {
    const start = controller => {
      controller.enqueue(bytes.slice(0, r.below(bytes.length)));
      controller.error(new TypeError('terminated'));
    };
    return body(new ReadableStream({ start }), headers);
  },
  'no edge': () => () => Promise.reject(new TypeError('fetch failed')),
};
