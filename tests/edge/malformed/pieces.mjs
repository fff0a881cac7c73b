/** The pieces that malformed requests are made of. */
import { HOLE, SPOILERS } from './spoil.mjs';

/** A length in bytes above the limit of a body. */
export const LARGE = 5_000_000;

/** Typical, unusual and hostile texts. */
const text = r =>
  r.pick([
    'c-1',
    'u 1',
    'é€🎏',
    '',
    '0',
    '"\\',
    'x'.repeat(r.below(300)),
    '__proto__',
    '\u0001',
    "' OR 1=1 --",
    '<script>',
    '\u2028',
    '%00',
  ]);
const value = (r, depth = 3) =>
  [
    () => text(r),
    () => r.below(1e9) - 5e8,
    () => r.chance(0.5),
    () => null,
    () => 1.5e-300,
    () => (depth ? Array.from({ length: r.below(4) }, () => value(r, depth - 1)) : []),
    () => (depth ? Object.fromEntries(Array.from({ length: r.below(4) }, (_, at) => [`${text(r)}${at}`, value(r, depth - 1)])) : {}),
  ][r.below(7)]();

/** A context as JSON, with `hole` as the value of one attribute. */
export const context = (r, hole = HOLE) => {
  const members = ['customerId', 'organizationId', 'userId', 'targetingKey', 'plan', 'geo']
    .filter(() => r.chance(0.5))
    .map(name => `"${name}":${JSON.stringify(value(r))}`);
  members.splice(r.below(members.length + 1), 0, `"spoilt":${hole}`);
  return `{${members.join(',')}}`;
};

export const nested = (r, [open, close]) => {
  const depth = r.pick([17, 20, 64, 130, 1_000, 5_000]);
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
};

/** Values that are JSON and make a context unusable. */
export const NO_ATTRIBUTES = [
  r => nested(r, ['[', ']']),
  r => nested(r, ['{"a":', '}']),
  r => nested(r, ['[{"a":', '}]']),
  r => r.pick(['"\\u0000"', '"a\\u0000b"', '["\\u0000"]', '{"\\u0000":1}', '{"a":{"b\\u0000":1}}']),
  r => r.pick(['"\\ud800"', '"\\udfff"', '"\\ud800x"', '"\\udc00\\ud800"', '["\\ud83d"]', '{"\\ud800":1}', '"\\uD83D\\u0041"']),
  r => r.pick(['1e999', '-1e400', '[1e309]', '{"a":1e1000}', '9'.repeat(400)]),
];
export const NO_CONTEXTS = ['null', '[]', '1', '"x"', 'true', '[{}]', '""', '[["customerId","c-1"]]'];

export const spoilt = (r, body) => {
  const how = r.pick(Object.keys(SPOILERS));
  return { what: how, body: SPOILERS[how](r, body) };
};

export const tooLarge = r => ({
  what: 'large',
  status: 413,
  body: r.pick([
    () => `{"context":{"a":"${'x'.repeat(LARGE)}"}}`,
    () => '['.repeat(LARGE),
    () => ' '.repeat(LARGE),
    () => '9'.repeat(LARGE),
    () => `{"a":${'"'.repeat(LARGE)}`,
  ])(),
});

const NO_NUMBERS = ['', 'x', '-1', '1.5', '4294967296', '%00', '1e3', '0x1', '%EF%BC%91', '%2B1x', 'NaN'];
export const query = (r, known, numbers) => {
  const number = () => `${r.pick(numbers)}=${r.pick(NO_NUMBERS)}`;
  const twice = () => {
    const name = r.pick(known);
    return `${name}=1&${name}=${r.pick(['1', '2', ''])}`;
  };
  const unknown = () =>
    `${r.pick(['x', 'customer', '__proto__', 'SINCE', 'customerid', '', 'a%5B%5D', '%00', `${known[0]}%20`])}=${r.pick(['', '1', 'x'])}`;
  const notText = () => `${r.pick(known)}=${r.pick(['%ff', '%C0%AF', '%ED%A0%80', 'a%80'])}`;
  return { what: 'a wrong query', path: `?${r.pick([number, twice, unknown, notText])()}` };
};
