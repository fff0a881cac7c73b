// Verification of the audit trail finds edits of the store's file that were not made through the hub.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { startWithSql } from './store-sql.mjs';

const PAYING = { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { chat: {}, pay: {} } };

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startWithSql(folder.path);
  const done = async (path, body, method = 'POST') => {
    const answer = await server.asAdmin(path, { method, body });
    assert.equal(answer.status, 200, answer.text);
  };
  await done('/api/admin/document?state=replace', PAYING, 'PUT');
  for (const customerId of ['acme', 'zen']) await done('/api/admin/overrides', { customerId, flags: { pay: true }, reason: 'paid' });
  await done('/api/admin/feature-flags', { featureName: 'chat', action: 'kill', reason: 'it is down' });
  await done('/api/admin/overrides', { customerId: 'zen', flags: { pay: null }, reason: 'left' });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const verify = async () => (await server.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json();

/** Edits of the tables: statements, then a pattern of the fault that verification must report. */
const EDITS = {
  'a kill undone': [["UPDATE history SET text = replace(text, 'false', 'true') WHERE kind = 'state' AND name = 'chat' AND version = (SELECT max(version) FROM versions) - 1"], /rows of version/],
  'a definition altered': [[`UPDATE history SET text = '{"type":"string"}' WHERE kind = 'flag' AND name = 'pay'`], /rows of version/],
  'an override taken from its history': [["DELETE FROM newest WHERE name = 'acme'"], ["DELETE FROM history WHERE name = 'acme'"], /rows of version/],
  'an override added to a version': [["INSERT INTO history SELECT kind, 'evil', version, part, page, text FROM history WHERE name = 'acme'"], /rows of version/],
  'an override that no longer serves': [["DELETE FROM newest WHERE name = 'acme'"], /customer "acme" does not serve/],
  'an override that serves again': [["INSERT INTO newest SELECT kind, name, min(version), page FROM history WHERE name = 'zen'"], /customer "zen" does not serve/],
  'an earlier state put in force': [["UPDATE newest SET version = 1 WHERE kind = 'state' AND name = 'chat'"], /state "chat" does not serve/],
  'an override moved to another page': [["UPDATE history SET page = (page + 1) % 1024 WHERE name = 'acme'"], /rows of version/],
  'a page put back': [["UPDATE pages SET version = 1 WHERE page = (SELECT page FROM newest WHERE name = 'acme')"], /page \d+ does not stand/],
  'a version made earlier': [['UPDATE versions SET created_at = created_at - 1000 WHERE version = 2'], /rows of version 2/],
  'a version that nobody made': [
    ['INSERT INTO versions SELECT max(version) + 1, max(created_at) FROM versions'],
    ["INSERT INTO history SELECT kind, name, (SELECT max(version) FROM versions), part, page, 'true' FROM history WHERE kind = 'member' AND name = 'bucketKey'"],
    ["UPDATE newest SET version = (SELECT max(version) FROM versions) WHERE kind = 'member' AND name = 'bucketKey'"],
    /version \d+ has no record/,
  ],
};

/** Statements that restore the tables that the hub serves from. */
async function snapshot() {
  const statements = [['PRAGMA defer_foreign_keys = ON']];
  for (const table of ['newest', 'pages', 'history', 'versions']) statements.push([`DELETE FROM ${table}`]);
  for (const table of ['versions', 'history', 'pages', 'newest']) {
    for (const row of await server.sql([`SELECT * FROM ${table}`])) {
      statements.push([`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => '?')})`, ...Object.values(row)]);
    }
  }
  return statements;
}

test('verification finds no fault in a store that nobody edited', async () => {
  const { valid, records } = await verify();
  assert.deepEqual([valid, records], [true, 7]);
});

test('verification finds each edit of the store', async (t) => {
  const back = await snapshot();
  for (const [what, edit] of Object.entries(EDITS)) {
    const statements = edit.slice(0, -1);
    assert.deepEqual(await server.sql(['PRAGMA defer_foreign_keys = ON'], ...statements), [], what);
    const found = await verify();
    assert.equal(found.valid, false, what);
    assert.match(found.broken, edit.at(-1), what);
    t.diagnostic(`${what}: ${found.broken}`);
    assert.deepEqual(await server.sql(...back), [], what);
    assert.equal((await verify()).valid, true, `${what}, put back`);
  }
});
