// Changes made in SQL: an emergency UPDATE counts for the next question, and has a record and a version.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMigrated } from './postgres.mjs';

let postgres;
before(() => {
  postgres = startMigrated();
});
after(() => postgres.stop());

const version = () => Number(postgres.query('select version from twinflag.environment')[0]);
const records = path =>
  postgres.query(`select old_json ->> 'status', new_json ->> 'status', changed_by_label, reason from feature_flag_changes
    where flag_path = '${path}' order by changed_at`);

test('the emergency UPDATE of a rollout switches the flag off for the next question, with a record and a version', () => {
  postgres.query(`insert into feature_flags (name, enabled) values ('phase2_enhanced_storage', true);
    insert into feature_rollouts (feature_name, current_tier, percentage, status) values ('phase2_enhanced_storage', 'tier_4_full', 100, 'active')`);
  const ask = () =>
    postgres.query(
      `select evaluate_feature('phase2_enhanced_storage', '{"userId": "u"}') ->> 'reason', is_feature_enabled('phase2_enhanced_storage', 'u')`,
    );
  assert.deepEqual(ask(), ['SPLIT|t']);
  const before = version();
  postgres.query(`update feature_rollouts set current_tier = 'tier_0_disabled', percentage = 0, status = 'rolled_back'
    where feature_name = 'phase2_enhanced_storage'`);
  assert.deepEqual(ask(), ['DISABLED|f']);
  assert.equal(version(), before + 1);
  assert.equal(records('phase2_enhanced_storage').at(-1), 'active|rolled_back|postgres|changed in SQL');
});

test('a statement over many rows is one version, and each leaf that it changes has a record', () => {
  postgres.query(`insert into organizations values ('o'); insert into customer_configs select 'c-' || n, 'o' from generate_series(1, 100) as n;
    insert into customer_feature_flags (customer_id, flags) select 'c-' || n, '{"a": {"b": true, "c": "v"}}' from generate_series(1, 100) as n`);
  const before = version();
  postgres.query(`set twinflag.reason = 'ticket 7'; update customer_feature_flags set flags = jsonb_set(flags, '{a,b}', 'false')`);
  assert.equal(version(), before + 1);
  assert.deepEqual(
    postgres.query(`select flag_path, old_value, new_value, had_override, reason, count(distinct customer_id) from feature_flag_changes
      where reason = 'ticket 7' group by 1, 2, 3, 4, 5`),
    ['a.b|t|f|t|ticket 7|100'],
  );
});

test('a change by an administrator of an organization names the subject of its claims, and one that is rolled back leaves nothing', () => {
  const claims = JSON.stringify({ sub: 'ada', app_metadata: { role: 'organization_admin', organizationId: 'o' } });
  const change = end => `begin; set local role authenticated; set local request.jwt.claims = '${claims}';
    insert into organization_feature_flags (organization_id, flags) values ('o', '{"x": true}'); ${end}`;
  const before = version();
  postgres.query(change('rollback'));
  assert.equal(version(), before);
  assert.deepEqual(postgres.query(`select 1 from feature_flag_changes where organization_id = 'o' and flag_path = 'x'`), []);
  postgres.query(change('commit'));
  assert.deepEqual(
    postgres.query(
      `select changed_by_label, changed_by, new_value from feature_flag_changes where organization_id = 'o' and flag_path = 'x'`,
    ),
    ['ada||t'],
  );
});

test('whoever listens is told the version', () => {
  const told = postgres.query(
    `listen twinflag; update feature_flags set enabled = false where name = 'phase2_enhanced_storage'; select 'after'`,
  );
  assert.match(told.join('\n'), new RegExp(`Asynchronous notification "twinflag" with payload "${version()}"`));
});
