// Flags and segments one by one: each has a tag of its own, and none takes anything away unasked.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const server = ownServer({
  document: {
    schema: 'twinflag/1',
    environment: 'production',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    segments: { eu: { attribute: 'country', op: 'eq', value: 'fr' }, 'far away/here': { attribute: 'country', op: 'eq', value: 'nz' } },
    flags: {},
  },
});

const FLAGS = {
  checkout: { default: 'off', rules: [{ if: { segment: 'eu' }, serve: 'on' }] },
  theme: { type: 'string', variants: { light: 'l', dark: 'd' }, on: 'dark', off: 'light', tags: ['a'] },
  needs: { default: 'on', prerequisites: [{ flag: 'theme', variants: ['light'] }] },
};

const admin = (path, options) => server.request(`/api/admin/${path}`, { token: server.adminToken, method: 'GET', ...options });
const tagOf = async path => (await admin(path)).headers.get('etag');
const change = async (method, path, body, { query = '', tag = undefined, headers = {} } = {}) => {
  const answer = await admin(path + query, { method, body, headers: { ...(tag ? { 'if-match': tag } : {}), ...headers } });
  return { ...answer, said: answer.json() };
};
const value = async (flag, context) => (await server.evaluate({ flag, context }))[0].value;

beforeEach(async () => {
  for (const [key, flag] of Object.entries(FLAGS)) {
    const answer = await change('PUT', `flags/${key}`, flag, { tag: (await tagOf(`flags/${key}`)) ?? undefined });
    assert.equal(answer.status, 200, answer.text);
  }
});

test('a flag is written, read, patched and removed', async () => {
  const created = await change('PUT', 'flags/fresh', { default: 'on' });
  assert.equal(created.status, 200, created.text);
  assert.equal(await value('fresh'), true);
  const shown = await admin('flags/fresh');
  const { definition, etag, lastChange, name, state } = shown.json();
  assert.deepEqual([definition, name, state, lastChange.action], [{ default: 'on' }, 'fresh', {}, 'definition.set']);
  assert.deepEqual([shown.headers.get('etag'), created.headers.get('etag')], [etag, etag]);
  const patched = await change(
    'PATCH',
    'flags/fresh',
    [
      { op: 'test', path: '/default', value: 'on' },
      { op: 'replace', path: '/default', value: 'off' },
    ],
    {
      tag: etag,
      headers: { 'content-type': 'application/json-patch+json' },
    },
  );
  assert.equal(patched.status, 200, patched.text);
  assert.equal(await value('fresh'), false);
  assert.equal(await tagOf('flags/fresh'), patched.headers.get('etag'));
  const removed = await change('DELETE', 'flags/fresh', undefined, { tag: '*', query: '?reason=over' });
  assert.equal(removed.status, 200, removed.text);
  assert.equal(removed.headers.get('etag'), null);
  assert.equal((await admin('flags/fresh')).status, 404);
  assert.equal((await server.evaluate({ flag: 'fresh' }))[0].errorCode, 'FLAG_NOT_FOUND');
  assert.equal((await admin('changes/verify')).json().valid, true);
});

test('two operators who change two flags never meet, and two who change one do', async () => {
  const [checkout, theme] = [await tagOf('flags/checkout'), await tagOf('flags/theme')];
  assert.equal((await change('PUT', 'flags/checkout', { ...FLAGS.checkout, owner: 'ann' }, { tag: checkout })).status, 200);
  assert.equal((await change('PUT', 'flags/theme', { ...FLAGS.theme, owner: 'bob' }, { tag: theme })).status, 200);
  const late = await change('PUT', 'flags/checkout', { ...FLAGS.checkout, owner: 'cy' }, { tag: checkout });
  assert.deepEqual([late.status, late.said.code, late.headers.get('etag')], [412, 'VERSION_MISMATCH', await tagOf('flags/checkout')]);
  const blind = await change('PUT', 'flags/checkout', FLAGS.checkout);
  assert.deepEqual(
    [blind.status, blind.said.code, blind.headers.get('etag')],
    [428, 'PRECONDITION_REQUIRED', await tagOf('flags/checkout')],
  );
  assert.equal((await change('PUT', 'flags/absent', {}, { tag: '*' })).status, 412);
});

test('a kill and an override leave the tags of definitions as they are', async () => {
  const tag = await tagOf('flags/checkout');
  for (const [path, body] of [
    ['feature-flags', { featureName: 'checkout', action: 'kill' }],
    ['overrides', { customerId: 'c-1', flags: { checkout: true } }],
    ['feature-flags', { featureName: 'checkout', action: 'revive' }],
  ]) {
    assert.equal((await change('POST', path, { ...body, reason: 'a test' })).status, 200);
  }
  assert.equal(await tagOf('flags/checkout'), tag);
  assert.equal((await change('PUT', 'flags/checkout', FLAGS.checkout, { tag })).said.changed, false);
});

test('a definition with an error is refused, and a variant or a flag in use stays', async () => {
  const before = (await admin('document')).text;
  const typo = await change('PUT', 'flags/checkout', { rules: [{ if: { segment: 'ue' }, serve: 'on' }] }, { tag: '*' });
  assert.deepEqual(
    [typo.status, typo.said.code, typo.said.pointer],
    [422, 'DEFINITION_REFUSED', '/flags/checkout/rules/0/if/segment'],
    typo.text,
  );
  assert.deepEqual(
    typo.said.consequences.map(({ kind, pointer }) => [kind, pointer]),
    [['leftOut', '/flags/checkout']],
  );
  const variant = await change('PUT', 'flags/theme', { type: 'string', variants: { dark: 'd' }, on: 'dark', off: 'dark' }, { tag: '*' });
  assert.deepEqual(
    [variant.status, variant.said.code, variant.said.consequences[0].usedBy],
    [422, 'UNSAFE_CHANGE', ['/flags/needs']],
    variant.text,
  );
  const needed = await change('DELETE', 'flags/theme', undefined, { tag: '*' });
  assert.deepEqual([needed.status, needed.said.code], [422, 'UNSAFE_CHANGE'], needed.text);
  const segment = await change('DELETE', 'segments/eu', undefined, { tag: '*' });
  assert.deepEqual(
    [segment.status, segment.said.consequences.map(({ pointer }) => pointer)],
    [422, ['/segments/eu', '/flags/checkout']],
    segment.text,
  );
  const state = await change('PUT', 'flags/checkout', { ...FLAGS.checkout, enabled: false }, { tag: '*' });
  assert.deepEqual([state.status, state.said.code], [400, 'INVALID'], state.text);
  assert.equal((await admin('document')).text, before);
});

test('a flag that was killed and removed is not written again, and is killed when it is restored', async () => {
  assert.equal((await change('PUT', 'flags/killed', { default: 'on' })).status, 200);
  await change('POST', 'feature-flags', { featureName: 'killed', action: 'kill', reason: 'a test' });
  assert.equal((await change('DELETE', 'flags/killed', undefined, { tag: '*' })).status, 200);
  const again = await change('PUT', 'flags/killed', { default: 'on' });
  assert.deepEqual([again.status, again.said.code], [409, 'FLAG_ARCHIVED'], again.text);
  assert.equal((await change('POST', 'flags/killed/restore', { reason: 'a test' })).status, 200);
  assert.equal(await value('killed'), false);
  await change('POST', 'feature-flags', { featureName: 'killed', action: 'revive', reason: 'a test' });
  assert.equal(await value('killed'), true);
  assert.equal((await change('DELETE', 'flags/killed', undefined, { tag: '*' })).status, 200);
});

test('a segment is changed by its name, whatever is in it', async () => {
  const path = `segments/${encodeURIComponent('far away/here')}`;
  const answer = await change('PATCH', path, [{ op: 'replace', path: '/value', value: 'au' }], { tag: await tagOf(path) });
  assert.equal(answer.status, 200, answer.text);
  const { definition, lastChange } = (await admin(path)).json();
  assert.deepEqual([definition.value, lastChange.pointer], ['au', '/segments/far away~1here']);
});

test('a patch that does not fit is refused at its place', async () => {
  for (const [patch, pointer] of [
    [[{ op: 'replace', path: '/none', value: 1 }], '/0/path'],
    [[{ op: 'jump', path: '' }], '/0/op'],
    [{}, undefined],
  ]) {
    const answer = await change('PATCH', 'flags/checkout', patch, { tag: '*' });
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.said.pointer || undefined, pointer);
  }
});

test('flags are listed in pages, each with its last change', async () => {
  const names = [];
  for (let after; ; ) {
    const page = (await admin(`flags?limit=2${after ? `&after=${after}` : ''}`)).json();
    for (const { name, lastChange } of page.definitions) {
      names.push(name);
      assert.equal(lastChange.flagPath, name);
    }
    if (page.next === undefined) break;
    after = page.next;
  }
  assert.deepEqual(names, Object.keys(FLAGS).sort());
  assert.equal((await admin('flags?page=2')).status, 400);
});

test('a repeated change is answered again and done once', async () => {
  const headers = { 'idempotency-key': 'once' };
  const body = { default: 'on', description: 'once' };
  const first = await change('PUT', 'flags/checkout', body, { tag: '*', headers });
  const again = await change('PUT', 'flags/checkout', body, { tag: '*', headers });
  assert.deepEqual([first.status, again.status, again.headers.get('idempotency-replayed')], [200, 200, 'true']);
  assert.equal(again.said.version, first.said.version);
});
