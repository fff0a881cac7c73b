// A token opens routes by the claims and the map of the settings, by environment; people without a role ask only about themselves.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { dataFolder } from '../server.mjs';
import { hostWorker, KEYS, token } from './workerd.mjs';

const text = (...values) => ({
  type: 'string',
  variants: Object.fromEntries(values.map(value => [value, value])),
  on: values[0],
  off: values[0],
});
const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    word: { ...text('all', 'one', 'ours', 'theirs'), tags: ['shop'] },
    own: { ...text('no', 'yes'), rules: [{ name: 'own', if: { attribute: 'userId', op: 'in', value: ['u-1'] }, serve: 'yes' }] },
  },
  overrides: {
    customers: { 'c-1': { word: 'one' }, 'c-9': { word: 'theirs' }, 'c-none': { word: 'theirs' } },
    organizations: { 'o-1': { word: 'ours' } },
  },
});
const OLD_SECRET = 'the secret of before, 32 bytes or more';
const MAP = {
  oncall: { role: 'operator', environments: ['production'] },
  staff: 'viewer',
  'flags-admins': 'admin',
  testers: { role: 'admin', environments: ['staging'] },
  'o-1': { role: 'member', organizationId: 'o-1' },
};

const service = token({
  sub: 'tester',
  exp: Math.floor(Date.now() / 1000) + 600,
  role: 'service_role',
  groups: ['flags-admins'],
  app_metadata: { role: 'service' },
});

const ends = [];
async function hosted(settings) {
  const folder = await dataFolder();
  const server = await hostWorker({ data: folder.path, document: DOCUMENT, settings });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  return server;
}

let server, mapped;
before(async () => {
  server = await hosted({ JWT_SECRET_PREVIOUS: OLD_SECRET });
  mapped = await hosted({ ROLE_CLAIM: 'groups', ROLE_MAP: JSON.stringify(MAP), SERVICE_ROLE: 'on', USER_TAGS: 'shop' });
  for (const [customerId, organizationId] of [
    ['c-1', 'o-1'],
    ['c-9', 'o-9'],
  ]) {
    for (const on of [server, mapped])
      assert.equal(
        (await on.request('/api/admin/customers', { token: service, body: { customerId, organizationId, reason: 'r' } })).status,
        200,
      );
  }
});
after(() => Promise.all(ends.map(end => end())));

const exp = () => Math.floor(Date.now() / 1000) + 600;
const bearer = claims => token({ sub: 'u-1', exp: exp(), ...claims });
const user = () => bearer({});
const member = (role = 'member', organizationId = 'o-1') => bearer({ app_metadata: { role, organizationId } });

/** The value of a flag, or the status of a refusal. */
async function ask(on, token, context, flag = 'word') {
  const answer = await on.request(`/ofrep/v1/evaluate/flags/${flag}`, { token, body: { context } });
  return answer.status === 200 ? answer.json().value : answer.status;
}

test('a person without a role evaluates as the subject of the token alone', async () => {
  assert.equal(await ask(server, user(), {}, 'own'), 'yes');
  assert.equal(await ask(server, user(), { userId: 'u-1', targetingKey: 'u-1' }, 'own'), 'yes');
  assert.equal(await ask(server, token({ sub: 'u-2', exp: exp() }), {}, 'own'), 'no');
  for (const context of [{ userId: 'u-2' }, { targetingKey: 'u-2' }, { customerId: 'c-1' }, { organizationId: 'o-1' }]) {
    assert.equal(await ask(server, user(), context, 'own'), 403, JSON.stringify(context));
    const all = await server.request('/ofrep/v1/evaluate/flags', { token: user(), body: { context } });
    const program = await server.request('/v1/program', { token: user(), body: { context } });
    const widget = await server.request(`/api/widget/config?${new URLSearchParams(context)}`, { method: 'GET', token: user() });
    assert.deepEqual([all.status, program.status, widget.status], [403, 403, 403], JSON.stringify(context));
  }
  // A role that reads everything may ask for anybody.
  assert.equal(await ask(server, bearer({ app_metadata: { role: 'viewer' } }), { customerId: 'c-9' }), 'theirs');
  assert.equal(await ask(server, bearer({ app_metadata: { role: 'viewer' } }), { userId: 'u-2' }, 'own'), 'no');
});

test('a member evaluates within the organization', async () => {
  for (const role of ['member', 'organization_admin']) {
    assert.equal(await ask(server, member(role), {}), 'ours');
    assert.equal(await ask(server, member(role), { organizationId: 'o-1' }), 'ours');
    assert.equal(await ask(server, member(role), { customerId: 'c-1' }), 'one');
    assert.equal(await ask(server, member(role), { customerId: 'c-1', organizationId: 'o-1' }), 'one');
    // Another organization's customer, one of no organization, one without overrides, whatever the context claims.
    for (const context of [{ organizationId: 'o-9' }, { customerId: 'c-9' }, { customerId: 'c-none' }, { customerId: 'c-unknown' }]) {
      assert.equal(await ask(server, member(role), context), 403, JSON.stringify(context));
      assert.equal(await ask(server, member(role), { organizationId: 'o-1', ...context }), 403, JSON.stringify(context));
    }
  }
  // A header has the attributes of a program's visitor that the worker fixes.
  const program = await server.request('/v1/program', { token: member(), body: { context: { customerId: 'c-1' } } });
  assert.equal(program.status, 200, program.text);
  assert.deepEqual(JSON.parse(decodeURIComponent(program.headers.get('twinflag-identity'))).visitor, {
    organizationId: 'o-1',
    targetingKey: 'u-1',
    userId: 'u-1',
  });
});

test('the client runs the program of a member without a customer', async () => {
  const client = createClient({ url: server.url, clientKey: member() });
  try {
    await client.ready();
    assert.deepEqual([client.status, client.getValue('word', ''), client.getValue('own', '')], ['ready', 'ours', 'yes']);
  } finally {
    client.close();
  }
});

test('groups give the roles of the map, in the environments that it names', async () => {
  const read = async (groups, path = '/api/admin/document') =>
    (await mapped.request(path, { method: 'GET', token: bearer({ groups }) })).status;
  const kill = async (groups, environment) =>
    (
      await mapped.request(`/api/admin/feature-flags${environment ? `?environment=${environment}` : ''}`, {
        token: bearer({ groups }),
        body: { featureName: 'own', action: 'kill', reason: 'r' },
      })
    ).status;
  const admin = (path, body, groups = ['flags-admins']) => mapped.request(path, { token: bearer({ groups }), body });
  assert.equal((await admin('/api/admin/environments', { name: 'staging', reason: 'r' })).status, 200);
  const imported = await mapped.request('/api/admin/document?environment=staging', {
    method: 'PUT',
    token: bearer({ groups: ['testers'] }),
    headers: { 'if-match': '*' },
    body: DOCUMENT.replace('"production"', '"staging"'),
  });
  assert.ok([200, 412].includes(imported.status), imported.text);

  assert.deepEqual([await read(['staff']), await read(['everyone']), await read('flags-admins'), await read([])], [200, 403, 200, 403]);
  // An operator in production reads nothing in staging, and a tester's rights end at staging.
  assert.deepEqual([await kill(['oncall']), await kill(['oncall'], 'production'), await kill(['oncall'], 'staging')], [200, 200, 403]);
  assert.deepEqual(
    [await kill(['testers']), await read(['testers'], '/api/admin/versions?environment=staging'), await read(['testers'])],
    [403, 200, 403],
  );
  // Of several groups, the strongest role where the request goes.
  assert.deepEqual([await kill(['staff', 'oncall']), await kill(['staff', 'testers'])], [200, 403]);
  // A copy needs the right on both sides.
  const copy = groups =>
    admin('/api/admin/environments/copy?dryRun=true', { from: 'production', to: 'staging', flags: ['own'], reason: 'r' }, groups);
  assert.deepEqual([(await copy(['testers'])).status, (await copy(['flags-admins'])).status === 403], [403, false]);
  // The trail has the role by which it was done.
  const { changes } = (
    await mapped.request('/api/admin/changes?action=flag.kill', { method: 'GET', token: bearer({ groups: ['staff'] }) })
  ).json();
  assert.deepEqual([changes[0].changedBy, changes[0].role], ['u-1', 'operator']);

  assert.equal(await ask(mapped, bearer({ groups: ['o-1'] }), { customerId: 'c-1' }), 'one');
  // Without a role: the flags with the tags of the setting.
  assert.deepEqual([await ask(mapped, bearer({ groups: [] }), {}), await ask(mapped, bearer({ groups: [] }), {}, 'own')], ['all', 404]);
  const all = await mapped.request('/ofrep/v1/evaluate/flags', { token: user(), body: { context: {} } });
  assert.deepEqual(
    all.json().flags.map(({ key }) => key),
    ['word'],
  );
});

test('Supabase’s service key counts where the setting says so, however long it lives', async () => {
  // As Supabase makes it: for nobody, and for no audience.
  const key = token({ iss: 'supabase', ref: 'abcdefghijklmnopqrst', role: 'service_role', iat: 1_600_000_000, exp: 2_000_000_000 });
  assert.deepEqual(
    [
      (await mapped.request('/api/admin/document', { method: 'GET', token: key })).status,
      (await server.request('/api/admin/document', { method: 'GET', token: key })).status,
    ],
    [200, 401],
  );
  const long = token({ sub: 's', app_metadata: { role: 'service' }, iat: 1_600_000_000, exp: 2_000_000_000 });
  assert.equal((await server.request('/api/admin/document', { method: 'GET', token: long })).status, 401);
});

test('while the secret is rotated, both verify', async () => {
  const signed = secret => {
    const text = [{ alg: 'HS256' }, { sub: 's', exp: exp(), app_metadata: { role: 'viewer' } }]
      .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const status = async (on, secret) => (await on.request('/api/admin/document', { method: 'GET', token: signed(secret) })).status;
  assert.deepEqual(
    [
      await status(server, KEYS.JWT_SECRET),
      await status(server, OLD_SECRET),
      await status(mapped, OLD_SECRET),
      await status(server, `${OLD_SECRET}!`),
    ],
    [200, 200, 401, 401],
  );
});
