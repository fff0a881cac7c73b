// Stored keys: making the first ones in a new deployment, and what each key opens, for whom and for how long.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { dataFolder } from '../server.mjs';
import { hostWorker, KEYS, startOn, token } from './workerd.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DAY_MS = 24 * 60 * 60 * 1_000;
const SHOP = 'https://shop.example',
  OTHER = 'https://other.example';
const BARE = { CLIENT_KEY: '', SERVER_KEY: '', TEST_CLOCK: 'on' };
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    plain: { tags: ['shop'], default: 'on' },
    mine: { tags: ['shop'], targets: [{ attribute: 'userId', values: ['u-1'], variant: 'on' }] },
    needy: { tags: ['shop'], prerequisites: [{ flag: 'canary-hidden', variants: ['canaryOn'] }], default: 'on' },
    'canary-hidden': {
      tags: ['canary-team'],
      aliases: ['canaryAlias'],
      type: 'string',
      variants: { canaryOn: 'canary value', canaryOff: 'canary other' },
      on: 'canaryOn',
      off: 'canaryOff',
      rules: [{ name: 'canary-rule', if: { attribute: 'plan', op: 'eq', value: 'canary-plan' }, serve: 'canaryOn' }],
    },
    'canary-untagged': { default: 'on', rules: [{ if: { attribute: 'mail', op: 'endsWith', value: '@canary.example' }, serve: 'off' }] },
  },
  overrides: { customers: { 'c-1': { plain: false }, 'c-2': { mine: true } }, organizations: { 'o-1': { mine: true } } },
};

const ends = [];
after(() => Promise.all(ends.map(end => end())));
const hosted = async (options = {}) => {
  const folder = await dataFolder();
  const server = await hostWorker({ data: folder.path, ...options, settings: { ...BARE, ...options.settings } });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  return { folder, ...server };
};

let server;
before(async () => {
  server = await hosted({ document: JSON.stringify(DOCUMENT) });
});

const keys = (on, path = '', options = {}) =>
  on.asAdmin(`/api/admin/keys${path}`, { body: options.method && options.method !== 'POST' ? undefined : {}, ...options });
async function make(terms, on = server) {
  const answer = await keys(on, '', { body: { kind: 'client', label: 'a test', reason: 'r', ...terms } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}
const rotate = (id, body = {}, more = {}) => keys(server, `/${id}/rotate`, { body, ...more });
const revoke = (id, on = server) => keys(on, `/${id}?reason=r`, { method: 'DELETE' });
const list = async (on = server) => (await keys(on, '', { method: 'GET' })).json().keys;
const at = moment => ({ 'twinflag-now': String(moment) });

const all = (key, { on = server, headers, context = {} } = {}) =>
  on.request('/ofrep/v1/evaluate/flags', { token: key, headers, body: { context } });
const one = (key, flag, context = {}, headers) =>
  server.request(`/ofrep/v1/evaluate/flags/${flag}`, { token: key, headers, body: { context } });
const many = (key, { on = server, headers } = {}) =>
  on.request('/v1/evaluate', { token: key, headers, body: { evaluations: [{ flag: 'plain' }] } });
const program = (key, context = {}, headers, accept = 'application/json') =>
  server.request('/v1/program', { token: key, headers: { accept, ...headers }, body: { context } });
const widget = (key, query = '', headers) => server.request(`/api/widget/config${query}`, { method: 'GET', token: key, headers });
const value = async (key, flag, context, headers) => (await one(key, flag, context, headers)).json().value;

test('a new deployment without keys takes a token, and then the keys and the document that it brings', async () => {
  const fresh = await hosted();
  const secret = join(fresh.folder.path, 'jwt-secret');
  await writeFile(secret, `${KEYS.JWT_SECRET}\n`);
  const [xtask, ...first] = process.env.XTASK ? [process.env.XTASK] : ['cargo', 'xtask'];
  const minted = execFileSync(xtask, [...first, 'token', '--secret-file', secret, '--sub', 'ada', '--role', 'admin'], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim();
  const ask = (path, options) => fresh.request(path, { token: minted, ...options });
  // An empty CLIENT_KEY or SERVER_KEY is no key.
  for (const token of [undefined, '', KEYS.CLIENT_KEY, KEYS.SERVER_KEY]) assert.equal((await all(token, { on: fresh })).status, 401);
  const made = {};
  for (const kind of ['client', 'server'])
    made[kind] = (await ask('/api/admin/keys', { body: { kind, label: `the first ${kind}`, reason: 'bootstrap' } })).json();
  // The keys are accepted before a document is imported.
  assert.equal((await all(made.client.key, { on: fresh })).status, 503);
  assert.equal((await many(made.server.key, { on: fresh })).status, 503);
  assert.equal((await many(made.client.key, { on: fresh })).status, 403);
  assert.equal((await ask('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
  assert.equal((await all(made.client.key, { on: fresh })).status, 200);
  assert.equal((await many(made.server.key, { on: fresh })).json().results[0].value, true);
  assert.equal((await fresh.request('/v1/ruleset', { method: 'GET', token: made.server.key })).status, 200);
  assert.deepEqual((await list(fresh)).map(({ kind, label }) => [kind, label]).sort(), [
    ['client', 'the first client'],
    ['server', 'the first server'],
  ]);
  // An import does not remove keys.
  assert.equal(
    (await fresh.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: { ...DOCUMENT, flags: { plain: {} } } })).status,
    200,
  );
  assert.equal((await all(made.client.key, { on: fresh })).status, 200);
});

test('a key is shown only when it is made; the list shows its last four letters', async () => {
  const made = await make({
    label: 'listed',
    origins: [SHOP],
    tags: ['shop'],
    identity: { kind: 'pinned', customerId: 'c-1' },
    expiresAt: '2099-01-01T00:00:00Z',
  });
  assert.match(made.key, /^tf_client_test_[0-9a-f]{40}$/);
  const { createdAt, ...shown } = (await list()).find(({ id }) => id === made.id);
  assert.deepEqual(shown, {
    id: made.id,
    kind: 'client',
    label: 'listed',
    hint: `tf_client_test_…${made.key.slice(-4)}`,
    origins: [SHOP],
    tags: ['shop'],
    identity: { kind: 'pinned', customerId: 'c-1' },
    expiresAt: '2099-01-01T00:00:00.000Z',
  });
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);
  assert.deepEqual(made.changes[0].newJson.id, made.id);
  assert.equal(made.changes[0].action, 'key.create');
});

test('a repeated request with the same idempotency key does not show the key again', async () => {
  const body = { kind: 'client', label: 'again', identity: { kind: 'signed' }, reason: 'r' };
  const headers = { 'idempotency-key': 'create-again' };
  const [first, again] = [await keys(server, '', { body, headers }), await keys(server, '', { body, headers })];
  const { key, identitySecret, ...rest } = first.json();
  assert.ok(key.startsWith('tf_client_') && identitySecret.startsWith('tf_identity_'));
  assert.deepEqual(again.json(), { ...rest, key: null, identitySecret: null, replayed: true });
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.equal((await list()).filter(({ label }) => label === 'again').length, 1);
  const turned = { 'idempotency-key': 'rotate-again' };
  const [next, same] = [await rotate(rest.id, {}, { headers: turned }), await rotate(rest.id, {}, { headers: turned })];
  assert.deepEqual([typeof next.json().key, same.json().key, same.json().id], ['string', null, next.json().id]);
  // A request with another query is not a repetition.
  const gone = query =>
    server.asAdmin(`/api/admin/keys/${rest.id}${query}`, { method: 'DELETE', headers: { 'idempotency-key': 'revoke-again' } });
  assert.deepEqual([(await gone('?reason=a')).status, (await gone('?reason=a')).status, (await gone('?reason=b')).status], [200, 200, 422]);
});

test('a revoked key is refused at once by the isolate that revoked it', async () => {
  for (const [kind, ask] of [
    ['client', all],
    ['server', many],
  ]) {
    const made = await make({ kind });
    assert.equal((await ask(made.key)).status, 200);
    assert.equal((await revoke(made.id)).status, 200);
    const refused = await ask(made.key);
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
    assert.ok((await list()).find(({ id }) => id === made.id).revokedAt);
    assert.equal((await revoke(made.id)).json().changed, false);
    assert.deepEqual([(await rotate(made.id)).status, (await rotate(made.id)).json().code], [409, 'ILLEGAL_STEP']);
  }
});

test('a rotated key keeps working until its overlap ends, by default for a day', async () => {
  const made = await make({ kind: 'server' });
  const now = Date.now();
  const next = (await rotate(made.id, { reason: 'yearly' }, { headers: at(now) })).json();
  for (const [moment, status] of [
    [now, 200],
    [now + DAY_MS - 1, 200],
    [now + DAY_MS, 401],
    [now + DAY_MS + 1, 401],
  ]) {
    assert.equal((await many(made.key, { headers: at(moment) })).status, status, String(moment - now));
    assert.equal((await many(next.key, { headers: at(moment) })).status, 200);
  }
  const [old, fresh] = [made.id, next.id].map(id => list().then(keys => keys.find(key => key.id === id)));
  assert.deepEqual(
    [(await old).successor, (await old).expiresAt, (await fresh).expiresAt],
    [next.id, new Date(now + DAY_MS).toISOString(), undefined],
  );
  // With an overlap of 0 the old key ends at once. A key cannot be rotated twice.
  const last = (await rotate(next.id, { overlap: 0 }, { headers: at(now) })).json();
  assert.deepEqual([(await many(next.key, { headers: at(now) })).status, (await many(last.key, { headers: at(now) })).status], [401, 200]);
  assert.equal((await rotate(made.id, {}, { headers: at(now) })).status, 409);
});

test('a key is refused from expiresAt on', async () => {
  const end = Date.now() + 60_000;
  const made = await make({ expiresAt: new Date(end).toISOString() });
  for (const [moment, status] of [
    [end - 1, 200],
    [end, 401],
  ])
    assert.equal((await all(made.key, { headers: at(moment) })).status, status);
});

test('invalid terms of a key are refused with a pointer to them', async () => {
  for (const [terms, pointer] of [
    [{ kind: 'admin' }, '/kind'],
    [{ label: '' }, '/label'],
    [{ label: undefined }, undefined],
    [{ origins: ['shop.example'] }, '/origins/0'],
    [{ origins: [SHOP, 'https://shop.example/'] }, '/origins/1'],
    [{ tags: [''] }, '/tags/0'],
    [{ tags: 'shop' }, '/tags'],
    [{ identity: { kind: 'pinned' } }, '/identity'],
    [{ identity: { kind: 'other' } }, '/identity/kind'],
    [{ identity: { kind: 'open', customerId: 'c' } }, '/identity'],
    [{ identity: 'open' }, '/identity'],
    [{ expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
    [{ expiresAt: 'soon' }, '/expiresAt'],
    [{ kind: 'server', origins: ['*'] }, '/origins'],
    [{ kind: 'server', identity: { kind: 'signed' } }, '/identity'],
    [{ reason: '' }, '/reason'],
    [{ secret: 's' }, undefined],
  ]) {
    const answer = await keys(server, '', { body: { kind: 'client', label: 'l', reason: 'r', ...terms } });
    assert.deepEqual([answer.status, answer.type], [400, 'application/problem+json'], answer.text);
    if (pointer) assert.equal(answer.json().pointer, pointer, answer.text);
  }
  for (const answer of [await rotate('absent'), await revoke('absent')])
    assert.deepEqual([answer.status, answer.json().code], [404, 'KEY_NOT_FOUND']);
  const made = await make();
  for (const overlap of [-1, 91 * DAY_MS]) assert.equal((await rotate(made.id, { overlap })).json().pointer, '/overlap');
  for (const [path, method, status] of [
    ['', 'DELETE', 405],
    [`/${made.id}`, 'POST', 405],
    [`/${made.id}/other`, 'POST', 404],
    [`/${made.id}/rotate`, 'DELETE', 405],
  ])
    assert.equal((await keys(server, path, { method })).status, status, `${method} ${path}`);
});

test('services and administrators make, rotate and revoke keys; other roles and keys cannot', async () => {
  const as = role => token({ sub: 's', exp: Math.floor(Date.now() / 1000) + 600, app_metadata: role });
  const [client, mine] = [await make(), await make({ kind: 'server' })];
  for (const [bearer, status] of [
    [as({ role: 'service' }), 200],
    [as({ role: 'admin' }), 200],
    [as({ role: 'organization_admin', organizationId: 'o-1' }), 403],
    [as({ role: 'member', organizationId: 'o-1' }), 403],
    [as(undefined), 403],
    [client.key, 401],
    [mine.key, 401],
    [undefined, 401],
  ]) {
    assert.equal((await server.request('/api/admin/keys', { method: 'GET', token: bearer })).status, status);
    assert.equal((await server.request('/api/admin/keys', { body: { kind: 'client', label: 'l' }, token: bearer })).status, status);
    assert.equal(
      (await server.request('/api/admin/keys/absent/rotate', { body: {}, token: bearer })).status,
      status === 200 ? 404 : status,
    );
    assert.equal(
      (await server.request('/api/admin/keys/absent', { method: 'DELETE', token: bearer })).status,
      status === 200 ? 404 : status,
    );
  }
  // The routes that each kind of key opens.
  for (const [ask, ofClient, ofServer] of [
    [all, 200, 200],
    [many, 403, 200],
    [program, 200, 200],
    [widget, 200, 200],
  ])
    assert.deepEqual([(await ask(client.key)).status, (await ask(mine.key)).status], [ofClient, ofServer]);
  assert.equal((await server.request('/v1/ruleset', { method: 'GET', token: client.key })).status, 403);
  // X-API-Key takes a stored key too.
  assert.equal(
    (await server.request('/ofrep/v1/evaluate/flags', { headers: { 'x-api-key': client.key }, body: { context: {} } })).status,
    200,
  );
});

test('a key that differs from a stored key is refused', async () => {
  const { key } = await make();
  const last = key.endsWith('0') ? '1' : '0';
  for (const wrong of [
    key.slice(0, -1) + last,
    key.slice(0, -1),
    `${key}0`,
    key.toUpperCase(),
    key.replace('client', 'server'),
    `tf_client_${'0'.repeat(40)}`,
  ])
    assert.equal((await all(wrong)).status, 401, wrong);
});

const raw = (path, method, key, origin, body) => server.request(path, { method, token: key, body, headers: { origin } });
const PATHS = [
  ['/ofrep/v1/evaluate/flags', 'POST'],
  ['/ofrep/v1/evaluate/flags/plain', 'POST'],
  ['/v1/program', 'POST'],
  ['/api/widget/config', 'GET'],
];
const allowed = answer => answer.headers.get('access-control-allow-origin');
const preflight = (path, origin) =>
  server.request(path, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,twinflag-identity' },
  });

test("a stored key works on pages of its origins and of the worker's own", async () => {
  const [shop, other, anybody, nobody] = [
    await make({ origins: [SHOP] }),
    await make({ origins: [OTHER] }),
    await make({ origins: ['*'] }),
    await make(),
  ];
  for (const [path, method] of PATHS) {
    const ask = (key, origin) => raw(path, method, key, origin, method === 'POST' ? { context: {} } : undefined);
    for (const [key, origin, status] of [
      [shop, SHOP, 200],
      [other, OTHER, 200],
      [anybody, SHOP, 200],
      [anybody, 'https://any.example', 200],
    ]) {
      const answer = await ask(key.key, origin);
      assert.deepEqual([answer.status, allowed(answer)], [status, origin], path);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    }
    for (const [key, origin] of [
      [shop, OTHER],
      [other, SHOP],
      [nobody, SHOP],
      [shop, 'null'],
      [shop, 'https://shop.example:8443'],
      [shop, 'http://shop.example'],
      [shop, 'https://shop.example.evil.example'],
    ]) {
      const answer = await ask(key.key, origin);
      assert.deepEqual([answer.status, allowed(answer)], [403, null], `${path} ${origin}`);
    }
    for (const key of [shop, nobody])
      assert.deepEqual(
        [
          (await ask(key.key, server.url)).status,
          (await server.request(path, { method, token: key.key, body: method === 'POST' ? { context: {} } : undefined })).status,
        ],
        [200, 200],
      );
  }
  for (const { id } of [anybody]) await revoke(id);
  for (const [path] of PATHS) {
    assert.deepEqual(
      [allowed(await preflight(path, SHOP)), allowed(await preflight(path, OTHER)), allowed(await preflight(path, 'https://evil.example'))],
      [SHOP, OTHER, null],
    );
    assert.match((await preflight(path, SHOP)).headers.get('access-control-allow-headers'), /twinflag-identity/);
  }
  // An origin that only revoked keys list gets no CORS headers.
  await revoke(other.id);
  assert.equal(allowed(await preflight('/v1/program', OTHER)), null);
  assert.equal(allowed(await raw('/v1/program', 'POST', other.key, OTHER, {})), null);
  // A page that another key lists may read that this key is refused.
  assert.equal(allowed(await raw('/v1/program', 'POST', other.key, SHOP, {})), SHOP);
});

test('a key with tags shows only flags that have one of them', async () => {
  const { key } = await make({ tags: ['shop', 'absent'] });
  assert.deepEqual(
    (await all(key))
      .json()
      .flags.map(flag => flag.key)
      .sort(),
    ['mine', 'needy', 'plain'],
  );
  for (const flag of ['canary-hidden', 'canaryAlias', 'canary-untagged', 'absent']) {
    const answer = await one(key, flag);
    assert.deepEqual([answer.status, answer.json().errorCode], [404, 'FLAG_NOT_FOUND'], flag);
  }
  // A hidden prerequisite still decides.
  assert.deepEqual([await value(key, 'needy', { plan: 'canary-plan' }), await value(key, 'needy', { plan: 'basic' })], [true, false]);
  assert.deepEqual(Object.keys((await widget(key)).json().config).sort(), ['mine', 'needy', 'plain']);
  for (const context of [{}, { customerId: 'c-1' }, { plan: 'basic' }]) {
    for (const accept of ['application/json', 'application/vnd.twinflag.program']) {
      const { status, bytes } = await program(key, context, {}, accept);
      assert.equal(status, 200);
      assert.ok(bytes.includes('needy') && !bytes.toString('latin1').toLowerCase().includes('canary'), bytes.toString());
    }
  }
  // The control: the same search finds the hidden flag in the program of a key without tags.
  assert.ok((await program((await make()).key)).text.includes('canary-hidden'));
});

test('a pinned key fixes the customer or organization and refuses a context that names another', async () => {
  const { key } = await make({ identity: { kind: 'pinned', customerId: 'c-1' } });
  assert.deepEqual([await value(key, 'plain'), await value(key, 'plain', { customerId: 'c-1' })], [false, false]);
  for (const answer of [
    await one(key, 'plain', { customerId: 'c-2' }),
    await all(key, { context: { customerId: 'c-2' } }),
    await program(key, { customerId: 'c-2' }),
    await widget(key, '?customerId=c-2'),
  ])
    assert.equal(answer.status, 403, answer.text);
  assert.equal((await widget(key)).json().config.plain, false);
  const organization = await make({ identity: { kind: 'pinned', organizationId: 'o-1' } });
  assert.deepEqual(
    [await value(organization.key, 'mine', {}), (await one(organization.key, 'mine', { organizationId: 'o-2' })).status],
    [true, 403],
  );
  // The edge knows the whole identity, so the program has no step for other visitors.
  const answer = await program(key, { userId: 'u-9' });
  assert.deepEqual(answer.json().flags.mine.steps.length, 1);
  const { known, visitor } = JSON.parse(decodeURIComponent(answer.headers.get('twinflag-identity')));
  assert.deepEqual(
    [known.sort(), visitor],
    [['customerId', 'organizationId', 'sessionId', 'targetingKey', 'userId'], { customerId: 'c-1' }],
  );
  assert.equal((await program((await make()).key)).headers.get('twinflag-identity'), null);
});

const base64url = value => Buffer.from(JSON.stringify(value)).toString('base64url');
/** The header with an identity that a customer's server signed. */
function sign(secret, claims, header = { alg: 'HS256', typ: 'JWT' }) {
  const signed = `${base64url(header)}.${base64url({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return { 'twinflag-identity': `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}` };
}

test('a signed key ignores an unsigned identity and refuses an invalid one', async () => {
  const [shop, other] = [await make({ identity: { kind: 'signed' } }), await make({ identity: { kind: 'signed' } })];
  const { key, identitySecret } = shop;
  assert.match(identitySecret, /^tf_identity_[0-9a-f]{64}$/);
  // Without a signature the visitor is anonymous; the other attributes stay.
  for (const context of [{ userId: 'u-1' }, { customerId: 'c-2' }, { organizationId: 'o-1' }])
    assert.equal(await value(key, 'mine', context), false, JSON.stringify(context));
  assert.equal(await value(key, 'needy', { plan: 'canary-plan' }), true);
  for (const claims of [{ userId: 'u-1' }, { customerId: 'c-2' }, { organizationId: 'o-1' }])
    assert.equal(await value(key, 'mine', { userId: 'x', customerId: 'x' }, sign(identitySecret, claims)), true, JSON.stringify(claims));
  const now = Math.floor(Date.now() / 1000);
  const good = sign(identitySecret, { userId: 'u-1' });
  const bad = {
    "by another key's secret": sign(other.identitySecret, { userId: 'u-1' }),
    'by the key': sign(key, { userId: 'u-1' }),
    "by the deployment's secret": sign(KEYS.JWT_SECRET, { userId: 'u-1' }),
    'by nothing': sign('', { userId: 'u-1' }),
    expired: sign(identitySecret, { userId: 'u-1', exp: now - 61 }),
    'never expiring': sign(identitySecret, { userId: 'u-1', exp: undefined }),
    'not yet': sign(identitySecret, { userId: 'u-1', nbf: now + 90 }),
    unsigned: { 'twinflag-identity': `${base64url({ alg: 'none' })}.${base64url({ userId: 'u-1', exp: now + 600 })}.` },
    'alg none': sign(identitySecret, { userId: 'u-1' }, { alg: 'none' }),
    'another alg': sign(identitySecret, { userId: 'u-1' }, { alg: 'HS512' }),
    'no user': sign(identitySecret, { userId: ['u-1'] }),
    altered: { 'twinflag-identity': good['twinflag-identity'].replace(/\.[^.]+\./, `.${base64url({ userId: 'u-2', exp: now + 600 })}.`) },
    garbage: { 'twinflag-identity': 'x' },
    empty: { 'twinflag-identity': '' },
  };
  for (const [name, headers] of Object.entries(bad)) {
    for (const answer of [await one(key, 'mine', {}, headers), await program(key, {}, headers), await widget(key, '', headers)])
      assert.equal(answer.status, 401, `${name}: ${answer.text}`);
  }
  // An identity expires by the same clock as a key.
  assert.equal((await one(key, 'mine', {}, { ...good, ...at(Date.now() + 11 * 60_000 + 60_000) })).status, 401);
  // A program is for the signed identity, which the response names.
  const answer = await program(key, { userId: 'x', plan: 'basic' }, sign(identitySecret, { userId: 'u-1', customerId: 'c-9' }));
  const { visitor } = JSON.parse(decodeURIComponent(answer.headers.get('twinflag-identity')));
  assert.deepEqual(visitor, { customerId: 'c-9', organizationId: null, sessionId: null, targetingKey: null, userId: 'u-1' });
  assert.equal(answer.json().flags.mine.steps.at(-1).answer.value, true);
  // A key that takes no signed identities ignores the header.
  assert.equal((await one((await make()).key, 'mine', {}, bad.garbage)).status, 200);
  // The successor of a rotated key has another identity secret.
  const next = (await rotate(shop.id)).json();
  assert.deepEqual(
    [
      (await one(next.key, 'mine', {}, good)).status,
      (await one(key, 'mine', {}, good)).status,
      (await one(next.key, 'mine', {}, sign(next.identitySecret, { userId: 'u-1' }))).json().value,
    ],
    [401, 200, true],
  );
});

test('a page cannot set an attribute that its key takes from tokens', async () => {
  const signed = { kind: 'signed', attributes: ['plan'] };
  const { id, key, identitySecret } = await make({ identity: signed });
  assert.deepEqual((await list()).find(each => each.id === id).identity, signed);
  const plan = 'canary-plan';
  for (const context of [{ plan }, { plan: [plan] }, { 'plan.name': plan }]) {
    assert.equal(await value(key, 'needy', context), false, JSON.stringify(context));
    assert.equal(await value(key, 'needy', context, sign(identitySecret, { userId: 'u-1' })), false, JSON.stringify(context));
  }
  const shown = sign(identitySecret, { userId: 'u-1', plan });
  assert.equal(await value(key, 'needy', { plan: 'basic' }, shown), true);
  assert.equal((await one(key, 'needy', {}, sign(identitySecret, { userId: 'u-1', plan: 'a\0b' }))).status, 401);
  // A program is settled by the signed plan, or by its absence, and tells the page which one it is for.
  for (const [headers, told, answer] of [
    [shown, plan, true],
    [sign(identitySecret, { userId: 'u-1' }), null, false],
    [sign(identitySecret, { userId: 'u-1', plan: null }), null, false],
    [sign(identitySecret, { userId: 'u-1', plan: { 'n % ü': 1 } }), { 'n % ü': 1 }, false],
    [{}, null, false],
  ]) {
    const made = await program(key, { plan }, headers);
    assert.deepEqual(JSON.parse(decodeURIComponent(made.headers.get('twinflag-identity'))).visitor.plan, told);
    const { steps } = made.json().flags.needy;
    assert.deepEqual([steps.length, steps[0].answer.value], [1, answer], JSON.stringify(steps));
  }
  // The successor has the same terms.
  const next = (await rotate(id)).json();
  assert.deepEqual((await list()).find(each => each.id === next.id).identity, signed);
});

test('a secret appears in no later answer and no log, and the store has only the hash of a key', async () => {
  const own = await hosted({ document: JSON.stringify(DOCUMENT) });
  const secrets = [],
    hashes = [];
  const shown = answer => {
    assert.equal(answer.status, 200, answer.text);
    const { key, identitySecret, id } = answer.json();
    secrets.push(key);
    if (identitySecret) hashes.push(identitySecret);
    return { key, identitySecret, id };
  };
  const ask = (path, options) => own.asAdmin(path, options);
  const made = [
    shown(await ask('/api/admin/keys', { body: { kind: 'server', label: 's' }, headers: { 'idempotency-key': 'a' } })),
    shown(
      await ask('/api/admin/keys', {
        body: { kind: 'client', label: 'c', identity: { kind: 'signed' } },
        headers: { 'idempotency-key': 'b' },
      }),
    ),
  ];
  made.push(shown(await ask(`/api/admin/keys/${made[1].id}/rotate`, { body: {}, headers: { 'idempotency-key': 'c' } })));
  const later = [await ask(`/api/admin/keys/${made[0].id}?reason=r`, { method: 'DELETE' })];
  for (const [path, headers, body] of [
    ['/api/admin/keys', { 'idempotency-key': 'a' }, { kind: 'server', label: 's' }],
    ['/api/admin/keys', { 'idempotency-key': 'b' }, { kind: 'client', label: 'c', identity: { kind: 'signed' } }],
  ])
    later.push(await ask(path, { body, headers }));
  for (const path of ['keys', 'changes', 'versions', 'document', 'feature-flags', 'stats', 'changes/verify'])
    later.push(await ask(`/api/admin/${path}`, { method: 'GET' }));
  for (const { key } of made) later.push(await all(key, { on: own }), await many(key, { on: own }), await all(`${key}0`, { on: own }));
  later.push(
    await own.request('/v1/ruleset', { method: 'GET', token: made[0].key }),
    await ask('/v1/explain', { body: { flag: 'plain' } }),
    await own.request('/ofrep/v1/evaluate/flags', { token: made[2].key, headers: sign('wrong', {}), body: { context: {} } }),
  );
  await own.stop();
  const sha256 = async key => Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(key))).toString('hex');
  const parts = secrets.map(key => key.slice(-40));
  for (const text of [own.said(), ...later.map(answer => answer.text + JSON.stringify([...answer.headers]))]) {
    for (const secret of [...parts, ...hashes, ...(await Promise.all(secrets.map(sha256)))]) assert.ok(!text.includes(secret), text);
  }
  let bytes = 0,
    found = 0;
  for (const file of await readdir(own.folder.path, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const content = await readFile(join(file.parentPath, file.name));
    bytes += content.length;
    for (const secret of parts) assert.ok(!content.includes(secret), file.name);
    // The control: the same search finds the stored hashes and identity secrets.
    for (const kept of [...(await Promise.all(secrets.map(sha256))), ...hashes]) found += content.includes(kept) ? 1 : 0;
  }
  assert.ok(bytes > 10_000 && found >= 4, `${found} in ${bytes} bytes`);
});

test("an organization's administrators and members read only the customers of their own organization", async () => {
  const as = (role, path, options) =>
    server.request(`/api/admin/${path}`, {
      token: token({ sub: role, exp: Math.floor(Date.now() / 1000) + 600, app_metadata: { role, organizationId: 'o-1' } }),
      ...options,
    });
  await server.asAdmin('/api/admin/customers', { body: { customerId: 'c-own', organizationId: 'o-1' } });
  for (const role of ['organization_admin', 'member']) {
    assert.deepEqual((await as(role, 'customers?customerId=c-own', { method: 'GET' })).json(), {
      customerId: 'c-own',
      organizationId: 'o-1',
    });
    assert.equal((await as(role, 'customers?customerId=c-1', { method: 'GET' })).status, 404);
    assert.equal((await as(role, 'customers', { method: 'GET' })).status, 403);
    assert.equal((await as(role, 'customers', { body: { customerId: 'c-own', organizationId: null } })).status, 403);
  }
});

test('while the hub does not answer, known keys work and unknown ones get 503', async () => {
  const folder = await dataFolder();
  const own = await startOn({ config: new URL('workers/away.capnp', import.meta.url), data: folder.path });
  ends.push(async () => {
    await own.stop();
    await folder.remove();
  });
  const becomes = hub => own.request('/test/hub', { body: hub });
  // An isolate knows keys even before a document is imported.
  const [first, gone] = [await make({}, own), await make({}, own)];
  assert.deepEqual([(await all(first.key, { on: own })).json().errorCode, (await all(gone.key, { on: own })).status], ['GENERAL', 503]);
  assert.equal((await own.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
  assert.deepEqual([(await all(first.key, { on: own })).status, (await all(gone.key, { on: own })).status], [200, 200]);
  await revoke(gone.id, own);
  for (const hub of ['gone', 'slow']) {
    await becomes(hub);
    for (const end = Date.now() + 30_000; !(await own.request('/health', { method: 'GET' })).json().stale; ) assert.ok(Date.now() < end);
    assert.equal((await all(first.key, { on: own })).headers.get('twinflag-stale'), 'true');
    for (const unknown of [gone.key, `tf_server_${'0'.repeat(40)}`]) {
      const answer = await own.request('/v1/program', { token: unknown, body: {} });
      assert.deepEqual([answer.status, answer.json().code, answer.headers.get('retry-after')], [503, 'KEYS_UNAVAILABLE', '10']);
    }
    // A text without the form of a stored key is refused without asking the hub.
    assert.equal((await all('tf_client_x', { on: own })).status, 401);
    await becomes('here');
    for (const end = Date.now() + 30_000; (await own.request('/health', { method: 'GET' })).json().stale; ) assert.ok(Date.now() < end);
    assert.equal((await all(gone.key, { on: own })).status, 401);
  }
  assert.equal((await all(first.key, { on: own })).status, 200);
});

test('while flags are switched off any text in the form of a key passes and gets no flag values', async () => {
  const off = await hosted({ settings: { FEATURE_FLAGS_ENABLED: 'false' } });
  const [client, mine] = [`tf_client_${'0'.repeat(40)}`, `tf_server_${'0'.repeat(40)}`];
  assert.deepEqual((await all(client, { on: off })).json(), { flags: [] });
  assert.equal((await many(mine, { on: off })).json().results[0].reason, 'DISABLED');
  for (const [path, options] of [
    ['/v1/program', { token: client, body: {} }],
    ['/v1/ruleset', { token: mine, method: 'GET' }],
    ['/v1/outcomes', { token: mine, body: { outcomes: [] } }],
  ])
    assert.equal((await off.request(path, options)).status, 503, path);
  assert.deepEqual([(await many(client, { on: off })).status, (await all('x', { on: off })).status], [403, 401]);
});
