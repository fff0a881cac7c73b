// Row-level security: every role on every table by every verb, and a policy of an application that asks for a flag.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMigrated } from './postgres.mjs';

let postgres;
before(() => {
  postgres = startMigrated();
  postgres.query(`
    insert into organizations values ('o-1'), ('o-2');
    insert into customer_configs values ('c-1', 'o-1'), ('c-2', 'o-2');
    insert into feature_flags (name, enabled) values ('f', true);
    insert into feature_rollouts (feature_name) values ('f');
    insert into customer_feature_flags (customer_id, flags) values ('c-1', '{"f": true}'), ('c-2', '{"f": true}');
    insert into organization_feature_flags (organization_id, flags) values ('o-1', '{"f": true}'), ('o-2', '{"f": true}');
    insert into rollout_events (feature_name, customer_id, event_type) values ('f', 'c-1', 'enabled'), ('f', 'c-2', 'enabled');`);
});
after(() => postgres.stop());

const claims = (role, organizationId) => JSON.stringify({ sub: 'u-1', app_metadata: { role, organizationId } });
/** The roles: the role of the database, and the claims. */
const ROLES = {
  anon: ['anon', '{}'],
  'no member': ['authenticated', JSON.stringify({ sub: 'u-1', user_metadata: { role: 'organization_admin', organizationId: 'o-1' } })],
  member: ['authenticated', claims('member', 'o-1')],
  administrator: ['authenticated', claims('organization_admin', 'o-1')],
  "another's administrator": ['authenticated', claims('organization_admin', 'o-2')],
  service: ['service_role', '{}'],
};
/** The tables: a row of o-1, told by a condition, and the statements that insert and change one. */
const OF_ONE = { customer: `customer_id = 'c-1'`, organization: `organization_id = 'o-1'` };
const TABLES = {
  customer_feature_flags: [OF_ONE.customer, `(customer_id, flags) values ('c-1', '{}')`, `flags = '{"f": false}'`],
  organization_feature_flags: [OF_ONE.organization, `(organization_id, flags) values ('o-1', '{}')`, `flags = '{"f": false}'`],
  feature_rollouts: ['true', `(feature_name) values ('g')`, `status = 'rolled_back'`],
  feature_flags: ['true', `(name) values ('g')`, 'enabled = false'],
  rollout_events: [OF_ONE.customer, `(feature_name, customer_id, event_type) values ('f', 'c-1', 'error')`, `event_type = 'error'`],
  feature_flag_changes: [OF_ONE.customer, `(customer_id, flag_path) values ('c-1', 'f')`, `reason = 'forged'`],
};
const INTERNAL = ['environment', 'flags', 'names', 'segments', 'lists', 'lower_case'];
const VERBS = ['select', 'insert', 'update', 'delete'];

/** What a statement comes to for a role: `yes` where a row is read or written, `none` where policies show none, `no` where it is refused. */
function outcome([role, jwt], statements) {
  try {
    const told = postgres.query(`begin; ${statements.before ?? ''}
      select set_config('request.jwt.claims', '${jwt}', true) \\g /dev/null
      set local role ${role};
      ${statements.statement};
      rollback;`);
    return told.length > 0 ? 'yes' : 'none';
  } catch (error) {
    assert.match(error.message, /permission denied|row-level security|are added, never changed/);
    return 'no';
  }
}

function cell(role, table, verb) {
  const [own, insertion, change] = TABLES[table];
  // Where a row of its owner is in the way of another, it goes first.
  const before = verb === 'insert' && insertion.includes('flags)') ? `delete from ${table} where ${own};` : '';
  const statement = {
    select: `select 1 from ${table} where ${own} limit 1`,
    insert: `insert into ${table} ${insertion}; select 1`,
    update: `with changed as (update ${table} set ${change} where ${own} returning 1) select * from changed`,
    delete: `with gone as (delete from ${table} where ${own} returning 1) select * from gone`,
  }[verb];
  return outcome(ROLES[role], { before, statement });
}

/** By role: for each table in order, what select, insert, update and delete come to. */
const NOTHING = 'no no no no';
const EXPECTED = {
  anon: [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING],
  'no member': ['none no none none', 'none no none none', NOTHING, NOTHING, 'none no no no', 'none no no no'],
  member: ['yes no none none', 'yes no none none', NOTHING, NOTHING, 'yes no no no', 'yes no no no'],
  administrator: ['yes yes yes yes', 'yes yes yes yes', NOTHING, NOTHING, 'yes no no no', 'yes no no no'],
  "another's administrator": ['none no none none', 'none no none none', NOTHING, NOTHING, 'none no no no', 'none no no no'],
  service: ['yes yes yes yes', 'yes yes yes yes', 'yes yes yes yes', 'yes yes yes yes', 'yes yes yes yes', 'yes yes no no'],
};

test('each role may do to each table what the matrix says', () => {
  console.log(`${'select insert update delete'.padStart(54)}`);
  for (const [role, rows] of Object.entries(EXPECTED)) {
    Object.keys(TABLES).forEach((table, index) => {
      const found = VERBS.map(verb => cell(role, table, verb)).join(' ');
      console.log(`${role.padEnd(24)} ${table.padEnd(28)} ${found}`);
      assert.equal(found, rows[index], `${role} on ${table}`);
    });
  }
});

test('the schema of the definitions is open to the service role alone', () => {
  for (const [role, as] of Object.entries(ROLES)) {
    for (const table of INTERNAL) {
      const found = outcome(as, { statement: `select count(*) from twinflag.${table}` });
      assert.equal(found, role === 'service' ? 'yes' : 'no', `${role} on ${table}`);
    }
  }
});

test('every table has row-level security, forced, and every policy names its roles', () => {
  const open = postgres.query(`select oid::regclass from pg_class where relkind = 'r'
    and relnamespace in ('public'::regnamespace, 'twinflag'::regnamespace) and not (relrowsecurity and relforcerowsecurity)`);
  assert.deepEqual(open, []);
  assert.deepEqual(
    postgres.query(`select tablename, policyname from pg_policies where 'public' = any (roles) or qual like '%user_metadata%'`),
    [],
  );
  assert.deepEqual(
    postgres.query(`select tablename, policyname from pg_policies where cmd in ('ALL', 'INSERT', 'UPDATE') and with_check is null`),
    [],
  );
});

test('no role changes, removes or truncates the trail, a superuser included', () => {
  postgres.query(`insert into feature_flag_changes (flag_path) values ('kept')`);
  for (const statement of [
    `update feature_flag_changes set reason = 'x'`,
    'delete from feature_flag_changes',
    'truncate feature_flag_changes',
  ]) {
    for (const role of ['postgres', 'service_role', 'authenticated', 'anon'])
      assert.throws(() => postgres.query(`set role ${role}; ${statement}`), /never changed|permission denied/, `${role}: ${statement}`);
  }
});

test('a policy of an application lets in whom the flag lets in', () => {
  postgres.query(`
    create table demo (id int primary key, plan text);
    insert into demo values (1, 'a');
    alter table demo enable row level security;
    grant select on demo to authenticated;
    create policy shown on demo for select to authenticated using (is_feature_enabled('demo_flag', auth.jwt() ->> 'sub'));
    insert into feature_flags (name, enabled, rollout_percentage, target_users) values ('demo_flag', true, 0, '{ada}')`);
  const sees = user => outcome(['authenticated', JSON.stringify({ sub: user })], { statement: 'select id from demo' });
  assert.deepEqual([sees('ada'), sees('grace')], ['yes', 'none']);
  postgres.query(`update feature_flags set enabled = false where name = 'demo_flag'`);
  assert.equal(sees('ada'), 'none');
});

test("a member is answered by the overrides of the own organization, and by nobody else's", () => {
  postgres.query(`insert into feature_flags (name, enabled, rollout_percentage) values ('own', true, 0);
    update customer_feature_flags set flags = '{"own": true}'; update organization_feature_flags set flags = '{"own": true}'`);
  const answered = (as, context) =>
    outcome(as, { statement: `select 1 where is_feature_enabled('own', jsonb '${JSON.stringify(context)}')` });
  for (const context of [{ customerId: 'c-1' }, { organizationId: 'o-1' }]) {
    assert.equal(answered(ROLES.member, context), 'yes');
    assert.equal(answered(ROLES.service, context), 'yes');
    assert.equal(answered(ROLES["another's administrator"], context), 'none');
    assert.equal(answered(ROLES['no member'], context), 'none');
    assert.equal(answered(ROLES.anon, context), 'no');
  }
});
