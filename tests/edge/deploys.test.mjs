// Deploys that could hurt. Each is imported over one store; the answer says what it would take away, and no flag answers otherwise unasked.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const KEY = '000102030405060708090a0b0c0d0e0f';
const server = ownServer();

/** The document that serves before every deploy. */
const base = () => ({
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: KEY,
  private: ['plan'],
  segments: {
    eu: { attribute: 'country', op: 'in', value: ['fr', 'de'] },
    staff: { attribute: 'email', op: 'endsWith', value: '@example.com' },
  },
  flags: {
    checkout: { default: 'off', rules: [{ if: { segment: 'eu' }, serve: 'on' }], environments: { production: 'off' } },
    banner: { type: 'string', variants: { red: 'r', blue: 'b', none: '' }, on: 'red', off: 'none', default: 'blue' },
    needs_banner: { default: 'on', prerequisites: [{ flag: 'banner', variants: ['blue'] }] },
    search: { aliases: ['find'], default: 'on', rules: [{ if: { attribute: 'email', op: 'matches', value: '^a' }, serve: 'off' }] },
    drawn: { unit: 'customerId', rollout: { status: 'active', percentage: 50 } },
    killed: { default: 'on' },
    staged: { default: 'off', environments: { production: 'on' } },
    locked: { default: 'on', locked: true },
  },
  overrides: { customers: { 'c-9': { find: true } } },
});

const CONTEXTS = [
  {},
  { country: 'fr' },
  { country: 'us', email: 'ada@example.com' },
  { customerId: 'c-1' },
  { customerId: 'c-2', plan: 'pro' },
  { organizationId: 'o-1' },
  ...Array.from({ length: 12 }, (_, index) => ({ customerId: `u-${index}` })),
];
const NAMES = [...Object.keys(base().flags), 'find'];

/** By flag: its answers to all contexts, asked one by one and all at once. */
async function answers() {
  const told = Object.fromEntries(NAMES.map(name => [name, []]));
  for (const context of CONTEXTS) {
    const results = await server.evaluate(...NAMES.map(flag => ({ flag, context })));
    for (const [index, name] of NAMES.entries()) told[name].push(shown(results[index]));
    const bulk = await server.asServer('/ofrep/v1/evaluate/flags', { body: { context: { targetingKey: 't', ...context } } });
    const byKey = Object.fromEntries(bulk.json().flags.map(flag => [flag.key, shown(flag)]));
    for (const name of NAMES) told[name].push(byKey[name] ?? null);
  }
  return told;
}
const shown = ({ value, variant, errorCode }) => JSON.stringify([value, variant, errorCode]);

const admin = (path, options) => server.request(`/api/admin/${path}`, { token: server.adminToken, method: 'GET', ...options });
const put = (body, query = '', headers = {}) =>
  admin(`document${query}`, { method: 'PUT', body, headers: { 'if-match': '*', ...headers } });
const post = async (path, body) => {
  const answer = await admin(path, { method: 'POST', body: { reason: 'a test', ...body } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const state = async () => ({
  document: (await admin('document')).text,
  version: (await server.request('/health', { method: 'GET' })).json().version,
});

beforeEach(async () => {
  for (const [document, query] of [
    [{ schema: 'twinflag/1' }, 'remove=flags&remove=segments'],
    [base(), 'newEnvironment=production&newBucketKey=00010203'],
  ]) {
    const answer = await put(document, `?state=replace&reason=reset&${query}`);
    assert.equal(answer.status, 200, answer.text);
  }
  await post('overrides', { customerId: 'c-1', flags: { banner: 'red', killed: true, find: false } });
  await post('overrides', { organizationId: 'o-1', flags: { banner: 'none', drawn: true } });
  await post('feature-flags', { featureName: 'killed', action: 'kill' });
});

/** Edits the document that serves. */
const edited = edit => {
  const document = base();
  edit(document);
  return document;
};

const report = [];
after(() => {
  for (const [name, status, said] of report) console.log(`${String(status).padEnd(4)} ${name.padEnd(64)} ${said}`);
});

/**
 * One deploy. `consequences` are `kind pointer overrides` of the answer. No flag but those of `changes` may answer otherwise afterwards; a
 * refused deploy stores nothing.
 */
function deploy(name, { document, query = '', status, code, consequences = [], changes = [], check }) {
  test(`deploy: ${name}`, async () => {
    const [before, stored] = [await answers(), await state()];
    const answer = await put(typeof document === 'function' ? edited(document) : document, query);
    assert.equal(answer.status, status, answer.text);
    const body = answer.json();
    const said = (body.consequences ?? []).map(({ kind, pointer, overrides }) => `${kind} ${pointer} ${overrides}`).sort();
    assert.deepEqual(said, [...consequences].sort(), answer.text);
    if (code) assert.equal(body.code, code, answer.text);
    if (status !== 200) assert.deepEqual(await state(), stored);
    const now = await answers();
    for (const flag of NAMES) {
      if (!changes.includes(flag)) assert.deepEqual(now[flag], before[flag], `${flag} answers otherwise`);
      else assert.notDeepEqual(now[flag], before[flag], `${flag} answers as before`);
    }
    report.push([name, status, said.join(', ') || body.code || 'no loss']);
    await check?.(body, before);
  });
}

const unsafe = { status: 422, code: 'UNSAFE_CHANGE' };

deploy('the same document again', { document: () => {}, status: 200, check: body => assert.deepEqual(body.changes, []) });

deploy('a typo in a type', {
  ...unsafe,
  document: ({ flags }) => {
    flags.banner.type = 'sting';
  },
  consequences: ['leftOut /flags/banner 2', 'broken /flags/needs_banner 0'],
  check: body => {
    assert.deepEqual(
      body.consequences[0].errors.map(({ pointer }) => pointer),
      ['/flags/banner/type'],
    );
    assert.deepEqual(body.consequences[0].usedBy, ['/flags/needs_banner', '/overrides/customers/c-1', '/overrides/organizations/o-1']);
  },
});

deploy('a typo in an operator', {
  ...unsafe,
  document: ({ flags }) => {
    flags.search.rules[0].if.op = 'macthes';
  },
  consequences: ['leftOut /flags/search 2'],
});

deploy('a pattern that cannot be read', {
  ...unsafe,
  document: ({ flags }) => {
    flags.search.rules[0].if.value = '(a';
  },
  consequences: ['leftOut /flags/search 2'],
});

deploy('a typo in the name of a segment', {
  ...unsafe,
  document: ({ flags }) => {
    flags.checkout.rules[0].if.segment = 'ue';
  },
  consequences: ['leftOut /flags/checkout 0'],
});

deploy('a typo in a segment', {
  ...unsafe,
  document: ({ segments }) => {
    segments.eu.op = 'inn';
  },
  consequences: ['leftOut /segments/eu 0', 'leftOut /flags/checkout 0'],
  check: body => assert.deepEqual(body.consequences[0].usedBy, ['/flags/checkout']),
});

deploy('two errors at once are both told', {
  ...unsafe,
  document: ({ flags }) => {
    flags.search.default = 'offf';
    flags.staged.type = 'colour';
  },
  consequences: ['leftOut /flags/search 2', 'leftOut /flags/staged 0'],
});

deploy('a flag is forgotten', {
  ...unsafe,
  document: ({ flags }) => {
    delete flags.killed;
  },
  consequences: ['removed /flags/killed 1'],
  check: body => assert.equal(body.consequences[0].remove, 'flags/killed'),
});

deploy('a flag is removed by name', {
  document: ({ flags }) => {
    delete flags.staged;
  },
  query: '?remove=flags/staged',
  status: 200,
  consequences: ['removed /flags/staged 0'],
  changes: ['staged'],
});

deploy('a flag that another one needs is removed by name', {
  ...unsafe,
  document: ({ flags }) => {
    delete flags.banner;
  },
  query: '?remove=flags/banner',
  consequences: ['removed /flags/banner 2', 'broken /flags/needs_banner 0'],
});

deploy('all flags are forgotten', {
  ...unsafe,
  document: document => {
    delete document.flags;
  },
  consequences: [
    ...['checkout', 'drawn', 'killed', 'locked', 'needs_banner', 'search', 'staged'].map(
      flag => `removed /flags/${flag} ${{ drawn: 1, killed: 1, search: 2 }[flag] ?? 0}`,
    ),
    'removed /flags/banner 2',
  ],
});

deploy('a segment that a flag uses is forgotten', {
  ...unsafe,
  document: ({ segments }) => {
    delete segments.eu;
  },
  consequences: ['removed /segments/eu 0', 'leftOut /flags/checkout 0'],
  check: body => assert.deepEqual(body.consequences[0].usedBy, ['/flags/checkout']),
});

deploy('a segment in use may not go even by name', {
  ...unsafe,
  document: ({ segments }) => {
    delete segments.eu;
  },
  query: '?remove=segments/eu',
  consequences: ['removed /segments/eu 0', 'leftOut /flags/checkout 0'],
});

deploy('a segment that no flag uses is removed by name', {
  document: ({ segments }) => {
    delete segments.staff;
  },
  query: '?remove=segments/staff',
  status: 200,
  consequences: ['removed /segments/staff 0'],
});

deploy('a variant that an override names is removed', {
  ...unsafe,
  document: ({ flags }) => {
    flags.banner.variants = { blue: 'b', none: '' };
    flags.banner.on = 'blue';
  },
  consequences: ['variantRemoved /flags/banner/variants/red 1'],
  check: body => assert.deepEqual(body.consequences[0].usedBy, ['/overrides/customers/c-1']),
});

deploy('a variant that a prerequisite names is removed', {
  ...unsafe,
  document: ({ flags }) => {
    flags.banner.variants = { red: 'r', none: '' };
    flags.banner.default = 'red';
  },
  consequences: ['variantRemoved /flags/banner/variants/blue 0'],
  check: body => assert.deepEqual(body.consequences[0].usedBy, ['/flags/needs_banner']),
});

deploy('a variant that is in use is removed by name', {
  document: ({ flags }) => {
    flags.banner.variants = { blue: 'b', none: '' };
    flags.banner.on = 'blue';
  },
  query: '?remove=flags/banner/variants/red',
  status: 200,
  consequences: ['variantRemoved /flags/banner/variants/red 1'],
  changes: ['banner', 'needs_banner'],
});

deploy('an alias is dropped', {
  ...unsafe,
  document: ({ flags }) => {
    delete flags.search.aliases;
  },
  consequences: ['aliasRemoved /flags/search/aliases/find 1'],
});

deploy('a boolean flag becomes one of texts', {
  ...unsafe,
  document: ({ flags }) => {
    flags.killed = { type: 'string', variants: { on: 'yes', off: 'no' }, default: 'on' };
  },
  consequences: ['overridesLost /flags/killed/overrides 1'],
});

deploy('a flag is renamed without an alias', {
  ...unsafe,
  document: ({ flags }) => {
    flags.slain = flags.killed;
    delete flags.killed;
  },
  consequences: ['removed /flags/killed 1'],
});

deploy('a flag is renamed, and its old key is an alias', {
  document: ({ flags }) => {
    flags.slain = { ...flags.killed, aliases: ['killed'] };
    delete flags.killed;
  },
  status: 200,
  // Among all flags it has its new key.
  changes: ['killed'],
  check: async (body, before) => {
    assert.deepEqual(body.renamed, [{ from: 'killed', to: 'slain' }]);
    const alone = told => told.killed.filter((_, index) => index % 2 === 0);
    assert.deepEqual(alone(await answers()), alone(before));
    assert.equal((await admin('document')).json().flags.slain.enabled, false);
    await post('feature-flags', { featureName: 'killed', action: 'revive' });
    assert.equal((await server.evaluate({ flag: 'slain', context: { customerId: 'c-1' } }))[0].layer, 'customer');
  },
});

deploy('a flag with a rollout is renamed, which would draw other units', {
  ...unsafe,
  document: ({ flags }) => {
    flags.lots = { ...flags.drawn, aliases: ['drawn'] };
    delete flags.drawn;
  },
  consequences: ['redrawn /flags/drawn/salt 0'],
});

deploy('a flag with a rollout is renamed and keeps its salt', {
  document: ({ flags }) => {
    flags.lots = { ...flags.drawn, aliases: ['drawn'], salt: 'drawn' };
    delete flags.drawn;
  },
  status: 200,
  changes: ['drawn'],
  check: async (body, before) => {
    assert.deepEqual(body.renamed, [{ from: 'drawn', to: 'lots' }]);
    const alone = told => told.drawn.filter((_, index) => index % 2 === 0);
    assert.deepEqual(alone(await answers()), alone(before));
  },
});

deploy('a document of another environment', {
  document: document => {
    document.environment = 'staging';
  },
  status: 409,
  code: 'OTHER_ENVIRONMENT',
});

deploy('a document without an environment', {
  document: document => {
    delete document.environment;
    delete document.private;
  },
  status: 200,
});

deploy('a document with another bucket key', {
  document: document => {
    document.bucketKey = KEY.replace('00', 'ff');
  },
  status: 409,
  code: 'OTHER_BUCKET_KEY',
  check: body => assert.match(body.detail, /[?]newBucketKey=ff010203$/),
});

deploy('another bucket key by name', {
  document: document => {
    document.bucketKey = KEY.replace('00', 'ff');
  },
  query: '?newBucketKey=ff010203',
  status: 200,
  changes: ['drawn'],
});

deploy('a document without a bucket key', {
  document: document => {
    delete document.bucketKey;
  },
  status: 200,
});

deploy('a document that is too large', {
  document: document => {
    document.flags.checkout.description = 'x'.repeat(8_000_001);
  },
  status: 413,
  code: 'TOO_LARGE',
});

deploy('a document that is cut off', { document: JSON.stringify(base()).slice(0, -1), status: 422, code: 'DOCUMENT_REFUSED' });

deploy('a document of a later form', {
  document: document => {
    document.schema = 'twinflag/2';
  },
  status: 422,
  code: 'DOCUMENT_REFUSED',
});

deploy('a kill that the document revives', {
  document: ({ flags }) => {
    flags.killed.enabled = true;
  },
  status: 200,
  check: body => assert.deepEqual(body.kept, [{ pointer: '/flags/killed/enabled' }]),
});

deploy('a new flag with an error takes nothing away', {
  document: ({ flags }) => {
    flags.fresh = { type: 'colour' };
  },
  status: 200,
  check: body =>
    assert.deepEqual(
      body.errors.map(({ pointer }) => pointer),
      ['/flags/fresh/type'],
    ),
});

deploy('a removal by name of what the document still has', {
  document: () => {},
  query: '?remove=flags/checkout',
  status: 400,
  code: 'INVALID',
});

deploy('a removal by name of what never was', { document: () => {}, query: '?remove=flags/checkuot', status: 400, code: 'INVALID' });

deploy('a removal of all flags by a document that has flags', {
  document: ({ flags }) => {
    delete flags.staged;
  },
  query: '?remove=flags',
  status: 400,
  code: 'INVALID',
});

deploy('partial: what cannot be read keeps its last good definition', {
  document: ({ flags, segments }) => {
    flags.banner.type = 'sting';
    segments.eu.op = 'inn';
    flags.staged.description = 'new';
  },
  query: '?partial=true',
  status: 200,
  consequences: ['leftOut /flags/banner 0', 'leftOut /segments/eu 0'],
  check: async () => {
    const exported = (await admin('document')).json();
    assert.deepEqual([exported.flags.banner.type, exported.segments.eu.op, exported.flags.staged.description], ['sting', 'inn', 'new']);
    // Servers that evaluate by themselves get what serves here.
    const { document } = (await server.asServer('/v1/ruleset', { method: 'GET' })).json();
    assert.deepEqual([document.flags.banner.type, document.segments.eu.op, document.flags.staged.description], ['string', 'in', 'new']);
    assert.deepEqual(document.overrides.customers['c-1'], exported.overrides.customers['c-1']);
    const list = (await admin('feature-flags')).json();
    assert.deepEqual(
      list.errors.map(({ pointer }) => pointer),
      ['/flags/banner/type', '/segments/eu/op'],
    );
    for (const { message } of list.errors) assert.match(message, /last good definition serves/);
    // The hub takes its own export back, and changes nothing.
    const again = await put(exported);
    assert.deepEqual([again.status, again.json().changes], [200, []], again.text);
    // The repaired definition serves.
    const repaired = await put(
      edited(({ flags }) => {
        flags.banner.default = 'red';
      }),
    );
    assert.equal(repaired.status, 200, repaired.text);
    assert.equal((await server.evaluate({ flag: 'banner' }))[0].variant, 'red');
    assert.equal((await admin('feature-flags')).json().errors, undefined);
    const verdict = (await admin('changes/verify')).json();
    assert.equal(verdict.valid, true);
  },
});

deploy('partial removes nothing', {
  ...unsafe,
  document: ({ flags }) => {
    delete flags.staged;
    flags.banner.type = 'sting';
  },
  query: '?partial=true',
  consequences: ['leftOut /flags/banner 0', 'removed /flags/staged 0'],
});

test('deploy: a flag that returns is killed still, and has its overrides', async () => {
  const before = await answers();
  const gone = await put(
    edited(({ flags }) => {
      delete flags.killed;
    }),
    '?remove=flags/killed',
  );
  assert.equal(gone.status, 200, gone.text);
  assert.equal((await server.evaluate({ flag: 'killed', context: { customerId: 'c-1' } }))[0].errorCode, 'FLAG_NOT_FOUND');
  const again = await put(
    edited(({ flags }) => {
      delete flags.killed;
    }),
    '?remove=flags/killed',
  );
  assert.equal(again.status, 200, again.text);
  const returned = await put(base());
  assert.equal(returned.status, 200, returned.text);
  assert.deepEqual(returned.json().returned, [{ enabled: false, flag: 'killed', overrides: 1 }]);
  assert.deepEqual(await answers(), before);
  report.push(['a flag that was removed returns', 200, 'returned /flags/killed']);
});

test('deploy: an older export brings nothing back and takes nothing away', async () => {
  const older = (await admin('document')).text;
  await post('rollout/percentage', { featureName: 'drawn', percentage: 80 });
  await post('overrides', { customerId: 'c-2', flags: { checkout: true } });
  await put(
    edited(({ flags }) => {
      flags.newer = { default: 'on' };
    }),
  );
  const before = await answers();
  const refused = await put(older);
  assert.deepEqual(
    refused.json().consequences.map(({ pointer }) => pointer),
    ['/flags/newer'],
    refused.text,
  );
  const taken = await put(older, '?remove=flags/newer');
  assert.equal(taken.status, 200, taken.text);
  assert.deepEqual(await answers(), before);
  report.push(['an export from before a rollout and an override', 422, 'removed /flags/newer']);
});

test('deploy: of two at once the second is refused', async () => {
  const tag = (await admin('document')).headers.get('etag');
  const one = edited(({ flags }) => {
    flags.staged.description = 'one';
  });
  const other = edited(({ flags }) => {
    flags.checkout.description = 'other';
  });
  const statuses = (await Promise.all([one, other].map(document => put(document, '', { 'if-match': tag })))).map(({ status }) => status);
  assert.deepEqual(statuses.sort(), [200, 412]);
  report.push(['two at once, both from one version', 412, 'VERSION_MISMATCH']);
});

test('deploy: a dry run tells the losses and who would get another answer', async () => {
  const document = edited(({ flags }) => {
    delete flags.staged;
    flags.checkout.type = 'colour';
  });
  const stored = await state();
  const answer = await admin('document?dryRun=true', { method: 'PUT', body: { document, contexts: CONTEXTS } });
  assert.equal(answer.status, 200, answer.text);
  const { consequences, blastRadius } = answer.json();
  assert.deepEqual(
    consequences.map(({ kind, pointer, allowed }) => [kind, pointer, allowed]),
    [
      ['leftOut', '/flags/checkout', false],
      ['removed', '/flags/staged', false],
    ],
  );
  assert.deepEqual(
    blastRadius.flags.map(({ flag, changed }) => [flag, changed]),
    [
      ['checkout', CONTEXTS.length],
      ['staged', CONTEXTS.length],
    ],
  );
  assert.deepEqual(await state(), stored);
  report.push(['a dry run of a removal and an error', 200, 'both told']);
});

test('deploy: a locked flag is changed for a reason only', async () => {
  const stored = await state();
  const edit = edited(({ flags }) => {
    flags.locked.default = 'off';
  });
  const refused = await put(edit);
  assert.deepEqual([refused.status, refused.json().code], [403, 'LOCKED'], refused.text);
  assert.deepEqual(await state(), stored);
  const taken = await put(edit, '?reason=agreed');
  assert.equal(taken.status, 200, taken.text);
  assert.equal((await server.evaluate({ flag: 'locked' }))[0].value, false);
  report.push(['a locked flag without a reason', 403, 'LOCKED']);
});
