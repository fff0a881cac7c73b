/** Malformed commands of operators, and malformed outcomes of servers. In the order of the routes, every sound request succeeds. */
import { NO_ATTRIBUTES, NO_CONTEXTS, query, spoilt, tooLarge } from './pieces.mjs';
import { HOLE } from './spoil.mjs';

export const DOCUMENT =
  '{"schema":"twinflag/1","environment":"test","flags":{"plain":{"aliases":["simple"]},"tiered":{"rollout":{"status":"active","tier":1,"percentage":1}},"bad":{"type":"colour"}}}';

const LONG = bytes => `"${'x'.repeat(bytes)}"`;
const NO_TEXTS = ['1', 'true', '[]', '{}', '["x"]', '1e999', '9007199254740993', '"\\ud800"', '"\\udfff\\ud800"', '"a', 'NaN'];
const NO_IDS = [...NO_TEXTS, '""', LONG(257), '"a\\u0000"', '"\\n"', '"\\u007f"'];
const NO_REASONS = [...NO_TEXTS, '""', '" \\t"', LONG(2_001), '"\\u0000"'];
const NO_BOOLEANS = ['1', '0', '"true"', '[]', '{}', 'True'];
const NO_LISTS = ['"c-1"', '{}', '1', 'true', ...NO_IDS.map(id => `["c-1",${id}]`), '[null]', '{"0":"c-1"}'];
const NO_SHARES = ['-0.1', '1.1', '9007199254740993', '"0.5"', 'true', '[]', '{}', '1e999', '-1e-9', '.5'];
const NO_PERCENTAGES = ['-1', '-0.001', '100.001', '0.0001', '9007199254740993', '"5"', 'true', '[]', '{}', '1e999', '05'];
const NO_WHOLES = ['-1', '1.5', '0.5', '1e3', '"1"', 'true', '[]', '{}', '9007199254740993', '9223372036854775808', '1e999'];
const NO_OBJECTS = ['[]', '1', '"x"', 'true', '[["c-1"],[]]', '[{}]', '["threshold",0.1,1,1]', '{"unknown":1}', '{"constructor":{}}'];
const NO_TREES = [
  '1',
  '"x"',
  'true',
  'null',
  '[]',
  '[{"plain":true}]',
  '{}',
  '{"a":{}}',
  '{"plain":1}',
  '{"plain":1.5}',
  '{"plain":[]}',
  '{"plain":"colour"}',
  '{"plain":"\\ud800"}',
  '{"plain":"\\u0000"}',
  '{"plain":true,"plain":false}',
  '{"plain":true,"simple":true}',
  '{"plain":NaN}',
  '{"plain":9007199254740993}',
  ...[65, 130, 1_000].map(depth => `${'{"a":'.repeat(depth)}true${'}'.repeat(depth)}`),
];
const UNKNOWN = ['x', 'FeatureName', 'feature_name', '__proto__', 'constructor', '', 'reason ', 'now', 'actor', '\\ud800', '\\u0000'];
const ANYTHING = ['null', '1', '{}', 'true', '"x"', `${'['.repeat(1_000)}${']'.repeat(1_000)}`];

/**
 * The ways to spoil a JSON object.
 *
 * @param {Record<string, string>} sound the valid members, as JSON; all are required unless `spare` names them.
 * @param {Record<string, string[]>} wrong invalid values of members; the refusal must point at the member.
 */
const command =
  (sound, wrong, { spare = [], more = [] } = {}) =>
  r => {
    const body = members =>
      `{${Object.entries(members)
        .map(([name, json]) => `"${name}":${json}`)
        .join(',')}}`;
    const needed = Object.keys(sound).filter(name => !spare.includes(name));
    const reason = { reason: NO_REASONS, changedBy: NO_IDS };
    return r.pick([
      () => spoilt(r, body({ ...sound, reason: HOLE })),
      () => {
        const name = r.pick(Object.keys({ ...wrong, ...reason }));
        const json = r.pick({ ...reason, ...wrong }[name]);
        // The parser may find invalid JSON after the member, so the pointer is not checked.
        return { what: 'a wrong value', body: body({ ...sound, [name]: json }), pointer: isJson(json) ? `/${name}` : undefined };
      },
      () => {
        const name = r.pick(Object.keys(sound));
        return { what: 'a duplicate member', body: body(sound).replace('{', `{"${name}":${sound[name]},`) };
      },
      () => ({ what: 'an unknown member', body: body({ ...sound, [r.pick(UNKNOWN)]: r.pick(ANYTHING) }) }),
      () => {
        const { [r.pick(needed)]: left, ...members } = sound;
        return { what: 'a missing member', body: body(members) };
      },
      () => ({ what: 'a key of 256 bytes', body: body(sound), headers: { 'idempotency-key': 'k'.repeat(256) } }),
      ...more.map(members => () => ({ what: 'members that exclude each other', body: body({ ...sound, ...members }) })),
    ])();
  };

const isJson = text => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const WHO = { customerId: '"c-1"' };
const REASON = { reason: '"r"' };
const bothOwners = { organizationId: '"o-1"' };
const post = (path, sound, wrong, options) => ({
  path: `/api/admin/${path}`,
  as: 'admin',
  spoil: command(sound, wrong, options),
  large: tooLarge,
  valid: `{${Object.entries(sound).map(([name, json]) => `"${name}":${json}`)}}`,
});

const PLAIN = { featureName: '"plain"' };
const flag = { featureName: NO_TEXTS };
const guard = {
  minTierDuration: NO_WHOLES,
  successRate: NO_SHARES,
  rollbackThreshold: [
    ...NO_OBJECTS,
    ...NO_SHARES.map(share => `{"errorRate":${share}}`),
    ...NO_WHOLES.flatMap(whole => [`{"timeWindow":${whole}}`, `{"minSamples":${whole}}`]),
    '{"method":"colour"}',
    '{"method":1}',
  ],
};
const lists = { whitelistedCustomers: NO_LISTS, blacklistedCustomers: NO_LISTS };
const step = (verb, options) => post(`rollout/${verb}`, { ...PLAIN, ...REASON }, flag, { spare: ['reason'], ...options });

const delOverrides = r => {
  const id = r.pick(['', 'x'.repeat(257), 'a%00', '%0A', '%7F']);
  const wrong = [
    '?',
    '?customerId=c-1',
    '?reason=r',
    '?customerId=c-1&organizationId=o-1&reason=r',
    '?customerId=c-1&reason=',
    '?customerId=c-1&reason=%20',
    `?customerId=c-1&reason=${'x'.repeat(2_001)}`,
    `?customerId=${id}&reason=r`,
    `?organizationId=${id}&reason=r`,
    '?customerId=c-1&reason=r&now=1',
  ];
  return r.chance(0.5) ? { what: 'a wrong query', path: r.pick(wrong) } : query(r, ['customerId', 'organizationId', 'reason'], ['limit']);
};
const asked = (path, known, { wrong = [], sound } = {}) => ({
  path: `/api/admin/${path}`,
  as: 'admin',
  method: 'GET',
  valid: undefined,
  sound,
  spoil: r =>
    wrong.length > 0 && r.chance(0.3)
      ? { what: 'a wrong query', path: r.pick(wrong) }
      : query(r, known, known.filter(name => ['limit', 'before', 'version'].includes(name)).concat('x')),
});

const tried = r => {
  const tried = (contexts, document = DOCUMENT) => `{"document":${document},"contexts":${contexts}}`;
  const pointed = (json, pointer) => ({ what: 'invalid contexts', body: tried(json), pointer });
  return r.pick([
    () => ({ ...spoilt(r, tried(HOLE)), status: [400, 422] }),
    () => pointed(r.pick(['1', '{}', '"x"', 'true', `[${Array(1_001).fill('{}').join(',')}]`]), '/contexts'),
    () => pointed(`[{},${r.pick(NO_CONTEXTS)}]`, '/contexts/1'),
    () => pointed(`[{},{"a":${r.pick(NO_ATTRIBUTES)(r)}}]`, '/contexts/1'),
    () => ({ what: 'no document', body: tried('[]', r.pick(['1', '[]', '"x"', 'true', '{}', '{"schema":"twinflag/2"}'])), status: 422 }),
    // A body that is no JSON counts as a document, which is refused with 422.
    () => ({ what: 'an unknown member', body: `{"document":${DOCUMENT},"${r.pick(UNKNOWN)}":${r.pick(ANYTHING)}}`, status: [400, 422] }),
  ])();
};

const outcome = { id: '"1"', flag: '"plain"', unit: '"c-1"', event: '"error"' };
const outcomes = r => {
  const one = members => `{${Object.entries({ ...outcome, ...members }).map(([name, json]) => `"${name}":${json}`)}}`;
  return r.pick([
    () => spoilt(r, `{"outcomes":[${one({ metadata: HOLE })}]}`),
    () => ({
      what: 'invalid outcomes',
      body: `{"outcomes":${r.pick(['1', '{}', '"x"', 'null', '[1]', '[null]', '[[]]', '[["1","plain","c-1","error",null,null,null]]'])}}`,
      pointer: '/outcomes',
    }),
    () => ({
      what: 'a wrong value',
      body: `{"outcomes":[${one({})},${one({ [r.pick(Object.keys(outcome))]: r.pick(NO_TEXTS.filter(isJson).filter(json => !json.includes('\\u'))) })}]}`,
      pointer: '/outcomes/1',
    }),
    () => ({ what: 'an unknown member', body: `{"outcomes":[${one({ [r.pick(UNKNOWN)]: r.pick(ANYTHING) })}]}` }),
    () => ({ what: 'too many', body: `{"outcomes":[${Array(1_001).fill(one({})).join(',')}]}`, pointer: '/outcomes' }),
  ])();
};

export const ADMIN_ROUTES = [
  {
    path: '/api/admin/document',
    as: 'admin',
    method: 'PUT',
    valid: DOCUMENT,
    spoil: r => ({ ...query(r, ['state', 'dryRun', 'reason'], ['state', 'dryRun']), body: DOCUMENT }),
  },
  {
    path: '/api/admin/document?dryRun=true',
    as: 'admin',
    method: 'PUT',
    valid: `{"document":${DOCUMENT},"contexts":[{},{"customerId":"c-1"}]}`,
    spoil: tried,
  },
  post('overrides', { ...WHO, flags: '{"plain":true}', ...REASON }, { customerId: NO_IDS, flags: NO_TREES }, { more: [bothOwners] }),
  post(
    'overrides',
    { organizationId: '"o-1"', flags: '{"simple":"on"}', ...REASON },
    { organizationId: NO_IDS, flags: NO_TREES },
    { more: [WHO] },
  ),
  post(
    'feature-flags',
    { ...PLAIN, enabled: 'false', ...WHO, ...REASON },
    { ...flag, enabled: NO_BOOLEANS, customerId: NO_IDS },
    { more: [bothOwners, { variant: '"on"' }, { action: '"kill"' }] },
  ),
  post(
    'feature-flags',
    { ...PLAIN, variant: '"on"', organizationId: '"o-1"', ...REASON },
    { ...flag, variant: [...NO_TEXTS, '""', '"colour"'], organizationId: NO_IDS },
    { more: [WHO, { enabled: 'null' }] },
  ),
  post(
    'feature-flags',
    { ...PLAIN, action: '"kill"', ...REASON },
    { ...flag, action: [...NO_TEXTS, '""', '"Kill"', '"delete"'] },
    { more: [WHO, { enabled: 'true' }] },
  ),
  post('customers', { ...WHO, organizationId: '"o-1"', ...REASON }, { customerId: NO_IDS, organizationId: NO_IDS }, { spare: ['reason'] }),
  post(
    'rollout/create',
    { ...PLAIN, percentage: '5', ...REASON },
    { ...flag, ...lists, ...guard, percentage: NO_PERCENTAGES },
    { spare: ['reason', 'percentage'], more: [{ whitelistedCustomers: '["c-1"]', blacklistedCustomers: '["c-1"]' }] },
  ),
  step('start'),
  step('pause'),
  step('resume'),
  post(
    'rollout/lists',
    { ...PLAIN, add: '{"whitelistedCustomers":["c-2"]}', ...REASON },
    { ...flag, ...lists, add: [...NO_OBJECTS, ...NO_LISTS.map(list => `{"whitelistedCustomers":${list}}`)], remove: NO_OBJECTS },
    { spare: ['reason'], more: [{ blacklistedCustomers: '["c-2"]' }] },
  ),
  post('rollout/guard', { ...PLAIN, minTierDuration: '1', ...REASON }, { ...flag, ...guard }, { spare: ['reason'] }),
  post(
    'rollout/percentage',
    { ...PLAIN, percentage: '100', ...REASON },
    { ...flag, percentage: [...NO_PERCENTAGES, 'null'] },
    { spare: ['reason'] },
  ),
  step('complete'),
  post('rollout/rollback', { ...PLAIN, ...REASON }, flag),
  post(
    'rollout/advance',
    { featureName: '"tiered"', force: 'true', ...REASON },
    { ...flag, force: [...NO_BOOLEANS, 'null'] },
    { spare: ['force'] },
  ),
  { path: '/api/admin/overrides', as: 'admin', method: 'DELETE', valid: undefined, sound: '?customerId=c-1&reason=r', spoil: delOverrides },
  asked('overrides', ['customerId', 'organizationId', 'kind', 'after', 'limit'], {
    wrong: ['?', '?kind=x', '?kind=', '?customerId=c-1&organizationId=o-1', '?after=c-1'],
    sound: '?customerId=c-1',
  }),
  asked('feature-flags', ['customerId', 'organizationId']),
  asked('customers', ['customerId', 'after', 'limit']),
  asked('changes', ['flag', 'customerId', 'organizationId', 'action', 'changedBy', 'version', 'before', 'limit']),
  asked('changes/verify', ['x']),
  asked('versions', ['before', 'limit']),
  {
    path: '/v1/outcomes',
    as: 'server',
    spoil: outcomes,
    large: tooLarge,
    valid: `{"outcomes":[{${Object.entries(outcome).map(([name, json]) => `"${name}":${json}`)},"metadata":{}}]}`,
    taken: 202,
  },
];
