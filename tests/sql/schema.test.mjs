// The migrations: what they make, that a second run changes nothing, and that a database of the source documents keeps its rows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { migrate, startPostgres } from './postgres.mjs';

let postgres;
before(() => {
  postgres = startPostgres();
  migrate(postgres);
});
after(() => postgres.stop());

/** The statements of the source documents, as these print them. */
const SOURCE = `
  create table customer_configs (id uuid primary key);
  create table organizations (id uuid primary key);
  create table customer_feature_flags (id uuid primary key, customer_id uuid references customer_configs(id), flags jsonb, updated_at timestamptz,
    updated_by uuid, created_at timestamptz);
  create table organization_feature_flags (id uuid primary key, organization_id uuid references organizations(id), flags jsonb,
    updated_at timestamptz, updated_by uuid, created_at timestamptz);
  create table feature_flag_changes (id uuid primary key, customer_id uuid, organization_id uuid, flag_path text, old_value boolean,
    new_value boolean, changed_by uuid, changed_at timestamptz, reason text);
  create table feature_flags (id uuid primary key default gen_random_uuid(), name text unique, enabled boolean);
  alter table feature_flags add column rollout_percentage int default 100;
  alter table feature_flags add constraint rollout_percentage_valid check (rollout_percentage >= 0 and rollout_percentage <= 100);`;
const CUSTOMER = '6f0c2f1e-9a54-4c1f-8a53-1f7d9d4f3b10';

const shape = database =>
  postgres.query(
    `select table_schema, table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
       where table_schema in ('public', 'twinflag', 'auth') order by 1, 2, 3;
     select schemaname, indexdef from pg_indexes where schemaname in ('public', 'twinflag') order by 1, 2;
     select policyname, tablename, roles, cmd, qual, with_check from pg_policies order by 1, 2;
     select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace in ('public'::regnamespace, 'twinflag'::regnamespace) order by 1, 2;
     select tgrelid::regclass, tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by 1, 2;
     select oid::regprocedure, md5(prosrc), array(select unnest(proacl)::text order by 1) from pg_proc
       where pronamespace in ('public'::regnamespace, 'twinflag'::regnamespace) order by oid::regprocedure::text collate "C"`,
    { database },
  );

test('migrations that are applied twice change nothing', () => {
  postgres.query('create database twice');
  migrate(postgres, { database: 'twice' });
  postgres.query(`insert into feature_flags (name, enabled) values ('kept', true)`, { database: 'twice' });
  const [once, key] = [shape('twice'), postgres.query('select bucket_key, version from twinflag.environment', { database: 'twice' })];
  migrate(postgres, { database: 'twice' });
  assert.deepEqual(shape('twice'), once);
  assert.deepEqual(postgres.query('select bucket_key, version from twinflag.environment', { database: 'twice' }), key);
  assert.deepEqual(postgres.query('select name, enabled from feature_flags', { database: 'twice' }), ['kept|t']);
});

test('the eleven indexes and the five tables of the source documents are there', () => {
  const tables = postgres.query(`select table_name from information_schema.tables where table_schema = 'public'
    and table_name in ('customer_feature_flags', 'organization_feature_flags', 'feature_rollouts', 'rollout_events', 'feature_flag_changes') order by 1`);
  assert.equal(tables.length, 5);
  const indexes =
    postgres.query(`select indexname from pg_indexes where schemaname = 'public' and indexname like 'idx_%' and tablename <> 'feature_flags'
    order by 1`);
  assert.deepEqual(indexes, [
    'idx_customer_feature_flags_customer_id',
    'idx_feature_flag_changes_changed_at',
    'idx_feature_flag_changes_customer_id',
    'idx_feature_flag_changes_organization_id',
    'idx_feature_rollouts_feature_name',
    'idx_feature_rollouts_status',
    'idx_organization_feature_flags_organization_id',
    'idx_rollout_events_customer_id',
    'idx_rollout_events_event_type',
    'idx_rollout_events_feature_name',
    'idx_rollout_events_timestamp',
  ]);
});

test('the script of the guide lists the five tables and the eleven indexes', () => {
  const told = postgres.query(readFileSync(new URL('../../edge-worker/migrations/verify.sql', import.meta.url), 'utf8'));
  for (const table of [
    'customer_feature_flags',
    'feature_flag_changes',
    'feature_rollouts',
    'organization_feature_flags',
    'rollout_events',
  ])
    assert.ok(told.includes(table), table);
  assert.equal(told.filter(line => line.includes('|idx_') && !line.startsWith('feature_flags|')).length, 11);
});

test('a database that the source documents made keeps its rows and its UUIDs', () => {
  postgres.query('create database source');
  const ask = sql => postgres.query(sql, { database: 'source' });
  ask(`${SOURCE}
    insert into customer_configs values ('${CUSTOMER}');
    insert into customer_feature_flags (id, customer_id, flags) values (gen_random_uuid(), '${CUSTOMER}', '{"profile_ui_revamp": true}');
    insert into feature_flag_changes (id, customer_id, flag_path) values (gen_random_uuid(), '${CUSTOMER}', 'a.b');
    insert into feature_flags (name, enabled, rollout_percentage) values ('profile_ui_revamp', true, 0), ('null_share', true, null), ('null_switch', null, 100)`);
  migrate(postgres, { database: 'source' });
  migrate(postgres, { database: 'source' });
  assert.deepEqual(ask('select customer_id, flags from customer_feature_flags'), [`${CUSTOMER}|{"profile_ui_revamp": true}`]);
  assert.deepEqual(ask('select customer_id, flag_path from feature_flag_changes'), [`${CUSTOMER}|a.b`]);
  assert.deepEqual(
    ask(`select is_feature_enabled('profile_ui_revamp', jsonb '{"customerId": "${CUSTOMER}"}'), is_feature_enabled('profile_ui_revamp', 'u'),
      is_feature_enabled('profile_ui_revamp', jsonb '{"customerId": "no uuid"}'), is_feature_enabled('profile_ui_revamp', jsonb '{"customerId": "${CUSTOMER.toUpperCase()}"}'),
      is_feature_enabled('null_share', 'u'), is_feature_enabled('null_switch', 'u')`),
    ['t|f|f|f|t|f'],
  );
});

test('each function pins its search path and may run in parallel, and each that clients call is stable', () => {
  const loose =
    postgres.query(`select oid::regprocedure from pg_proc where pronamespace in ('twinflag'::regnamespace, 'public'::regnamespace)
    and prokind = 'f' and not coalesce('search_path=""' = any (proconfig), false)`);
  assert.deepEqual(loose, []);
  const clients = postgres.query(
    `select proname, provolatile, proparallel, prosecdef from pg_proc where pronamespace = 'public'::regnamespace order by 1, 2`,
  );
  assert.deepEqual(clients, [
    'evaluate_feature|s|s|t',
    'explain_feature|s|s|t',
    'feature_bucket|s|s|t',
    'is_feature_enabled|s|s|t',
    'is_feature_enabled|s|s|t',
  ]);
});

for (const [what, sql, code] of [
  ['a percentage above 100', `insert into feature_rollouts (feature_name, percentage) values ('f', 100.5)`, 'feature_rollouts_percentage'],
  ['a tier that is none', `insert into feature_rollouts (feature_name, current_tier) values ('f', 'tier_9')`, 'feature_rollouts_tier'],
  ['a status that is none', `insert into feature_rollouts (feature_name, status) values ('f', 'running')`, 'feature_rollouts_status'],
  ['a share above 100', `insert into feature_flags (name, rollout_percentage) values ('f', 101)`, 'rollout_percentage_valid'],
  ['overrides of a customer who is not there', `insert into customer_feature_flags (customer_id) values ('nobody')`, 'foreign key'],
]) {
  test(`${what} is refused`, () => assert.throws(() => postgres.query(sql), new RegExp(code)));
}
