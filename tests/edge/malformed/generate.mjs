/**
 * Requests that are certainly malformed, each with the status it must get. `malformed(seed, index)` returns one of them.
 *
 * Inputs that the product accepts on purpose are not among them: a repeated member of a context, unknown members of a question, unusable
 * contexts of `/v1/evaluate` (each is answered with an error code), and a document with a bad flag (the flag is left out).
 */
import { ADMIN_ROUTES, DOCUMENT } from './admin.mjs';
import { context, LARGE, NO_ATTRIBUTES, NO_CONTEXTS, nested, query, spoilt, tooLarge } from './pieces.mjs';
import { random } from './random.mjs';
import { HOLE } from './spoil.mjs';

export function malformed(seed, index) {
  const r = random(seed, index);
  const route = r.pick(ROUTES);
  const made = r.chance(1 / 250) && route.large ? route.large(r) : route.spoil(r);
  return { seed, index, route, path: route.path, status: 400, ...made };
}

/** Malformed bodies for a route that takes `{ context, … }` and refuses an unusable context; `more` are its other members, as JSON. */
const question = (r, more = []) => {
  const body = hole => `{${[`"context":${hole}`, ...more].join(',')}}`;
  return r.pick([
    () => spoilt(r, body(context(r))),
    () => spoilt(r, body(context(r))),
    () => ({ what: 'an invalid attribute', body: body(context(r, r.pick(NO_ATTRIBUTES)(r))) }),
    () => ({ what: 'an invalid context', body: body(r.pick(NO_CONTEXTS)) }),
    () => ({ what: 'a duplicate member', body: `{"context":${context(r, '1')},"context":{}}` }),
  ])();
};

const FLAG = '"flag":"plain"';
const NO_MOMENTS = ['"x"', '1.5', 'true', '[]', '{}', 'null', '"2026-01-01T00:00:00Z"', '1e999', '-0.5'];
const NO_KEYS = ['1', 'null', 'true', '[]', '{}', '["plain"]'];
const NO_VERSIONS = ['null', '"1"', '-1', '1.5', '4294967296', '[]', '{}', 'true', '1e3'];

const explain = r => {
  const wrong = [
    ...NO_KEYS.map(key => `"flag":${key}`),
    ...NO_MOMENTS.map(now => `${FLAG},"now":${now}`),
    '"context":{}',
    `${FLAG},${FLAG}`,
    `${FLAG},"now":1,"now":1`,
  ];
  return r.chance(0.4) ? { what: 'a wrong value', body: `{${r.pick(wrong)}}` } : question(r, [FLAG]);
};

const explainAll = r => {
  const flags = ['"plain"', '1', '{}', 'true', ...NO_KEYS.map(key => `["plain",${key}]`), JSON.stringify(Array(1_001).fill('plain'))];
  const wrong = [...flags.map(flags => `"flags":${flags}`), ...NO_MOMENTS.map(now => `"now":${now}`), '"flags":[],"flags":[]'];
  return r.chance(0.4) ? { what: 'a wrong value', body: `{${r.pick(wrong)}}` } : question(r, ['"flags":["plain"]']);
};

const evaluate = r => {
  const asked = member => `{"evaluations":[{${FLAG}},{${member}}]}`;
  const wrong = [
    ...['null', '{}', '1', '"x"', 'true', '[[]]', '[1]', '[null]', '["plain"]'].map(evaluations => `{"evaluations":${evaluations}}`),
    '{}',
    '{"evaluation":[]}',
    ...NO_KEYS.map(key => asked(`"flag":${key}`)),
    ...NO_MOMENTS.map(now => asked(`${FLAG},"now":${now}`)),
    ...['1', 'null', '"true"', '[]'].map(bucket => asked(`${FLAG},"bucket":${bucket}`)),
    asked('"context":{}'),
    asked(`${FLAG},${FLAG}`),
    asked(`${FLAG},"context":{},"context":{}`),
    asked(`${FLAG},"default":1e999`),
    asked(`${FLAG},"default":${nested(r, ['[', ']']).replace('1', '[1e999]')}`),
    ...[...NO_VERSIONS, '1', '"0a1b2c3d4e5f."'].map(version => `{"evaluations":[],"minVersion":${version}}`),
    `{"evaluations":[${Array(1_001).fill(`{${FLAG}}`).join(',')}]}`,
    '{"evaluations":[],"evaluations":[]}',
  ];
  return r.chance(0.5) ? { what: 'a wrong value', body: r.pick(wrong) } : spoilt(r, `{"evaluations":[{${FLAG},"default":${HOLE}}]}`);
};
const evaluateLarge = r =>
  r.pick([
    () => ({ what: 'large', body: '['.repeat(LARGE) }),
    () => ({ what: 'large', body: `{"evaluations":[{${FLAG},"context":{"a":"${'x'.repeat(LARGE)}"}}` }),
    () => ({ what: 'larger', status: 413, body: ' '.repeat(8_000_001) }),
  ])();

/** Documents that are refused as a whole; a document with a bad flag is not. */
const document = r => {
  const members = changed =>
    JSON.stringify({ schema: 'twinflag/1', environment: 'test', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: {}, ...changed });
  const wrong = [
    ...['twinflag/2', '', null, 1, [], {}].map(schema => ({ schema })),
    ...['', 'x', '0'.repeat(31), '0'.repeat(33), 'g'.repeat(32), 1, [], {}].map(bucketKey => ({ bucketKey })),
    ...[[], 1, 'x', true].map(flags => ({ flags })),
    ...[[], 1, 'x', true].map(segments => ({ segments })),
    ...[1, [], {}, true].map(environment => ({ environment })),
    { unknown: 1 },
    { Flags: {} },
    { constructor: {} },
    { flags: Object.fromEntries(Array.from({ length: 5_001 }, (_, at) => [`f${at}`, {}])) },
  ];
  if (r.chance(0.4)) return { what: 'a wrong value', status: 422, body: members(r.pick(wrong)) };
  const { what, body } = spoilt(r, `{"schema":"twinflag/1","environment":"test","flags":{"plain":{"description":${HOLE}}}}`);
  // A body that is not text is refused before it is parsed as a document.
  const isText = typeof body === 'string' && !body.startsWith('\ufeff');
  return { what, body, status: isText ? 422 : 400 };
};
const documentLarge = r => ({
  what: 'large',
  ...r.pick([
    { status: 422, body: '['.repeat(LARGE) },
    { status: 422, body: '9'.repeat(LARGE) },
    { status: 413, body: ' '.repeat(8_000_001) },
  ]),
});

const queryOf = (known, numbers) => r => query(r, known, numbers);

const ASKED = ['customerId', 'organizationId', 'userId', 'sessionId', 'targetingKey'];
const widget = r =>
  r.chance(0.3)
    ? { what: 'U+0000', path: `?${r.pick(ASKED)}=${r.pick(['%00', 'a%00', '%00%00b'])}` }
    : query(r, [...ASKED, 'minVersion'], ['minVersion']);
const program = r =>
  r.pick([
    () => question(r),
    () => question(r),
    () => ({ ...query(r, ['format', 'minVersion'], ['format', 'minVersion']), body: '{}' }),
    () => ({
      what: 'a media type that is not offered',
      status: 406,
      body: '{}',
      headers: { accept: r.pick(['text/html', 'application/json;q=0', 'image/*', 'x', 'application/vnd.twinflag.program2']) },
    }),
    () => ({ what: 'an unknown format', status: 406, path: `?format=${r.below(2)}`, body: '{}' }),
  ])();

/**
 * The routes. `valid` is a body that succeeds, with the status `taken`, by default 200. With `ofrep` refusals are in the protocol's format
 * and name the flag `key`.
 */
export const ROUTES = [
  {
    path: '/ofrep/v1/evaluate/flags/plain',
    as: 'client',
    spoil: question,
    large: tooLarge,
    ofrep: true,
    key: 'plain',
    valid: '{"context":{"customerId":"c-1"}}',
  },
  {
    path: '/ofrep/v1/evaluate/flags',
    as: 'client',
    spoil: question,
    large: tooLarge,
    ofrep: true,
    valid: '{"context":{"customerId":"c-1"}}',
  },
  { path: '/v1/program', as: 'client', spoil: program, large: tooLarge, valid: '{"context":{"customerId":"c-1"}}' },
  {
    path: '/v1/evaluate',
    as: 'server',
    spoil: evaluate,
    large: evaluateLarge,
    valid: `{"evaluations":[{${FLAG},"context":{"a":"\\u0000"},"default":true}],"minVersion":"0a1b2c3d4e5f.1"}`,
  },
  { path: '/v1/explain', as: 'admin', spoil: explain, large: tooLarge, valid: `{${FLAG},"context":{"a":1,"a":2},"now":1e3}` },
  { path: '/demo/explain', as: 'client', spoil: explainAll, large: tooLarge, valid: '{"flags":["plain"],"context":{},"unknown":[[1]]}' },
  { path: '/api/admin/document', as: 'admin', method: 'PUT', spoil: document, large: documentLarge, valid: DOCUMENT },
  { path: '/api/widget/config', as: 'client', method: 'GET', spoil: widget, valid: undefined },
  { path: '/v1/ruleset', as: 'server', method: 'GET', spoil: queryOf(['since'], ['since']), valid: undefined },
  ...ADMIN_ROUTES,
].map(route => ({ method: 'POST', ...route }));
