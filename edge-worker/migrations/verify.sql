-- What the migrations for Postgres have made, in the order of the source documents' checklist: tables, rollouts, policies, indexes. Their own
-- queries look for '%feature%' and so never find `rollout_events`.
select table_name from information_schema.tables
  where table_schema = 'public' and (table_name like '%feature%' or table_name like 'rollout%') order by table_name;
select feature_name, current_tier, percentage, status from feature_rollouts order by feature_name;
select tablename, policyname, roles, cmd from pg_policies
  where schemaname = 'public' and (tablename like '%feature%' or tablename like 'rollout%') order by tablename, policyname;
select tablename, indexname from pg_indexes
  where schemaname = 'public' and indexname like 'idx%' order by tablename, indexname;
