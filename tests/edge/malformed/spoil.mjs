/**
 * Ways to spoil a JSON text. Each takes the draws and the text of an object with `HOLE` as a value, and returns text or bytes that the
 * route must refuse: no JSON, no object, or JSON nested too deeply.
 */
export const HOLE = '"@hole@"';

const fill = (text, value) => text.replace(HOLE, () => value);

/** Texts that are no JSON value. */
const NO_VALUES = [
  'NaN',
  'Infinity',
  '-Infinity',
  'undefined',
  '01',
  '-01',
  '+1',
  '.5',
  '1.',
  '0x10',
  '1e',
  '1e+',
  '1_000',
  '--1',
  '-',
  'tru',
  'True',
  'nul',
  'None',
  '1n',
  "'x'",
  '`x`',
  '"\\x41"',
  '"\\u12"',
  '"\\u{41}"',
  '"a\nb"',
  '"\u0000"',
  '"\t"',
  '"open',
  '\\',
  '[1,]',
  '[,1]',
  '[1 2]',
  '[1;2]',
  '{"a":1,}',
  '{a:1}',
  '{"a"}',
  '{"a" 1}',
  '{"a":}',
  '{1:1}',
  '{,}',
  '[}',
  '{]',
  '(1)',
  '/**/1',
  '1//',
  '<x/>',
  '',
  '"\ud83d',
  '@',
  'new Date()',
];

/** Bytes that are not valid in UTF-8. */
const NO_TEXT = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xfe]];

export const SPOILERS = {
  truncated: (r, text) => fill(text, '1').slice(0, r.below(fill(text, '1').length)),
  'with a suffix': (r, text) => fill(text, '1') + r.pick(['x', '{}', ',', ']', '}', '\u0000', ' null', '//', '"', '\u00a0']),
  'with a prefix': (r, text) => r.pick(['x', ',', '\ufeff', '// c\n', ")]}',\n", '#', '\u0000', '\u00a0', '}']) + fill(text, '1'),
  'with an invalid value': (r, text) => fill(text, r.pick(NO_VALUES)),
  'not UTF-8': (r, text) => {
    const bytes = [...Buffer.from(fill(text, '"é€🎏"'))];
    bytes.splice(r.below(bytes.length + 1), 0, ...r.pick(NO_TEXT));
    return Uint8Array.from(bytes);
  },
  'with changed characters': (r, text) => {
    const characters = [...fill(text, '[1,{"a":null}]')];
    // Change more as long as the text is still JSON.
    for (;;) {
      const at = r.below(characters.length);
      characters.splice(
        at,
        r.below(3),
        ...Array.from({ length: r.below(3) }, () =>
          r.pick(['{', '}', '[', ']', ',', ':', '"', '\\', '0', 'e', '-', 'x', '\n', '\u0001', '\ud800']),
        ),
      );
      const spoilt = characters.join('');
      try {
        JSON.parse(spoilt);
      } catch {
        return spoilt;
      }
      if (characters.length < 2) return '';
    }
  },
  'another type of value': r =>
    r.pick(['[]', 'null', '1', '"x"', 'true', '[{}]', '""', '-0', '[[]]', '[{"context":{}}]', '[null]', '1e999']),
  empty: r => r.pick(['', ' ', '\n', '\t\r\n  ']),
  'nested too deeply': r =>
    r.pick(['[', '{"a":', '[[{"a":', '{"context":{"a":', '{"evaluations":[', '{"flags":[{"a":']).repeat(r.pick([20, 130, 1_000, 10_000])),
};
