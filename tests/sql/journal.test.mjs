// The journal of hubs: entries in one order, the tables that follow them, and what SQL changes beside them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { migrate, startMigrated } from './postgres.mjs';

let postgres;
let made = 0;
before(() => {
  postgres = startMigrated();
});
after(() => postgres.stop());

/** A copy of the database with the migrations. */
function database() {
  made += 1;
  const name = `journal_${made}`;
  postgres.query(`create database ${name} template postgres`);
  const query = sql => postgres.query(sql, { database: name });
  const append = (behind, id, entry, takes = []) =>
    query(`select twinflag.append('main', ${behind}, '${id}', $e$${JSON.stringify(entry)}$e$, null, '{${takes.join()}}')`)[0];
  const news = (behind = 0) => JSON.parse(query(`select twinflag.news('main', ${behind})`)[0]);
  // The first look makes the hub.
  news();
  return { query, append, news };
}

const writes = (...rows) => ({ behind: ['0a1b2c3d4e5f', 0], at: 1, writes: rows });
const state = (enabled, rollout) => JSON.stringify({ enabled, ...(rollout && { rollout }) });
const ROLLOUT = { status: 'active', tier: 2, percentage: 12.5, allow: ['a', '7'], deny: ['z'] };

test('an entry follows the newest one, once, and another at its place is behind', () => {
  const { append, news } = database();
  assert.equal(append(0, 'one', writes(['state', 'a', state(true)])), 'done');
  assert.equal(append(0, 'one', writes(['state', 'a', state(true)])), 'done');
  assert.equal(append(0, 'other', writes(['state', 'b', state(true)])), 'behind');
  assert.equal(append(2, 'three', writes(['state', 'b', state(true)])), 'behind');
  assert.equal(append(1, 'two', writes(['state', 'b', state(false)])), 'done');
  const told = news(1);
  assert.deepEqual([told.newest, told.at, told.entries.map(([number, id]) => [number, id])], [2, 'one', [[2, 'two']]]);
  assert.equal(told.entries[0][2], JSON.stringify(writes(['state', 'b', state(false)])));
});

test('the tables follow an entry, and note it as no change by SQL', () => {
  const { query, append, news } = database();
  const payload = {
    changedBy: 'ann',
    changedAt: '2026-11-29T10:00:00.000Z',
    flagPath: 'a',
    oldValue: true,
    newValue: false,
    reason: 'why',
  };
  const records = [{ sequence: 1, version: 1, payload: JSON.stringify(payload), payloadHash: '', rowsHash: null, hash: '' }];
  const events = [{ id: 'x', flag: 'a', feature: 'a', name: 'enabled', metadata: '{"toPercentage":12.5}' }];
  const rows = [
    ['state', 'a', state(false, ROLLOUT)],
    ['customer', 'c \\"1\\"', '{"a":true}'],
    ['organization', 'o', '{"a":false}'],
    ['membership', 'c', '"o"'],
  ];
  assert.equal(append(0, 'one', { ...writes(...rows), records, events }), 'done');
  assert.deepEqual(query(`select name, enabled, is_defined from feature_flags`), ['a|f|t']);
  assert.deepEqual(
    query(`select feature_name, current_tier, percentage, status, whitelisted_customers, blacklisted_customers from feature_rollouts`),
    ['a|tier_2_early_adopters|12.500|active|{a,7}|{z}'],
  );
  assert.deepEqual(query(`select customer_id, flags from customer_feature_flags`), ['c "1"|{"a": true}']);
  assert.deepEqual(query(`select organization_id, flags from organization_feature_flags`), ['o|{"a": false}']);
  assert.deepEqual(query(`select organization_id from customer_configs where id = 'c'`), ['o']);
  assert.deepEqual(query(`select flag_path, old_value, new_value, changed_by_label, reason from feature_flag_changes`), ['a|t|f|ann|why']);
  assert.deepEqual(query(`select feature_name, event_type, metadata from rollout_events`), ['a|enabled|{"toPercentage": 12.5}']);
  assert.deepEqual(news().edits, []);
  assert.equal(append(1, 'two', writes(['state', 'a', null], ['customer', 'c \\"1\\"', null])), 'done');
  assert.deepEqual(query(`select name from feature_flags union all select customer_id from customer_feature_flags`), []);
});

test('a change by SQL comes before the next entry, which takes it only as its hub has seen it', () => {
  const { query, append, news } = database();
  append(0, 'one', writes(['state', 'a', state(true, ROLLOUT)]));
  query(`set twinflag.reason = 'errors'; update feature_rollouts set percentage = 0, status = 'rolled_back' where feature_name = 'a'`);
  assert.equal(append(1, 'two', writes(['state', 'a', state(false, ROLLOUT)])), 'edits');
  const [[number, kind, name, actor, reason, , row]] = news(1).edits;
  assert.deepEqual([kind, name, actor, reason], ['state', 'a', 'postgres', 'errors']);
  assert.deepEqual(JSON.parse(row), { enabled: true, rollout: { ...ROLLOUT, percentage: 0, status: 'rolled_back' } });
  query(`update feature_flags set enabled = false where name = 'a'`);
  assert.equal(append(1, 'two', writes(['state', 'a', row]), [number]), 'edits');
  const [[second, , , , , , newest]] = news(1).edits;
  assert.equal(append(1, 'two', writes(['state', 'a', newest]), [second]), 'done');
  assert.deepEqual(query(`select enabled, status from feature_flags join feature_rollouts on feature_name = name`), ['f|rolled_back']);
  assert.deepEqual(news(2).edits, []);
});

test('of several changes by SQL an entry may take one, and the others still come before what is no change by SQL', () => {
  const { query, append, news } = database();
  append(0, 'one', writes(['state', 'a', state(true)], ['state', 'b', state(true)]));
  query(`update feature_flags set enabled = false`);
  const edits = news(1).edits;
  assert.deepEqual(edits.map(([, kind, name]) => [kind, name]).sort(), [
    ['state', 'a'],
    ['state', 'b'],
  ]);
  const [[first, , name, , , , row], [second, , other, , , , rest]] = edits;
  assert.equal(append(1, 'two', writes(['state', name, row]), [first]), 'done');
  assert.equal(append(2, 'three', writes(['customer', 'c', '{"a":true}'])), 'edits');
  assert.equal(append(2, 'three', writes(['state', other, rest]), [second]), 'done');
  assert.equal(append(3, 'four', writes(['customer', 'c', '{"a":true}'])), 'done');
});

test('an owner that SQL removes is a change whose row is gone; a refused one waits no more', () => {
  const { query, append, news } = database();
  append(0, 'one', writes(['customer', 'c', '{"a":true}']));
  query(`delete from customer_feature_flags where customer_id = 'c'`);
  const [[number, kind, name, , , , row]] = news(1).edits;
  assert.deepEqual([kind, name, row], ['customer', 'c', null]);
  query(`select twinflag.refuse_edits('{${number}}', 'because')`);
  assert.deepEqual([news(1).edits, query(`select name, problem from twinflag.edits`)], [[], ['c|because']]);
  assert.equal(append(1, 'two', writes(['customer', 'd', '{"a":true}'])), 'done');
  query(`insert into customer_feature_flags (customer_id, flags) values ('c', '{"b": true}')`);
  const again = news(2).edits;
  assert.deepEqual([again.length, again[0][6]], [1, '{"b": true}']);
  query(`select twinflag.refuse_edits('{${again[0][0]}}', null)`);
  assert.deepEqual(query(`select name from twinflag.edits`), []);
});

test('without a hub, SQL notes nothing for one', () => {
  const { query } = database();
  query(`insert into feature_flags (name, enabled) values ('a', true)`);
  assert.deepEqual(query(`select name from twinflag.edits`), []);
});

test('an id that the tables cannot hold refuses the whole entry', () => {
  const name = 'journal_uuid';
  postgres.query(`create database ${name} template template0`);
  const query = sql => postgres.query(sql, { database: name });
  query(`create table organizations (id uuid primary key); create table customer_configs (id uuid primary key)`);
  migrate(postgres, { database: name });
  query(`select twinflag.news('main', 0)`);
  const entry = JSON.stringify(writes(['customer', 'no-uuid', '{"a":true}']));
  assert.throws(() => query(`select twinflag.append('main', 0, 'one', $e$${entry}$e$, null, '{}')`), /invalid input syntax for type uuid/);
  assert.equal(JSON.parse(query(`select twinflag.news('main', 0)`)[0]).newest, 0);
});

test('only the owner of the tables reads and writes the journal, and nobody alters it', () => {
  const { query, append } = database();
  append(0, 'one', writes(['state', 'a', state(true)]));
  for (const role of ['service_role', 'authenticated', 'anon']) {
    for (const statement of [`select twinflag.news('main', 0)`, 'select * from twinflag.hubs', 'select * from twinflag.journal'])
      assert.throws(() => query(`set role ${role}; ${statement}`), /permission denied/, `${role}: ${statement}`);
  }
  for (const statement of [`update twinflag.journal set entry = '{}'`, 'delete from twinflag.journal', 'truncate twinflag.journal'])
    assert.throws(() => query(statement), /are added, never changed or removed/, statement);
});

test('news come in slices of about two megabytes, and at least an entry at a time', () => {
  const { query, append } = database();
  const long = 'x'.repeat(1_500_000);
  for (const number of [0, 1, 2]) append(number, `e${number}`, writes(['flag', `f${number}`, long]));
  const lengths = [0, 1, 2, 3].map(behind => query(`select jsonb_array_length(twinflag.news('main', ${behind})::jsonb -> 'entries')`)[0]);
  assert.deepEqual(lengths, ['2', '2', '1', '0']);
});
