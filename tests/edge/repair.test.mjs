// A store with rows that no longer compile: they are left out and reported, the rest serves, and an import repairs it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { runSql } from './store-sql.mjs';
import { startOn } from './workerd.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { good: { default: 'on' }, bad: { default: 'on' }, rolled: { unit: 'userId' } },
};
const write = (kind, name, text) => [`UPDATE history SET text = ? WHERE kind = ? AND name = ?`, text, kind, name];
/** Bytes where a text should be, which SQLite writes into no JSON. */
const bytes = (kind, name) => [`UPDATE history SET text = x'7b7d' WHERE kind = ? AND name = ?`, kind, name];
/** More flags than a document may have. */
const CROWD = [
  [
    "INSERT INTO history SELECT 'flag', 'f' || value, 1, 0, NULL, '{}' FROM (WITH RECURSIVE numbers (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < 5000) SELECT value FROM numbers)",
  ],
  ["INSERT INTO unpaged_rows SELECT kind, name, version FROM history WHERE kind = 'flag' AND name GLOB 'f[0-9]*'"],
  [
    "UPDATE history SET text = (SELECT group_concat(name, char(10)) FROM newest WHERE kind = 'flag') WHERE kind = 'order' AND name = 'flags'",
  ],
];

/** Runs `use` with a worker whose store was edited by these statements. */
async function spoilt(statements, use) {
  const folder = await dataFolder();
  const start = () => startOn({ config: new URL('workers/sql.capnp', import.meta.url), data: folder.path });
  let server = await start();
  try {
    assert.equal((await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT })).status, 200);
    await server.stop();
    assert.deepEqual(await runSql(folder.path, ...statements), []);
    server = await start();
    await use(server);
  } finally {
    await server.stop();
    await folder.remove();
  }
}

const health = async server => {
  const answer = await server.request('/health', { method: 'GET' });
  return [answer.status, answer.json().errors ?? answer.json().code];
};
const listed = async server => {
  const { features, errors = [] } = (await server.asAdmin('/api/admin/feature-flags', { method: 'GET' })).json();
  return [features.map(({ flagPath }) => flagPath), errors.map(({ pointer }) => pointer)];
};
const values = async server =>
  (await server.evaluate(...Object.keys(DOCUMENT.flags).map(flag => ({ flag, context: { userId: 'u-1' } })))).map(
    ({ value, errorCode }) => errorCode ?? value,
  );
const done = async (server, path, body, method = 'POST') => {
  const answer = await server.asAdmin(path, { method, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const kill = (server, featureName) => done(server, '/api/admin/feature-flags', { featureName, action: 'kill', reason: 'it is bad' });
const exported = async server => (await server.asAdmin('/api/admin/document', { method: 'GET' })).json();
async function isWhole(server) {
  assert.deepEqual(await health(server), [200, undefined]);
  assert.deepEqual(await listed(server), [Object.keys(DOCUMENT.flags), []]);
}

test('a flag that no longer compiles is left out and listed as an error, and can be killed and replaced', async () => {
  await spoilt([write('flag', 'bad', '{"default":"on","rules":7}')], async server => {
    assert.deepEqual(await values(server), [true, 'FLAG_NOT_FOUND', false]);
    assert.deepEqual(await health(server), [200, 1]);
    assert.deepEqual(await listed(server), [['good', 'rolled'], ['/flags/bad/rules']]);
    assert.deepEqual(
      (await kill(server, 'bad')).changes.map(({ action, flagPath, newValue }) => [action, flagPath, newValue]),
      [['flag.kill', 'bad', false]],
    );
    assert.equal((await exported(server)).flags.bad.enabled, false);
    assert.equal(
      (await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'bad', action: 'revive', reason: 'mended?' } })).status,
      404,
    );
    // An import keeps the kill.
    const { kept } = await done(server, '/api/admin/document', DOCUMENT, 'PUT');
    assert.deepEqual(kept, [{ pointer: '/flags/bad/enabled' }]);
    await isWhole(server);
    assert.deepEqual(await values(server), [true, false, false]);
  });
});

test('a row that is no JSON leaves out its own flag alone, which a kill or an import puts right', async () => {
  for (const [edit, pointer] of [
    [write('state', 'bad', '{"enabled":tru'), '/flags/bad/enabled'],
    [write('state', 'bad', ''), '/flags/bad/enabled'],
    [write('flag', 'bad', '{"default":'), '/flags/bad'],
    [bytes('state', 'bad'), '/flags/bad/enabled'],
    [bytes('flag', 'bad'), '/flags/bad'],
  ]) {
    await spoilt([edit], async server => {
      assert.deepEqual(await values(server), [true, 'FLAG_NOT_FOUND', false], edit.join(' '));
      assert.deepEqual(await health(server), [200, 1]);
      assert.deepEqual(await listed(server), [['good', 'rolled'], [pointer]]);
      await kill(server, 'bad');
      await done(server, '/api/admin/document', DOCUMENT, 'PUT');
      await isWhole(server);
      assert.deepEqual(await values(server), [true, false, false], 'the kill holds');
    });
    await spoilt([edit], async server => {
      await done(server, '/api/admin/document?state=replace', DOCUMENT, 'PUT');
      await isWhole(server);
      assert.deepEqual(await values(server), [true, true, false]);
    });
  }
});

test('a past version leaves out what the present one does', async () => {
  // Deeper than a document may be, which refuses the document and not the flag alone.
  const deep = `{"default":"on","metadata":{"deep":${'['.repeat(500)}${']'.repeat(500)}}}`;
  await spoilt([write('flag', 'bad', deep)], async server => {
    assert.deepEqual(await values(server), [true, 'FLAG_NOT_FOUND', false]);
    await done(server, '/api/admin/document', DOCUMENT, 'PUT');
    await isWhole(server);
    const then = async flag => (await done(server, '/v1/explain', { flag, version: 1, context: { userId: 'u-1' } })).evaluation;
    assert.equal((await then('good')).value, true);
    assert.equal((await then('bad')).errorCode, 'FLAG_NOT_FOUND');
  });
});

test('a past version of which nothing compiles any more is refused', async () => {
  await spoilt([write('member', 'environment', '7')], async server => {
    await done(server, '/api/admin/document', DOCUMENT, 'PUT');
    const answer = await server.asAdmin('/v1/explain', { body: { flag: 'good', version: 1, context: {} } });
    assert.deepEqual([answer.status, answer.json().code], [503, 'DOCUMENT_REFUSED']);
  });
});

test('with a wrong member that concerns every flag nothing is served, and kill and import work', async () => {
  await spoilt([write('member', 'environment', '7')], async server => {
    assert.deepEqual(await health(server), [503, 'DOCUMENT_REFUSED']);
    assert.deepEqual(await listed(server), [[], ['/environment']]);
    await kill(server, 'bad');
    assert.equal((await exported(server)).environment, 7, 'the export has the stored value');
    await done(server, '/api/admin/document', DOCUMENT, 'PUT');
    await isWhole(server);
    assert.deepEqual(await values(server), [true, false, false]);
  });
});

test('with too many flags nothing is served, and kill and import work', async () => {
  await spoilt(CROWD, async server => {
    assert.deepEqual(await health(server), [503, 'DOCUMENT_REFUSED']);
    assert.deepEqual(await listed(server), [[], ['/flags']]);
    await kill(server, 'bad');
    assert.deepEqual(await health(server), [503, 'DOCUMENT_REFUSED']);
    assert.equal((await exported(server)).flags.bad.enabled, false);
    await done(server, '/api/admin/document?state=replace', DOCUMENT, 'PUT');
    await isWhole(server);
    assert.deepEqual(await values(server), [true, true, false]);
    assert.equal((await server.asAdmin('/api/admin/changes/verify', { method: 'GET' })).status, 200);
  });
});

test('a store that a later release wrote can be replaced by a backup that an earlier release made', async () => {
  const folder = await dataFolder();
  const start = () => startOn({ config: new URL('workers/sql.capnp', import.meta.url), data: folder.path });
  let server = await start();
  try {
    await done(server, '/api/admin/document', DOCUMENT, 'PUT');
    const backup = (await server.asAdmin('/api/admin/backup', { method: 'GET' })).text;
    await kill(server, 'good');
    await server.stop();
    const later = [
      ['INSERT INTO migrations SELECT max(number) + 1 FROM migrations'],
      ['CREATE TABLE later (what TEXT REFERENCES versions (version))'],
      ['UPDATE store SET writes_from = number, serves_from = number FROM (SELECT max(number) AS number FROM migrations)'],
    ];
    assert.deepEqual(await runSql(folder.path, ...later), []);
    server = await start();
    assert.deepEqual(await health(server), [503, 'NO_RULESET']);
    assert.equal((await server.asAdmin('/api/admin/versions', { method: 'GET' })).json().code, 'LATER_STORE');
    const restore = head =>
      server.asAdmin(`/api/admin/restore?replace=${head}`, { body: backup, headers: { 'content-type': 'application/x-ndjson' } });
    const refused = await restore('x');
    assert.deepEqual([refused.status, refused.json().code], [409, 'HEAD_MISMATCH']);
    const answer = await restore(refused.json().detail.match(/[0-9a-f]{64}$/)[0]);
    assert.equal(answer.status, 200, answer.text);
    await isWhole(server);
    assert.deepEqual(await values(server), [true, true, false]);
    assert.equal((await server.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json().valid, true);
  } finally {
    await server.stop();
    await folder.remove();
  }
});
