// Verification of the audit trail finds edits of the store's file that were not made through the hub.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { baselineEnds, startWithSql, WITHOUT_TRIGGERS } from './store-sql.mjs';

const PAYING = { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { chat: {}, pay: {} } };

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startWithSql(folder.path);
  await live();
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

async function done(path, body, method = 'POST') {
  const answer = await server.asAdmin(path, { method, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

async function live() {
  await done('/api/admin/document?state=replace', PAYING, 'PUT');
  for (const customerId of ['acme', 'zen']) await done('/api/admin/overrides', { customerId, flags: { pay: true }, reason: 'paid' });
  await done('/api/admin/feature-flags', { featureName: 'chat', action: 'kill', reason: 'it is down' });
  await done('/api/admin/overrides', { customerId: 'zen', flags: { pay: null }, reason: 'left' });
}

const verify = () => done('/api/admin/changes/verify?full=true', undefined, 'GET');

/** Edits of the tables: statements, then a pattern of the fault that verification must report. */
const EDITS = {
  'a kill undone': [
    [
      "UPDATE history SET text = replace(text, 'false', 'true') WHERE kind = 'state' AND name = 'chat' AND version = (SELECT max(version) FROM versions) - 1",
    ],
    /rows of version/,
  ],
  'a definition altered': [[`UPDATE history SET text = '{"type":"string"}' WHERE kind = 'flag' AND name = 'pay'`], /rows of version/],
  'a definition that is no text': [["UPDATE history SET text = x'7b7d' WHERE kind = 'flag' AND name = 'pay'"], /rows of version/],
  'an override that is no text': [["UPDATE paged_rows SET text = x'7b7d' WHERE name = 'acme'"], /customer "acme" does not serve/],
  'an override taken from its history': [
    ["DELETE FROM paged_rows WHERE name = 'acme'"],
    ["DELETE FROM history WHERE name = 'acme'"],
    /rows of version/,
  ],
  'an override added to a version': [
    ["INSERT INTO history SELECT kind, 'evil', version, part, page, text FROM history WHERE name = 'acme'"],
    /rows of version/,
  ],
  'an override that no longer serves': [["DELETE FROM paged_rows WHERE name = 'acme'"], /customer "acme" does not serve/],
  'an override that serves again': [
    ["INSERT INTO paged_rows SELECT page, kind, name, min(version), NULL FROM history WHERE name = 'zen'"],
    /customer "zen" does not serve/,
  ],
  'another text beside an override': [["UPDATE paged_rows SET text = text || ' ' WHERE name = 'acme'"], /customer "acme" does not serve/],
  'an override served from another page': [
    ["UPDATE paged_rows SET page = (page + 1) % 1024 WHERE name = 'acme'"],
    /customer "acme" does not serve/,
  ],
  'an override served beside definitions': [
    ["INSERT INTO unpaged_rows SELECT kind, name, version FROM paged_rows WHERE name = 'acme'"],
    /customer "acme" does not serve/,
  ],
  'an override that was never written': [
    ["INSERT INTO paged_rows SELECT page, kind, 'evil', version, text FROM paged_rows WHERE name = 'acme'"],
    /customer "evil" serves and was never written/,
  ],
  'an earlier state put in force': [
    ["UPDATE unpaged_rows SET version = 1 WHERE kind = 'state' AND name = 'chat'"],
    /state "chat" does not serve/,
  ],
  'an override moved to another page': [["UPDATE history SET page = (page + 1) % 1024 WHERE name = 'acme'"], /rows of version/],
  'a page put back': [
    ["UPDATE pages SET version = 1 WHERE page = (SELECT page FROM newest WHERE name = 'acme')"],
    /page \d+ does not stand/,
  ],
  'a version made earlier': [['UPDATE versions SET created_at = created_at - 1000 WHERE version = 2'], /rows of version 2/],
  'a version that nobody made': [
    ['INSERT INTO versions SELECT max(version) + 1, max(created_at) FROM versions'],
    [
      "INSERT INTO history SELECT kind, name, (SELECT max(version) FROM versions), part, page, 'true' FROM history WHERE kind = 'member' AND name = 'bucketKey'",
    ],
    ["UPDATE unpaged_rows SET version = (SELECT max(version) FROM versions) WHERE kind = 'member' AND name = 'bucketKey'"],
    /version \d+ has no record/,
  ],
};

/** Statements that restore the tables that the hub serves from. */
async function snapshot() {
  const statements = [['PRAGMA defer_foreign_keys = ON']];
  for (const table of ['unpaged_rows', 'paged_rows', 'pages', 'history', 'versions']) statements.push([`DELETE FROM ${table}`]);
  for (const table of ['versions', 'history', 'pages', 'paged_rows', 'unpaged_rows']) {
    for (const row of await server.sql([`SELECT * FROM ${table}`])) {
      statements.push([`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => '?')})`, ...Object.values(row)]);
    }
  }
  return statements;
}

test('verification finds no fault in a store that nobody edited', async () => {
  const { valid, records, provedFrom } = await verify();
  assert.deepEqual([valid, records, provedFrom], [true, 7, 1]);
});

/** Makes each edit, expects a verification to find it, and puts everything back. */
async function findsEach(edits, t) {
  const back = await snapshot();
  for (const [what, edit] of Object.entries(edits)) {
    const statements = edit.slice(0, -1);
    assert.deepEqual(await server.sql(['PRAGMA defer_foreign_keys = ON'], ...statements), [], what);
    const found = await verify();
    assert.equal(found.valid, false, what);
    assert.match(found.broken, edit.at(-1), what);
    t.diagnostic(`${what}: ${found.broken}`);
    assert.deepEqual(await server.sql(...back), [], what);
    assert.equal((await verify()).valid, true, `${what}, put back`);
  }
}

test('each edit of the store is found', t => findsEach(EDITS, t));

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** Statements that put a store back to the form before records committed to rows, with the chain that its records had. */
async function backToForm3() {
  const schema = await readFile(new URL('../../edge-worker/migrations/sqlite/0003_control_plane.sql', import.meta.url), 'utf8');
  const statements = [...WITHOUT_TRIGGERS];
  let chain = Buffer.alloc(32);
  for (const { sequence, version, payload_hash: payload } of await server.sql(['SELECT * FROM feature_flag_changes ORDER BY sequence'])) {
    const link = Buffer.alloc(12);
    link.writeBigUInt64BE(BigInt(sequence));
    link.writeUInt32BE(version, 8);
    chain = sha256('twinflag/chain/1\n', chain, link, Buffer.from(payload, 'hex'));
    statements.push(['UPDATE feature_flag_changes SET hash = ? WHERE sequence = ?', chain.toString('hex'), sequence]);
  }
  statements.push(
    ['ALTER TABLE feature_flag_changes DROP COLUMN rows_hash'],
    ['DROP INDEX history_by_version'],
    ['DROP INDEX outcomes_by_time'],
    ['DROP INDEX feature_flag_changes_by_id'],
    ...['by_action', 'by_actor', 'by_pointer', 'of_assignments'].map(index => [`DROP INDEX feature_flag_changes_${index}`]),
    ['DROP INDEX rollout_events_of_flag'],
    ['CREATE TABLE kept AS SELECT * FROM newest'],
    ['DROP VIEW newest'],
    ['CREATE TABLE newest (kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, page INTEGER, PRIMARY KEY (kind, name))'],
    ['INSERT INTO newest SELECT * FROM kept'],
    ['DROP TABLE kept'],
    ['DROP TABLE unpaged_rows'],
    ['DROP TABLE paged_rows'],
    ['DROP INDEX history_unpaged'],
    ['DROP INDEX history_of_definitions'],
  );
  statements.push(
    ['DROP TABLE verification'],
    ['DROP TABLE imports'],
    ...['tallies', 'stage_counts', 'flag_usage', 'unknown_flags', 'guard_states'].map(table => [`DROP TABLE ${table}`]),
    ['DROP TABLE webhook_progress'],
    ['DROP TABLE webhook_attempts'],
    ['DROP TABLE stream_key'],
    ...['registered_name', 'token_uses'].map(table => [`DROP TABLE ${table}`]),
    ['DROP TABLE store'],
    ['DROP TABLE jobs'],
    ['DELETE FROM migrations WHERE number > 3'],
  );
  return [...statements, ...schema.match(/CREATE TRIGGER .*?\nEND;/gs).map(trigger => [trigger])];
}

const BASELINE_JOB = ["INSERT INTO jobs (kind, payload, due) VALUES ('baseline', '', 0)"];

/** Edits that would have the hub itself record what was edited, at its next start: it takes the rows for those of an earlier release. */
const LAUNDERED = {
  'a version that nobody made': EDITS['a version that nobody made'],
  'the newest version without its records': [
    ...WITHOUT_TRIGGERS,
    ['DELETE FROM feature_flag_changes WHERE version = (SELECT max(version) FROM versions)'],
    ["UPDATE history SET text = 'true' WHERE version = (SELECT max(version) FROM versions)"],
    ['INSERT INTO paged_rows SELECT page, kind, name, version, NULL FROM history WHERE version = (SELECT max(version) FROM versions)'],
    /version \d+ has no record/,
  ],
  'a version before the first': [
    ['INSERT INTO versions SELECT 0, min(created_at) FROM versions'],
    ["INSERT INTO history SELECT kind, 'evil', 0, part, page, text FROM history WHERE name = 'acme'"],
    ["INSERT INTO paged_rows SELECT page, kind, 'evil', 0, text FROM paged_rows WHERE name = 'acme'"],
    /version 0 has no record/,
  ],
};

test('what a record says is gone only where a later record erases it', async () => {
  const [{ payload }] = await server.sql(['SELECT payload FROM feature_flag_changes WHERE sequence = 4']);
  assert.deepEqual(await server.sql(['UPDATE feature_flag_changes SET payload = NULL WHERE sequence = 4']), []);
  for (const path of ['/api/admin/changes/verify', '/api/admin/changes/verify?full=true']) {
    const { valid, broken } = await done(path, undefined, 'GET');
    assert.deepEqual([valid, broken], [false, 'the payload of record 4 is gone, and no record erases it']);
  }
  const triggers = await server.sql([
    "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'feature_flag_changes_are_not_%'",
  ]);
  assert.equal(triggers.length, WITHOUT_TRIGGERS.length);
  const back = ['UPDATE feature_flag_changes SET payload = ? WHERE sequence = 4', payload];
  assert.deepEqual(await server.sql(...WITHOUT_TRIGGERS, back, ...triggers.map(({ sql }) => [sql])), []);
  assert.equal((await verify()).valid, true);
});

test('a store that lost the row about itself serves on, under an epoch that a record tells', async () => {
  const epoch = async () => (await server.request('/health', { method: 'GET' })).json().epoch;
  const before = await epoch();
  assert.deepEqual(await server.sql(['DELETE FROM store']), []);
  await server.stop();
  server = await startWithSql(folder.path);
  const [{ action, changedBy, reason }] = (await done('/api/admin/changes?limit=1', undefined, 'GET')).changes;
  assert.deepEqual([action, changedBy], ['epoch.renew', 'system']);
  assert.match(reason, /lost the row about itself/);
  const after = await epoch();
  assert.ok(![before, '000000000000'].includes(after), after);
  await done('/api/admin/feature-flags', { featureName: 'chat', action: 'revive', reason: 'it is up' });
  assert.deepEqual([await epoch(), (await verify()).valid], [after, true]);
});

test('no edit becomes a baseline when the store is opened', async () => {
  await server.stop();
  try {
    for (const [what, edit] of Object.entries(LAUNDERED)) {
      const edited = await dataFolder();
      try {
        server = await startWithSql(edited.path);
        await live();
        assert.deepEqual(await server.sql(['PRAGMA defer_foreign_keys = ON'], ...edit.slice(0, -1), BASELINE_JOB), [], what);
        await server.stop();
        server = await startWithSql(edited.path);
        await baselineEnds(server);
        const { valid, broken } = await verify();
        assert.equal(valid, false, what);
        assert.match(broken, edit.at(-1), what);
      } finally {
        await server.stop();
        await edited.remove();
      }
    }
  } finally {
    server = await startWithSql(folder.path);
  }
});

test('rows that an earlier release wrote are proved from the moment at which this one opens their store', async t => {
  await server.stop();
  const old = await dataFolder();
  const reopen = async () => {
    await server.stop();
    server = await startWithSql(old.path);
  };
  try {
    server = await startWithSql(old.path);
    await live();
    // Verification cannot find this edit: the records of that release commit to no rows.
    const undone = ["UPDATE history SET text = replace(text, 'true', 'false') WHERE name = 'acme'"];
    assert.deepEqual(await server.sql(...(await backToForm3()), undone), []);
    for (let start = 0; start < 3; start++) {
      await reopen();
      if (start === 0) await baselineEnds(server);
      const { valid, records, provedFrom } = await verify();
      assert.deepEqual([valid, records, provedFrom], [true, 8, 8]);
    }
    const [newest, before] = (await done('/api/admin/changes?limit=2', undefined, 'GET')).changes;
    assert.deepEqual([newest.action, newest.changedBy, newest.version], ['trail.baseline', 'system', before.version]);
    const { 'a version made earlier': ofARecord, ...edits } = EDITS;
    assert.ok(ofARecord);
    await findsEach(edits, t);
    assert.deepEqual(
      (await done('/api/admin/overrides', { customerId: 'acme', flags: { pay: true }, reason: 'paid again' })).changed,
      true,
    );
    await findsEach(
      {
        'a row from before the baseline': EDITS['a definition altered'],
        'a row from behind it': EDITS['an override taken from its history'],
      },
      t,
    );

    // A backup has the baseline, and one of the earlier release gets one.
    const restore = async body => {
      const { head } = await verify();
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await server.asAdmin(`/api/admin/restore?replace=${head}`, { body, headers });
      assert.equal(answer.status, 200, answer.text);
      const [restored, found] = [answer.json(), await verify()];
      assert.deepEqual([restored.head, restored.records], [found.head, found.records]);
      return [found.valid, found.records, found.provedFrom];
    };
    const backup = (await server.asAdmin('/api/admin/backup', { method: 'GET' })).text;
    assert.deepEqual(await restore(backup), [true, 9, 8]);
    const [first, ...rest] = backup.trimEnd().split('\n').slice(0, -1);
    const last = rest.map(line => JSON.parse(line)).find(({ change }) => change?.[0] === 7).change;
    const ofOld = line => !line.record && !(line.version?.[0] > last[1]) && !(line.row?.[2] > last[1]);
    const lines = [
      JSON.stringify({ ...JSON.parse(first), version: last[1], records: 7, chain: last.at(-1) }),
      ...rest.filter(line => ofOld(JSON.parse(line))),
    ];
    const text = lines.map(line => `${line}\n`).join('');
    const tail = JSON.stringify({ lines: lines.length - 1, sha256: sha256(text).toString('hex') });
    assert.deepEqual(await restore(`${text}${tail}\n`), [true, 8, 8]);
  } finally {
    await server.stop();
    await old.remove();
    server = await startWithSql(folder.path);
  }
});

test('a baseline that fails is tried again, and the next record is linked to it', async () => {
  await server.stop();
  const old = await dataFolder();
  try {
    server = await startWithSql(old.path);
    await live();
    const refuse = `CREATE TRIGGER fails BEFORE INSERT ON feature_flag_changes WHEN NEW.payload LIKE '%trail.baseline%'
      BEGIN SELECT RAISE(ABORT, 'as a test wants'); END`;
    assert.deepEqual(await server.sql(...(await backToForm3()), [refuse]), []);
    await server.stop();
    server = await startWithSql(old.path);
    await server.heard(/the job baseline failed (1) times: .*as a test wants/);
    assert.deepEqual([(await verify()).valid, (await verify()).provedFrom], [true, undefined]);
    assert.deepEqual(await server.sql(['DROP TRIGGER fails']), []);
    await baselineEnds(server);
    await done('/api/admin/overrides', { customerId: 'acme', flags: { pay: null }, reason: 'left' });
    const { valid, records, provedFrom } = await verify();
    assert.deepEqual([valid, records, provedFrom], [true, 9, 8]);
  } finally {
    await server.stop();
    await old.remove();
    server = await startWithSql(folder.path);
  }
});
