/**
 * Bad answers of a hub to requests for the ruleset and for pages of overrides, by seed and number. Each is a changed good answer with other
 * values, so that the test notices an isolate that accepts it.
 */
import { random } from '../malformed/random.mjs';
import { HOLE, SPOILERS } from '../malformed/spoil.mjs';

const base64 = content => Buffer.from(content).toString('base64');
const said = (what, content, status = 200) => ({ what, answer: { status, parts: [base64(content)] } });
const json = (what, value) => said(what, JSON.stringify(value));

/** A bad answer with a ruleset: `{ what, answer }`. `good` is an answer that an isolate accepts. */
export function badRuleset(seed, index, good) {
  const r = random(seed, index);
  return draw(r, RULESETS)(r, good);
}

/** A bad answer with pages of overrides: `{ what, answer }`. `good` is a list of pages that an isolate accepts. */
export function badPages(seed, index, good) {
  const r = random(seed, index);
  return draw(r, PAGES)(r, good);
}

/** Draws a maker from `[weight, maker]` pairs. */
function draw(r, kinds) {
  let left = r.below(kinds.reduce((sum, [weight]) => sum + weight, 0));
  return kinds.find(([weight]) => (left -= weight) < 0)[1];
}

function spoilt(r, text) {
  const how = r.pick(Object.keys(SPOILERS));
  return said(how, SPOILERS[how](r, text));
}
const notFound = r =>
  said(
    'an error status',
    r.pick(['', '<html>', '{}', '{"code":1}', '{"code":"GENERAL","detail":"no"}']),
    r.pick([400, 404, 410, 429, 500, 502, 503, 504]),
  );
const throws = () => ({ what: 'an exception', answer: { how: 'throws' } });
const hangs = () => ({ what: 'no answer', answer: { how: 'hangs' } });

const OTHER_TYPES = {
  epoch: [null, 1, '', '0A1B2C3D4E5F', '0a1b2c3d4e5', [], {}],
  version: [null, '1', -1, 1.5, 2 ** 32, true, [], {}],
  bucketKey: [null, 1, [], {}, false],
  pages: [null, {}, 'x', [1], [[1]], [[1, 2, 3]], [[65_536, 1]], [['a', 1]], [[-1, 1]], [[1, null]]],
};
const NO_DOCUMENTS = [
  null,
  1,
  'x',
  'wrong-'.repeat(1_000),
  [],
  true,
  {},
  { schema: 'twinflag/2' },
  { flags: [] },
  { segments: [] },
  { bucketKey: 'x' },
  { bucketKey: 1 },
  { environment: 7 },
  { unknown: 1 },
  { flags: Object.fromEntries(Array.from({ length: 5_001 }, (_, at) => [`f${at}`, {}])) },
];
const without = (object, name) => Object.fromEntries(Object.entries(object).filter(([member]) => member !== name));

function otherType(r, good) {
  const member = r.pick(Object.keys(OTHER_TYPES));
  return r.chance(0.2)
    ? json(`without ${member}`, without(good, member))
    : json(`another ${member}`, { ...good, [member]: r.pick(OTHER_TYPES[member]) });
}
function noDocument(r, good) {
  const wrong = r.pick(NO_DOCUMENTS);
  const isChange = wrong !== null && wrong.constructor === Object && Object.keys(wrong).length > 0;
  return r.chance(0.1)
    ? json('without document', without(good, 'document'))
    : json('another document', { ...good, document: isChange ? { ...good.document, ...wrong } : wrong });
}
/** A good answer with this many spaces inserted into its document. */
function padded(what, good, bytes) {
  const text = JSON.stringify(good),
    at = text.indexOf('"document":{') + '"document":{'.length;
  return { what, answer: { parts: [base64(text.slice(0, at)), bytes, base64(text.slice(at))] } };
}

const RULESETS = [
  [
    40,
    (r, good) =>
      spoilt(
        r,
        JSON.stringify({ ...good, document: { ...good.document, flags: { ...good.document.flags, more: { description: HOLE } } } }).replace(
          JSON.stringify(HOLE),
          HOLE,
        ),
      ),
  ],
  [20, otherType],
  [20, noDocument],
  [20, (r, good) => json('an older version', { ...good, version: r.below(good.version - 1) })],
  [10, notFound],
  [4, throws],
  [2, (_r, good) => padded('too long a document', good, 8_000_000)],
  [1, (_r, good) => padded('ten times the limit', good, 80_000_000)],
  [1, hangs],
];

const first = (good, change) => [{ ...good[0], ...change }, ...good.slice(1)];
const PAGES = [
  [20, (r, good) => spoilt(r, JSON.stringify(first(good, { owners: HOLE })).replace(JSON.stringify(HOLE), HOLE))],
  [6, (_r, good) => json('another page', first(good, { page: (good[0].page + 1) % 1_024 }))],
  [6, (r, good) => json('an older page', first(good, { version: r.below(good[0].version) }))],
  [
    6,
    (r, good) =>
      json(
        'another type',
        first(
          good,
          r.pick([
            { page: null },
            { page: 65_536 },
            { version: '1' },
            { version: -1 },
            { owners: null },
            { owners: {} },
            { owners: [1] },
            { owners: [{}] },
          ]),
        ),
      ),
  ],
  [
    6,
    (r, good) =>
      json(
        'an invalid owner',
        first(good, {
          owners: good[0].owners.map(owner => ({ ...owner, ...r.pick([{ kind: null }, { tree: '{' }, { tree: '' }, { tree: null }]) })),
        }),
      ),
  ],
  [3, () => json('no page', [])],
  [6, notFound],
  [3, throws],
  [1, hangs],
];
