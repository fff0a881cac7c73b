// Several environments in one deployment: each has its own hub, keys, document and trail, and none reaches another.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { until } from './reported.mjs';
import { hostWorker, token } from './workerd.mjs';

const document = (environment, flags, more) => ({
  schema: 'twinflag/1',
  environment,
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags,
  ...more,
});
const text = value => ({ type: 'string', variants: { here: value }, on: 'here', off: 'here', default: 'here' });
const PRODUCTION = document(
  'production',
  { shared: text('production'), plain: { default: 'on' } },
  { overrides: { customers: { 'c-1': { plain: false } } } },
);
const STAGING = document('staging', { shared: text('staging'), plain: { default: 'on' } });

let folder, server, staging;
const keys = {};
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: JSON.stringify(PRODUCTION) });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const get = path => server.asAdmin(path, { method: 'GET' });
const good = async answer => {
  const got = await answer;
  assert.equal(got.status, 200, got.text);
  return got.json();
};
const refused = async (answer, status, code) => {
  const got = await answer;
  assert.deepEqual([got.status, got.json().code], [status, code], got.text);
  return got.json();
};
const register = (name, reason = 'r') => server.asAdmin('/api/admin/environments', { body: { name, reason } });
const close = name => server.asAdmin(`/api/admin/environments/${name}?reason=r`, { method: 'DELETE' });
const put = async (environment, body, query = '') => {
  const ask = headers =>
    server.request(`/api/admin/document?${environment ? `environment=${environment}` : ''}${query}`, {
      method: 'PUT',
      token: server.adminToken,
      body,
      headers,
    });
  const answer = await ask({ 'if-match': '*' });
  // An empty hub has no document to match.
  return answer.status === 412 ? ask({}) : answer;
};
const makeKey = async (kind, environment) =>
  (
    await good(
      server.asAdmin(`/api/admin/keys${environment ? `?environment=${environment}` : ''}`, {
        body: { kind, label: 'a test', origins: kind === 'client' ? ['https://shop.example'] : undefined, reason: 'r' },
      }),
    )
  ).key;
const list = async () => (await good(get('/api/admin/environments'))).environments;
const shared = async key => {
  const answer = await server.request('/ofrep/v1/evaluate/flags/shared', { token: key, body: { context: {} } });
  return answer.status === 200 ? answer.json().value : answer.status;
};
const objects = async () => {
  const found = await readdir(join(folder.path, 'store'), { recursive: true });
  return found.filter(name => name.endsWith('.sqlite')).length;
};
/** The claims of a person with a role, and others besides. */
const person = (more = {}, role = 'admin') =>
  token({ sub: 'ada', exp: Math.floor(Date.now() / 1000) + 600, app_metadata: { role }, ...more });

test('a deployment begins with the environment that its document names', async () => {
  const [first, ...others] = await list();
  assert.deepEqual(others, []);
  assert.deepEqual([first.name, first.default, first.flags, first.errors, first.version], ['production', true, 2, 0, 1]);
  for (const name of ['production', 'copy']) assert.ok([400, 409].includes((await register(name)).status), name);
  for (const name of ['', 'QA', 'a b', 'x'.repeat(33), 'ä', 'a_b'])
    assert.equal((await refused(register(name), 400, 'PARSE_ERROR')).pointer, '/name');
});

test('another environment is registered, filled and opened by its own keys', async () => {
  keys.client = await makeKey('client');
  assert.match(keys.client, /^tf_client_production_[0-9a-f]{40}$/);
  await refused(put('staging', STAGING), 404, 'ENVIRONMENT_NOT_FOUND');
  const written = await good(register('staging'));
  assert.deepEqual(
    written.changes.map(({ action, newJson }) => [action, newJson]),
    [['environment.create', 'staging']],
  );
  await refused(register('staging'), 409, 'ENVIRONMENT_TAKEN');
  staging = { client: await makeKey('client', 'staging'), server: await makeKey('server', 'staging') };
  assert.match(staging.client, /^tf_client_staging_[0-9a-f]{40}$/);
  const listed = (await good(get('/api/admin/keys?environment=staging'))).keys;
  assert.deepEqual(listed.map(({ hint }) => hint.slice(0, -4)).sort(), ['tf_client_staging_…', 'tf_server_staging_…']);
  // It has nothing of the first one: no document, no answers.
  assert.equal(await shared(staging.client), 503);
  for (const wrong of [PRODUCTION, { ...STAGING, environment: undefined }, document('other', {})]) {
    assert.equal((await refused(put('staging', wrong), 409, 'OTHER_ENVIRONMENT')).pointer, '/environment');
  }
  await refused(put('', STAGING), 409, 'OTHER_ENVIRONMENT');
  await refused(put('production', { ...PRODUCTION, environment: 'prod' }), 409, 'OTHER_ENVIRONMENT');
  await good(put('staging', STAGING));
  const [, second] = await list();
  const { createdAt, epoch, ...rest } = second;
  assert.deepEqual(rest, { name: 'staging', default: false, version: 3, flags: 2, errors: 0 });
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);
  assert.notEqual(epoch, (await list())[0].epoch);
});

test('every way to an answer is that of the key', async () => {
  keys.server = await makeKey('server');
  for (const [expected, { client, server: secret }] of [
    ['production', keys],
    ['staging', staging],
  ]) {
    const { epoch } = (await list()).find(({ name }) => name === expected);
    const answers = {
      one: await server.request('/ofrep/v1/evaluate/flags/shared', { token: client, body: { context: {} } }),
      all: await server.request('/ofrep/v1/evaluate/flags', { token: client, body: { context: {} } }),
      program: await server.request('/v1/program', { token: client, body: {}, headers: { accept: 'application/json' } }),
      widget: await server.request('/api/widget/config', { method: 'GET', token: client }),
      evaluate: await server.request('/v1/evaluate', { token: secret, body: { evaluations: [{ flag: 'shared' }] } }),
      ruleset: await server.request('/v1/ruleset', { method: 'GET', token: secret }),
    };
    for (const [name, answer] of Object.entries(answers)) {
      assert.equal(answer.status, 200, `${expected} ${name}: ${answer.text}`);
      assert.ok(answer.text.includes(`"${expected}"`), `${expected} ${name}`);
      for (const other of ['production', 'staging'].filter(other => other !== expected))
        assert.ok(!answer.text.includes(other), `${expected} ${name}`);
      const version = answer.headers.get('twinflag-version') ?? `${answer.json().epoch}.`;
      assert.ok(version.startsWith(epoch), `${expected} ${name}`);
    }
    const etag = answers.all.headers.get('etag');
    assert.equal(
      (await server.request('/ofrep/v1/evaluate/flags', { token: client, body: { context: {} }, headers: { 'if-none-match': etag } }))
        .status,
      304,
    );
    const other = expected === 'staging' ? keys.client : staging.client;
    assert.equal(
      (await server.request('/ofrep/v1/evaluate/flags', { token: other, body: { context: {} }, headers: { 'if-none-match': etag } }))
        .status,
      200,
    );
  }
  const tell = secret =>
    server.request('/v1/outcomes', { token: secret, body: { outcomes: [{ id: 'o-1', flag: 'plain', unit: 'u-1', event: 'enabled' }] } });
  // The same id is new in each.
  for (const secret of [keys.server, staging.server]) assert.equal((await tell(secret)).json().counted, 1);
  // The hub counts the calls a moment later, as a line of the store that a backup holds; the tests below compare backups.
  for (const query of ['', '&environment=staging'])
    await until(
      async () => (await server.asAdmin(`/api/admin/stats?featureName=plain&hours=1${query}`, { method: 'GET' })).json(),
      stats => JSON.stringify(stats).includes('"outcomes":'),
    );
});

test('many requests to both, in turn, each get their own', async () => {
  const asked = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? ['production', keys.client] : ['staging', staging.client]));
  const answers = await Promise.all(asked.map(([, key]) => shared(key)));
  assert.deepEqual(
    answers,
    asked.map(([expected]) => expected),
  );
});

test('a page of another origin is told by the key that it shows', async () => {
  const ask = (method, origin, key) =>
    server.request('/ofrep/v1/evaluate/flags', {
      method,
      token: key,
      headers: { origin },
      body: method === 'POST' ? { context: {} } : undefined,
    });
  assert.equal((await ask('OPTIONS', 'https://shop.example')).headers.get('access-control-allow-origin'), 'https://shop.example');
  const own = await ask('POST', 'https://shop.example', staging.client);
  assert.deepEqual([own.status, own.headers.get('access-control-allow-origin')], [200, 'https://shop.example']);
  const foreign = await ask('POST', 'https://other.example', staging.client);
  assert.deepEqual([foreign.status, foreign.headers.get('access-control-allow-origin')], [403, null]);
});

test('a command in one does not touch the other', async () => {
  const before = (await list()).find(({ name }) => name === 'production').version;
  await good(
    server.asAdmin('/api/admin/feature-flags?environment=staging', { body: { featureName: 'plain', action: 'kill', reason: 'broken' } }),
  );
  await good(
    server.asAdmin('/api/admin/overrides?environment=staging', { body: { customerId: 'c-1', flags: { shared: 'here' }, reason: 'r' } }),
  );
  const value = async (key, customerId) =>
    (await server.request('/ofrep/v1/evaluate/flags/plain', { token: key, body: { context: { customerId } } })).json().value;
  assert.deepEqual(
    [await value(keys.client, 'c-2'), await value(staging.client, 'c-2'), await value(keys.client, 'c-1')],
    [true, false, false],
  );
  assert.equal((await list())[0].version, before);
  const actions = async environment =>
    (await good(get(`/api/admin/changes?environment=${environment}`))).changes.map(({ action }) => action);
  assert.ok((await actions('staging')).includes('flag.kill') && !(await actions('production')).includes('flag.kill'));
  for (const environment of ['production', 'staging'])
    assert.equal((await good(get(`/api/admin/changes/verify?environment=${environment}`))).valid, true);
  assert.deepEqual((await good(get('/api/admin/overrides?environment=staging&customerId=c-1'))).flags, { shared: 'here' });
  assert.deepEqual((await good(get('/api/admin/overrides?customerId=c-1'))).flags, { plain: false });
  const explain = async query => (await good(server.asAdmin(`/v1/explain${query}`, { body: { flag: 'shared' } }))).evaluation.value;
  assert.deepEqual(
    [await explain(''), await explain('?environment=production'), await explain('?environment=staging')],
    ['production', 'production', 'staging'],
  );
  assert.equal((await good(get('/api/admin/document?environment=staging'))).environment, 'staging');
  assert.notEqual((await good(get('/api/admin/cache'))).epoch, (await good(get('/api/admin/cache?environment=staging'))).epoch);
});

test('a body that names an environment is told to use the query, and nothing is ignored', async () => {
  for (const [path, member] of [
    ['/api/admin/feature-flags', 'featureName'],
    ['/api/admin/rollout/start', 'featureName'],
    ['/v1/explain', 'flag'],
  ]) {
    const { detail, pointer } = await refused(
      server.asAdmin(path, { body: { [member]: 'plain', environment: 'staging' } }),
      400,
      'PARSE_ERROR',
    );
    assert.deepEqual([pointer, detail], ['/environment', 'expected the environment in the query, ?environment='], path);
  }
  for (const path of [
    '/api/admin/document?since=1',
    '/api/admin/cache?x=1',
    '/api/admin/backup?x=1',
    '/api/admin/environments?environment=staging',
  ])
    assert.equal((await get(path)).status, 400, path);
  for (const path of ['/api/admin/document', '/api/admin/keys', '/api/admin/backup', '/api/admin/cache', '/api/admin/stats']) {
    await refused(get(`${path}?environment=absent`), 404, 'ENVIRONMENT_NOT_FOUND');
  }
  await refused(server.asAdmin('/api/admin/environments?environment=staging', { body: { name: 'more', reason: 'r' } }), 400, 'INVALID');
});

test('a key opens no other environment, whatever its text says', async () => {
  const random = key => key.slice(-40);
  for (const [key, other] of [
    [keys.client, 'staging'],
    [staging.client, 'production'],
  ]) {
    assert.equal(await shared(`tf_client_${other}_${random(key)}`), 401);
    assert.equal(await shared(`tf_client_${random(key)}`), 401);
  }
});

test('a name that is not registered makes no object and no environment', async () => {
  const before = await objects();
  const names = ['absent', 'main', 'environment', 'a'.repeat(32), ...Array.from({ length: 20 }, (_, index) => `guess-${index}`)];
  for (const name of names) assert.equal(await shared(`tf_client_${name}_${'0'.repeat(40)}`), 401, name);
  for (const name of ['absent', '../main', 'environment/staging', '%00']) {
    for (const path of ['/api/admin/document', '/api/admin/changes'])
      assert.equal((await get(`${path}?environment=${encodeURIComponent(name)}`)).status, 404, name);
  }
  assert.equal(await shared(person({ environment: 'absent' }, undefined)), 403);
  assert.equal(await objects(), before);
  assert.equal((await list()).length, 2);
});

test('a token evaluates where it says, and acts where it is let', async () => {
  assert.deepEqual(
    [await shared(person()), await shared(person({ environment: 'staging' })), await shared(person({ environment: 'production' }))],
    ['production', 'staging', 'production'],
  );
  const as = async (claims, path) => (await server.request(path, { method: 'GET', token: person(claims) })).status;
  const own = { environments: ['staging'] };
  assert.deepEqual(
    [
      await as(own, '/api/admin/document?environment=staging'),
      await as(own, '/api/admin/document'),
      await as(own, '/api/admin/environments'),
    ],
    [200, 403, 403],
  );
  assert.deepEqual(
    [await as({ environments: ['production'] }, '/api/admin/document'), await as({ environments: [] }, '/api/admin/document')],
    [200, 403],
  );
  assert.equal(await as({ environments: 7 }, '/api/admin/document'), 401);
  // A token for some environments neither closes nor registers others, and is not told which there are.
  const change = async (method, name, environments) => {
    const path = `/api/admin/environments${method === 'DELETE' ? `/${name}?reason=r` : ''}`;
    return (
      await server.request(path, { method, token: person({ environments }), body: method === 'POST' ? { name, reason: 'r' } : undefined })
    ).status;
  };
  assert.deepEqual(
    [
      await change('DELETE', 'staging', ['production']),
      await change('DELETE', 'staging', ['staging']),
      await change('DELETE', 'absent', ['production']),
    ],
    [403, 403, 403],
  );
  assert.deepEqual(
    [
      await change('POST', 'more', ['production']),
      await change('POST', 'production', ['production']),
      await change('DELETE', 'absent', ['production', 'absent']),
    ],
    [403, 409, 404],
  );
  for (const name of ['production', 'absent']) assert.equal(await as(own, `/api/admin/document?environment=${name}`), 403, name);
  assert.equal(await as({ environments: ['absent'] }, '/api/admin/document?environment=absent'), 404);
});

test('one is backed up and restored, and the other stays as it is', async () => {
  const before = { production: (await get('/api/admin/backup')).text, list: await list() };
  const backup = (await get('/api/admin/backup?environment=staging')).text;
  assert.ok(backup.includes('staging') && !backup.includes('"production"'));
  await good(
    server.asAdmin('/api/admin/feature-flags?environment=staging', { body: { featureName: 'plain', action: 'revive', reason: 'later' } }),
  );
  const { head } = await good(get('/api/admin/changes/verify?environment=staging'));
  await good(
    server.asAdmin(`/api/admin/restore?environment=staging&replace=${head}`, {
      body: backup,
      headers: { 'content-type': 'application/x-ndjson' },
    }),
  );
  const [first, second] = await list();
  assert.deepEqual(first, before.list[0]);
  assert.deepEqual([second.version, second.epoch === before.list[1].epoch], [before.list[1].version, false]);
  assert.equal((await get('/api/admin/backup')).text, before.production);
  assert.deepEqual([await shared(keys.client), await shared(staging.client)], ['production', 'staging']);
});

test('a backup of another environment is restored only by its name, opens nothing, and closes nothing', async () => {
  const own = (await get('/api/admin/backup')).text;
  const backup = (await get('/api/admin/backup?environment=staging')).text;
  const head = async () => (await good(get('/api/admin/changes/verify'))).head;
  const restore = async (body, query) =>
    server.asAdmin(`/api/admin/restore?replace=${await head()}${query}`, { body, headers: { 'content-type': 'application/x-ndjson' } });
  const before = await head();
  for (const query of ['', '&from=production', '&from=dev']) {
    const { detail } = await refused(restore(backup, query), 409, 'OTHER_ENVIRONMENT');
    assert.ok(detail.includes('"staging"') && detail.includes('"production"'), detail);
  }
  assert.equal(await head(), before);
  await good(restore(backup, '&from=staging'));
  // Every name still stands for one environment, and no key of the one opens the other.
  assert.deepEqual(
    (await list()).map(({ name }) => name),
    [null, 'staging'],
  );
  assert.deepEqual([await shared(staging.client), await shared(keys.client), await shared(server.clientKey)], ['staging', 401, 'staging']);
  const listed = (await good(get('/api/admin/keys'))).keys;
  assert.ok(listed.length === 2 && listed.every(({ revokedAt }) => revokedAt), JSON.stringify(listed));
  assert.equal((await server.request('/api/admin/document', { method: 'GET', token: person({ environments: ['staging'] }) })).status, 403);
  assert.equal((await good(get('/api/admin/document?environment=staging'))).environment, 'staging');
  await refused(register('staging'), 409, 'ENVIRONMENT_TAKEN');
  assert.equal((await good(get('/api/admin/changes/verify'))).valid, true);
  // The first environment's own backup was made before this one was registered.
  await good(register('later'));
  await good(restore(own, ''));
  assert.deepEqual(
    (await list()).map(({ name }) => name),
    ['production', 'later', 'staging'],
  );
  assert.deepEqual([await shared(staging.client), await shared(keys.client)], ['staging', 'production']);
  await good(close('later'));
});

test('definitions are copied after their difference was shown', async () => {
  const rule = { if: { segment: 'team' }, serve: 'here' };
  const member = { attribute: 'userId', op: 'eq', value: 'u-1' };
  await good(
    put('staging', {
      ...STAGING,
      segments: { team: member },
      flags: {
        ...STAGING.flags,
        shared: { ...text('staging'), description: 'newer', rules: [rule] },
        added: { default: 'on', rules: [{ if: { segment: 'team' }, serve: 'on' }] },
      },
    }),
  );
  const copy = (body, query = '', headers = {}, as) =>
    server.request(`/api/admin/environments/copy${query}`, {
      token: as ?? server.adminToken,
      headers,
      body: { from: 'staging', to: 'production', reason: 'tried', ...body },
    });
  const flags = ['shared', 'added', 'plain'];
  // The dry run names what the target lacks, and the copy changes nothing.
  const [{ version }] = await list();
  const short = await good(copy({ flags }, '?dryRun=true'));
  assert.ok(
    short.errors.length > 0 &&
      short.errors.every(({ pointer, message }) => /^\/flags\/(shared|added)\//.test(pointer) && message.includes('team')),
    JSON.stringify(short.errors),
  );
  const tag = (await get('/api/admin/document')).headers.get('etag');
  const refusal = await refused(copy({ flags, fromVersion: short.fromVersion }, '', { 'if-match': tag }), 422, 'COPY_REFUSED');
  for (const part of ['/flags/shared', '/flags/added', 'team']) assert.ok(refusal.detail.includes(part), refusal.detail);
  const whole = { flags, segments: ['team'] };
  const looked = await copy(whole, '?dryRun=true');
  const shown = looked.json();
  assert.deepEqual(
    shown.definitions.map(({ pointer, kind }) => [pointer, kind]),
    [
      ['/segments/team', 'added'],
      ['/flags/shared', 'changed'],
      ['/flags/added', 'added'],
      ['/flags/plain', 'same'],
    ],
  );
  assert.deepEqual(
    [shown.errors, shown.from, shown.version, shown.ifMatch, looked.headers.get('etag')],
    [[], 'staging', version, tag, tag],
  );
  const { old, new: next } = shown.definitions[1];
  assert.deepEqual([old.variants, next.variants, next.description], [{ here: 'production' }, { here: 'staging' }, 'newer']);
  assert.deepEqual(shown.definitions[0].new, member);
  // Both sides must be as they were shown.
  await refused(copy({ ...whole, fromVersion: shown.fromVersion }), 428, 'PRECONDITION_REQUIRED');
  await refused(copy({ ...whole, fromVersion: shown.fromVersion }, '', { 'if-match': '"0a1b2c3d4e5f.1"' }), 412, 'VERSION_MISMATCH');
  for (const fromVersion of [undefined, '0a1b2c3d4e5f.1'])
    await refused(copy({ ...whole, fromVersion }, '', { 'if-match': tag }), 409, 'SOURCE_CHANGED');
  // Its state stays: the flag is killed here, and not there.
  await good(server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'shared', action: 'kill', reason: 'r' } }));
  const fresh = (await get('/api/admin/document')).headers.get('etag');
  const once = () => copy({ ...whole, fromVersion: shown.fromVersion }, '', { 'if-match': fresh, 'idempotency-key': 'a copy' });
  const { changes, version: copied } = await good(once());
  assert.deepEqual(
    changes.map(({ action, flagPath, pointer }) => [action, flagPath ?? pointer]),
    [
      ['copy.definition', '/segments/team'],
      ['copy.definition', 'shared'],
      ['copy.definition', 'added'],
    ],
  );
  for (const { copiedFrom } of changes) assert.deepEqual(copiedFrom, { environment: 'staging', version: shown.fromVersion });
  const after = (await get('/api/admin/document')).json();
  assert.deepEqual(
    [after.flags.shared.description, after.flags.shared.enabled, after.flags.added.enabled, after.segments.team, after.environment],
    ['newer', false, false, member, 'production'],
  );
  assert.deepEqual((await good(get('/api/admin/overrides?customerId=c-1'))).flags, { plain: false });
  assert.equal((await good(get('/api/admin/changes/verify'))).valid, true);
  await good(server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'shared', action: 'revive', reason: 'r' } }));
  assert.equal(await shared(keys.client), 'staging');
  // Sent again, also after the source has changed, it is answered again: with its version, but not with all definitions.
  await good(
    server.asAdmin('/api/admin/customers?environment=staging', { body: { customerId: 'c-9', organizationId: 'o-9', reason: 'r' } }),
  );
  const again = await once();
  assert.deepEqual(
    [again.status, again.headers.get('idempotency-replayed'), again.json().version, again.json().changes, again.json().replayed],
    [200, 'true', copied, [], true],
  );
  await refused(copy(whole, '', { 'if-match': fresh, 'idempotency-key': 'a copy' }), 422, 'IDEMPOTENCY_KEY_REUSED');
  // A name that stands often counts once.
  assert.equal((await good(copy({ flags: Array.from({ length: 20_000 }, () => 'plain') }, '?dryRun=true'))).definitions.length, 1);
  assert.equal(
    (await good(copy(whole, '?dryRun=true'))).definitions.every(({ kind }) => kind === 'same'),
    true,
  );
  // The worker refuses names that do not exist, malformed bodies, and callers without the right.
  await refused(copy({ flags: ['absent'] }, '?dryRun=true'), 422, 'COPY_REFUSED');
  await refused(copy({ flags, from: 'absent' }, '?dryRun=true'), 404, 'ENVIRONMENT_NOT_FOUND');
  for (const body of [{ flags, from: 'production' }, {}, { flags: [] }, { flags: 'shared' }, { flags, more: 1 }])
    assert.equal((await copy(body, '?dryRun=true')).status, 400, JSON.stringify(body));
  for (const query of ['?dryRun=1', '?environment=staging', '?x=1']) assert.equal((await copy(whole, query)).status, 400, query);
  const statuses = await Promise.all(
    [['staging'], ['production'], ['production', 'staging']].map(
      async environments => (await copy(whole, '?dryRun=true', {}, person({ environments }))).status,
    ),
  );
  assert.deepEqual(statuses, [403, 403, 200]);
});

test('a closed environment is closed to all, and is back with all it had', async () => {
  await refused(close('absent'), 404, 'ENVIRONMENT_NOT_FOUND');
  await refused(close('production'), 409, 'ENVIRONMENT_TAKEN');
  await good(close('staging'));
  assert.deepEqual(
    (await list()).map(({ name }) => name),
    ['production'],
  );
  assert.deepEqual(
    [
      await shared(staging.client),
      await shared(person({ environment: 'staging' })),
      (await server.asClient('/ofrep/v1/evaluate/flags/plain', { body: { context: {} } })).status,
    ],
    [401, 403, 200],
  );
  await refused(get('/api/admin/document?environment=staging'), 404, 'ENVIRONMENT_NOT_FOUND');
  // The first environment's trail tells of it.
  const [{ action, oldJson }] = (await good(get('/api/admin/changes?limit=1'))).changes;
  assert.deepEqual([action, oldJson], ['environment.remove', 'staging']);
  await good(register('staging'));
  assert.equal(await shared(staging.client), 'staging');
});

test('a restart keeps every environment', async () => {
  const before = await list();
  await server.stop();
  server = await hostWorker({ data: folder.path });
  assert.deepEqual(await list(), before);
  assert.deepEqual(await Promise.all([staging.client, keys.client, server.clientKey].map(shared)), ['staging', 'staging', 'staging']);
  assert.equal((await good(get('/api/admin/changes/verify?environment=staging'))).valid, true);
});
