// Changes that are taken back: a revert is a new change, which puts back all that one command wrote and nothing newer.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const server = ownServer();
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  segments: { eu: { attribute: 'country', op: 'eq', value: 'fr' } },
  flags: {
    chat: { aliases: ['talk'], default: 'off', rules: [{ if: { segment: 'eu' }, serve: 'on' }] },
    theme: { type: 'string', variants: { light: 'l', dark: 'd' }, on: 'dark', off: 'light', default: 'light' },
    held: { default: 'on', locked: true },
  },
};

const admin = (path, options) => server.request(`/api/admin/${path}`, { token: server.adminToken, method: 'GET', ...options });
const ok = async (method, path, body, headers = {}) => {
  const answer = await admin(path, { method, body, headers });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const post = (path, body) => ok('POST', path, { reason: 'a test', ...body });
const put = (path, body) => ok('PUT', path, body, { 'if-match': '*' });
const revert = (id, body = { reason: 'taken back' }, headers = {}) => admin(`changes/${id}/revert`, { method: 'POST', body, headers });
const reverted = async id => {
  const answer = await revert(id);
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const newest = async () => (await admin('changes?limit=1')).json().changes[0];
const document = async () => (await admin('document')).json();
const value = async (key, context = {}) => (await server.evaluate({ flag: key, context }))[0].value;

beforeEach(async () => {
  await put('document?state=replace&reason=reset&remove=flags&remove=segments&newEnvironment=production&newBucketKey=00010203', {
    schema: 'twinflag/1',
    environment: 'production',
    bucketKey: DOCUMENT.bucketKey,
  });
  await put('document?state=replace&reason=reset', DOCUMENT);
});

test('each kind of change is taken back, and its revert too', async () => {
  for (const [name, change] of [
    ['a definition', () => put('flags/chat', { aliases: ['talk'], default: 'on' })],
    ['a patch', () => ok('PATCH', 'flags/theme', [{ op: 'replace', path: '/default', value: 'dark' }], { 'if-match': '*' })],
    ['a new flag', () => ok('PUT', 'flags/fresh', { default: 'on' })],
    ['a segment', () => put('segments/eu', { attribute: 'country', op: 'eq', value: 'nz' })],
    ['a kill', () => post('feature-flags', { featureName: 'chat', action: 'kill' })],
    ['an override', () => post('overrides', { customerId: 'c-1', flags: { chat: true, theme: 'dark' } })],
    ['a rollout', () => post('rollout/create', { featureName: 'theme', percentage: 5 })],
    ['a membership', () => post('customers', { customerId: 'c-1', organizationId: 'o-1' })],
    ['an import', () => put('document?remove=flags/theme', { ...DOCUMENT, flags: { ...DOCUMENT.flags, theme: undefined, more: {} } })],
  ]) {
    const organization = async () => (await admin('customers?customerId=c-1')).text;
    const state = async () => JSON.stringify([await document(), await organization()]);
    const before = await state();
    await change();
    const [made, changed] = [await newest(), await state()];
    assert.notEqual(changed, before, name);
    const back = await reverted(made.id);
    assert.equal(back.reverts, made.id, name);
    assert.equal(await state(), before, name);
    const record = await newest();
    const action = name === 'a membership' ? 'customer.assign' : 'change.revert';
    assert.deepEqual([record.action, record.reverts, record.reason], [action, made.id, 'taken back'], name);
    assert.ok(back.changes.some(({ id }) => id === back.id));
    await reverted(back.id);
    assert.equal(await state(), changed, name);
    await reverted((await newest()).id);
    assert.equal(await state(), before, name);
  }
  assert.equal((await admin('changes/verify')).json().valid, true);
});

test('a revert that is tried tells its records and what would go, and stores nothing', async () => {
  await ok('PUT', 'flags/attempt', { default: 'on' });
  const { id } = await newest();
  await post('overrides', { customerId: 'c-1', flags: { attempt: false } });
  const [before, last] = [await document(), await newest()];
  const tried = await admin(`changes/${id}/revert?dryRun=true`, { method: 'POST', headers: { 'idempotency-key': 'tried' } });
  assert.equal(tried.status, 200, tried.text);
  const { changed, changes, consequences, reverts, tried: records, version } = tried.json();
  assert.deepEqual([changed, changes, reverts, version], [true, [], id, last.version]);
  assert.deepEqual(
    records.map(({ action, flagPath, oldJson, newJson, reverts, hash }) => [action, flagPath, oldJson, newJson, reverts, hash]),
    [
      ['change.revert', 'attempt', { default: 'on' }, undefined, id, undefined],
      ['change.revert', 'attempt', {}, undefined, id, undefined],
    ],
  );
  assert.deepEqual(
    consequences.map(({ kind, pointer, overrides, allowed }) => [kind, pointer, overrides, allowed]),
    [['removed', '/flags/attempt', 1, false]],
  );
  assert.deepEqual([await document(), (await newest()).id], [before, last.id]);
  // The revert itself is refused for it, and a change that is not there is none to try.
  assert.equal((await revert(id)).status, 422);
  assert.equal((await admin('changes/absent/revert?dryRun=true', { method: 'POST' })).status, 404);
});

test('a flag that was removed returns with its state and its overrides', async () => {
  await post('overrides', { customerId: 'c-1', flags: { chat: true } });
  await post('rollout/create', { featureName: 'chat', percentage: 100 });
  await post('feature-flags', { featureName: 'chat', action: 'kill' });
  const before = await document();
  await ok('DELETE', 'flags/chat', undefined, { 'if-match': '*' });
  assert.equal((await server.evaluate({ flag: 'chat' }))[0].errorCode, 'FLAG_NOT_FOUND');
  await reverted((await newest()).id);
  assert.deepEqual(await document(), before);
  await post('feature-flags', { featureName: 'chat', action: 'revive' });
  assert.equal(await value('chat', { customerId: 'c-1' }), true);
  // By its alias and in its rule, too.
  assert.deepEqual([await value('talk', { country: 'fr' }), await value('talk')], [true, false]);
});

test('a revert is refused where something newer would be lost, and names it', async () => {
  await post('overrides', { customerId: 'c-1', flags: { chat: true } });
  const first = await newest();
  await post('overrides', { customerId: 'c-1', flags: { theme: 'dark' } });
  const second = await newest();
  const stored = await document();
  const refused = await revert(first.id);
  assert.equal(refused.status, 409, refused.text);
  const { code, newer, pointer } = refused.json();
  assert.deepEqual(
    [code, newer, pointer],
    ['REVERT_CONFLICT', { id: second.id, version: second.version }, '/overrides/customers/c-1'],
    refused.text,
  );
  assert.deepEqual(await document(), stored);
  await reverted(second.id);
  await reverted(first.id);
  assert.equal((await document()).overrides, undefined);
});

test('a newer change of something else stays', async () => {
  await ok('PUT', 'flags/one', { default: 'on' });
  const one = await newest();
  await ok('PUT', 'flags/two', { default: 'on' });
  await post('feature-flags', { featureName: 'chat', action: 'kill' });
  await reverted(one.id);
  assert.deepEqual(Object.keys((await document()).flags), [...Object.keys(DOCUMENT.flags), 'two']);
  assert.equal((await document()).flags.chat.enabled, false);
});

test('a change that was taken back already is not taken back twice', async () => {
  await post('feature-flags', { featureName: 'chat', action: 'kill' });
  const kill = await newest();
  await reverted(kill.id);
  const again = await reverted(kill.id);
  assert.deepEqual([again.changed, again.id, again.changes], [false, null, []]);
});

test('a revert that would break a flag that serves is refused like a deploy', async () => {
  await ok('PUT', 'segments/staff', { attribute: 'email', op: 'endsWith', value: '@example.com' });
  const segment = await newest();
  await put('flags/chat', { aliases: ['talk'], default: 'off', rules: [{ if: { segment: 'staff' }, serve: 'on' }] });
  const refused = await revert(segment.id);
  assert.deepEqual([refused.status, refused.json().code], [422, 'UNSAFE_CHANGE'], refused.text);
  assert.deepEqual(
    refused.json().consequences.map(({ kind, pointer, allowed }) => [kind, pointer, allowed]),
    [
      ['removed', '/segments/staff', true],
      ['leftOut', '/flags/chat', false],
    ],
  );
  await ok('PUT', 'flags/fresh', { default: 'on' });
  const fresh = await newest();
  await post('overrides', { customerId: 'c-1', flags: { fresh: false } });
  const used = await revert(fresh.id);
  assert.deepEqual([used.status, used.json().consequences[0].overrides], [422, 1], used.text);
  assert.equal((await revert(fresh.id, { remove: ['flags/fresh'], reason: 'over' })).status, 200);
});

test('a change that cannot be taken back is refused with the reason', async () => {
  const first = (await admin('changes?action=import.definition&limit=1000')).json().changes.at(-1);
  const key = await post('keys', { kind: 'server', label: 'a test' });
  for (const id of [first.id, key.changes[0].id]) {
    const refused = await revert(id);
    assert.deepEqual([refused.status, refused.json().code], [422, 'NOT_REVERTIBLE'], refused.text);
  }
  const absent = await revert('6f9619ff-8b86-4d01-b42d-00cf4fc964ff');
  assert.deepEqual([absent.status, absent.json().code], [404, 'CHANGE_NOT_FOUND'], absent.text);
  assert.equal((await revert(first.id, { because: 1 })).status, 400);
});

test('locks, preconditions and repeated requests hold for reverts', async () => {
  await post('feature-flags', { featureName: 'held', action: 'kill' });
  const { id, version } = await newest();
  const unreasoned = await revert(id, {});
  assert.deepEqual([unreasoned.status, unreasoned.json().code], [403, 'LOCKED'], unreasoned.text);
  const epoch = (await admin('document')).headers.get('etag').replace(/^"|\..*$/g, '');
  assert.equal((await revert(id, undefined, { 'if-match': `"${epoch}.${version - 1}"` })).status, 412);
  const headers = { 'idempotency-key': 'a revert', 'if-match': `"${epoch}.${version}"` };
  const [first, again] = [await revert(id, undefined, headers), await revert(id, undefined, headers)];
  assert.deepEqual([first.status, again.status, again.headers.get('idempotency-replayed')], [200, 200, 'true'], first.text);
  const said = ({ id, reverts, version }) => [id, reverts, version];
  assert.deepEqual(said(again.json()), said(first.json()));
  assert.equal(await value('held'), true);
});

test('a rollout that is put back begins its stage anew', async () => {
  await post('rollout/create', { featureName: 'theme', percentage: 5 });
  await post('rollout/start', { featureName: 'theme' });
  const started = await newest();
  await reverted(started.id);
  const status = async () => (await admin('feature-flags?featureName=theme')).json().features[0].rollout.status;
  assert.equal(await status(), 'planned');
  await post('rollout/start', { featureName: 'theme' });
  assert.equal(await status(), 'active');
});

test('a document is exported as it was at each version', async () => {
  const seen = new Map();
  const see = async () => seen.set((await newest()).version, (await admin('document')).text);
  await see();
  await post('overrides', { customerId: 'c-1', flags: { chat: true } });
  await see();
  await put('flags/chat', { aliases: ['talk'], default: 'on' });
  await see();
  await post('overrides', { organizationId: 'o-1', flags: { theme: 'dark' } });
  await post('feature-flags', { featureName: 'chat', action: 'kill' });
  await see();
  await ok('DELETE', 'flags/theme', undefined, { 'if-match': '*' });
  await see();
  const epoch = (await admin('document')).headers.get('etag').replace(/^"|\..*$/g, '');
  for (const [version, text] of seen) {
    const answer = await admin(`document?version=${version}`);
    assert.equal(answer.text, text, `version ${version}`);
    assert.equal(answer.headers.get('etag'), `"${epoch}.${version}"`);
  }
  for (const [version, status] of [
    [0, 404],
    [1_000_000, 404],
    ['x', 400],
  ]) {
    assert.equal((await admin(`document?version=${version}`)).status, status);
  }
});
