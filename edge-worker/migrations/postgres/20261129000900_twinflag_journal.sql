-- The hub's store in Postgres: a journal of its commits, which every hub of the deployment takes in the same order. The tables of the source
-- documents follow it, and what is changed in them by SQL waits in `twinflag.edits` until a hub has taken it into the journal.

create table if not exists twinflag.hubs (
  hub text primary key,
  number bigint not null default 0,
  epoch text not null default substr(replace(gen_random_uuid()::text, '-', ''), 1, 12) check (epoch ~ '^[0-9a-f]{12}$'),
  receipt_key text not null default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') check (receipt_key ~ '^[0-9a-f]{64}$'),
  stream_key text not null default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') check (stream_key ~ '^[0-9a-f]{64}$')
);
comment on table twinflag.hubs is 'The hub of each environment: the number of its newest entry, and what all replicas of the hub share. `main` is the first environment.';

create table if not exists twinflag.journal (
  hub text not null references twinflag.hubs (hub),
  number bigint not null,
  id text not null,
  entry text not null,
  written_at timestamptz not null default now(),
  primary key (hub, number)
);
comment on table twinflag.journal is 'The commits of hubs, in their order: rows, records, answers. Rows are added, never changed or removed.';

create table if not exists twinflag.edits (
  number bigint generated always as identity primary key,
  kind text not null check (kind in ('state', 'customer', 'organization')),
  name text not null,
  actor text not null,
  reason text not null,
  made_at timestamptz not null default now(),
  problem text
);
create index if not exists edits_by_name on twinflag.edits (kind, name);
comment on table twinflag.edits is 'Rows that were changed by SQL and that no hub has taken yet. `problem` says why a hub refuses one; it waits until the row changes again.';

-- Notes which rows a statement of SQL changed, once a hub has a journal here.
create or replace function twinflag.note_edits() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  caller constant text := coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
  tabled constant text := tg_table_name;
  names text[];
begin
  if current_setting('twinflag.publishes', true) = 'true' and caller = current_user
      or not exists (select from twinflag.hubs where hub = 'main' and number > 0) then
    return null;
  end if;
  -- The version first, as everywhere.
  perform from twinflag.environment for update;
  -- A row that changes again has a new number, so that an entry never takes a change that its hub has not seen.
  if tg_op = 'INSERT' then
    names := array(select distinct twinflag.name_of(tabled, to_jsonb(became)) from new_rows as became);
  elsif tg_op = 'DELETE' then
    names := array(select distinct twinflag.name_of(tabled, to_jsonb(was)) from old_rows as was);
  else
    names := array(select twinflag.name_of(tabled, to_jsonb(was)) from old_rows as was
      union select twinflag.name_of(tabled, to_jsonb(became)) from new_rows as became);
  end if;
  delete from twinflag.edits where kind = twinflag.kind_of(tabled) and name = any (names);
  insert into twinflag.edits (kind, name, actor, reason)
    select twinflag.kind_of(tabled), name, coalesce(auth.jwt() ->> 'sub', caller),
      coalesce(nullif(current_setting('twinflag.reason', true), ''), 'changed in SQL')
    from unnest(names) as name;
  return null;
end
$$;

create or replace function twinflag.kind_of(tabled text) returns text
language sql immutable parallel safe set search_path = '' as $$
  select case tabled when 'customer_feature_flags' then 'customer' when 'organization_feature_flags' then 'organization' else 'state' end
$$;

create or replace function twinflag.name_of(tabled text, tuple jsonb) returns text
language sql immutable parallel safe set search_path = '' as $$
  select tuple ->> case tabled when 'customer_feature_flags' then 'customer_id' when 'organization_feature_flags' then 'organization_id'
    when 'feature_flags' then 'name' else 'feature_name' end
$$;

-- A row that SQL changed, in the form of the hub's row: the state of a flag, or the tree of an owner; null if it is gone.
create or replace function twinflag.edited(kind text, name text) returns jsonb
language sql stable set search_path = '' as $$
  select case kind
    when 'customer' then (select flags from public.customer_feature_flags where customer_id::text = name)
    when 'organization' then (select flags from public.organization_feature_flags where organization_id::text = name)
    else (select jsonb_build_object('enabled', registered.enabled) || coalesce((
        select jsonb_build_object('rollout', jsonb_strip_nulls(jsonb_build_object(
          'status', rollout.status, 'percentage', rollout.percentage,
          'tier', array_position(array['tier_0_disabled', 'tier_1_internal', 'tier_2_early_adopters', 'tier_3_general', 'tier_4_full'],
            rollout.current_tier) - 1,
          'allow', nullif(to_jsonb(rollout.whitelisted_customers), '[]'), 'deny', nullif(to_jsonb(rollout.blacklisted_customers), '[]'),
          'guard', nullif(jsonb_strip_nulls(jsonb_build_object('method', rollout.guard_method, 'errorRate', rollout.rollback_error_rate,
            'timeWindow', rollout.rollback_time_window, 'minSamples', rollout.rollback_min_samples)), '{}'))))
        from public.feature_rollouts as rollout where rollout.feature_name = edited.name), '{}')
      from public.feature_flags as registered where registered.name = edited.name)
  end
$$;

-- The news for a hub: the entries behind a place, at most about two megabytes, and what SQL changed. The id of the entry at the
-- place tells whether the hub and this database are of one history.
create or replace function twinflag.news(of_hub text, behind bigint) returns text
language plpgsql set search_path = '' as $$
declare
  answer jsonb;
begin
  insert into twinflag.hubs (hub) values (of_hub) on conflict do nothing;
  select jsonb_build_object(
      'newest', known.number, 'epoch', known.epoch, 'receiptKey', known.receipt_key, 'streamKey', known.stream_key,
      'at', (select id from twinflag.journal where hub = of_hub and number = behind),
      'entries', coalesce((
        select jsonb_agg(jsonb_build_array(number, id, entry) order by number) from (
          select number, id, entry, sum(octet_length(entry)) over (order by number) - octet_length(entry) as before
          from (select number, id, entry from twinflag.journal where hub = of_hub and number > behind order by number limit 200) as next
        ) as fitting where before < 2000000), '[]'),
      'edits', case when of_hub = 'main' then coalesce((
        select jsonb_agg(jsonb_build_array(number, kind, name, actor, reason, (extract(epoch from made_at) * 1000)::bigint,
          twinflag.edited(kind, name)::text) order by number)
        from (select * from twinflag.edits where problem is null order by number limit 200) as waiting), '[]') else '[]' end)
    into answer from twinflag.hubs as known where known.hub = of_hub;
  return answer::text;
end
$$;

-- Adds an entry to the journal of a hub, if it follows the newest one, and if no change by SQL waits or it takes some that are still as its hub has
-- read them. Answers `done`, also for the same entry sent again; `behind` or `edits` if the hub must look at the news first. `compiled` are the rows of the definitions.
create or replace function twinflag.append(of_hub text, behind bigint, new_id text, new_entry text, compiled text, takes bigint[]) returns text
language plpgsql set search_path = '' as $$
declare
  newest bigint;
begin
  -- The version first: it puts transactions that change flags in one order.
  perform from twinflag.environment for update;
  select number into newest from twinflag.hubs where hub = of_hub for update;
  if newest is distinct from behind then
    return case when exists (select from twinflag.journal where hub = of_hub and number = behind + 1 and id = new_id) then 'done' else 'behind' end;
  end if;
  if of_hub = 'main' and ((cardinality(takes) = 0 and exists (select from twinflag.edits where problem is null))
      or (select count(*) from twinflag.edits where number = any (takes)) < cardinality(takes)) then
    return 'edits';
  end if;
  insert into twinflag.journal (hub, number, id, entry) values (of_hub, behind + 1, new_id, new_entry);
  update twinflag.hubs set number = behind + 1 where hub = of_hub;
  delete from twinflag.edits where number = any (takes);
  if of_hub = 'main' then
    perform set_config('twinflag.publishes', 'true', true);
    if compiled is not null then
      perform twinflag.publish(compiled::jsonb);
      perform set_config('twinflag.publishes', 'true', true);
    else
      update twinflag.environment set version = version + 1;
    end if;
    perform twinflag.follow(new_entry::jsonb, cardinality(takes) > 0);
    perform set_config('twinflag.publishes', '', true);
  end if;
  perform pg_notify('twinflag', (select version::text from twinflag.environment));
  return 'done';
end
$$;

-- Says why the hub refuses changes by SQL; without a reason they change nothing, and are done.
create or replace function twinflag.refuse_edits(refused bigint[], why text) returns void
language sql set search_path = '' as $$
  delete from twinflag.edits where number = any (refused) and why is null;
  update twinflag.edits set problem = why where number = any (refused);
$$;

-- Has the tables of the source documents follow an entry. What SQL changed stands in them already, with its records.
do $do$
declare
  customer_type constant text := (select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = 'public.customer_configs'::regclass and attname = 'id');
  organization_type constant text := (select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = 'public.organizations'::regclass and attname = 'id');
begin
  execute format($f$
    create or replace function twinflag.follow(entry jsonb, is_of_sql boolean) returns void
    language plpgsql set search_path = '' as $b$
    declare
      row_kind text;
      row_name text;
      row_text text;
      said jsonb;
    begin
      for row_kind, row_name, row_text in
        select written ->> 0, ('"' || (written ->> 1) || '"')::jsonb #>> '{}', written ->> 2
        from jsonb_array_elements(coalesce(entry -> 'writes', '[]')) as written
      loop
        if row_kind = 'state' and row_text is null then
          delete from public.feature_rollouts where feature_name = row_name;
          delete from public.feature_flags where name = row_name;
        elsif row_kind = 'state' then
          perform twinflag.follow_state(row_name, row_text::jsonb);
        elsif row_kind = 'organization' then
          if row_text is null then
            delete from public.organization_feature_flags where organization_id = row_name::%2$s;
          else
            insert into public.organizations (id) values (row_name::%2$s) on conflict do nothing;
            insert into public.organization_feature_flags (organization_id, flags) values (row_name::%2$s, row_text::jsonb)
              on conflict (organization_id) do update set flags = excluded.flags, updated_at = now();
          end if;
        elsif row_kind = 'customer' then
          if row_text is null then
            delete from public.customer_feature_flags where customer_id = row_name::%1$s;
          else
            insert into public.customer_configs (id) values (row_name::%1$s) on conflict do nothing;
            insert into public.customer_feature_flags (customer_id, flags) values (row_name::%1$s, row_text::jsonb)
              on conflict (customer_id) do update set flags = excluded.flags, updated_at = now();
          end if;
        elsif row_kind = 'membership' then
          if row_text is null then
            update public.customer_configs set organization_id = null where id = row_name::%1$s;
          else
            insert into public.organizations (id) values ((row_text::jsonb #>> '{}')::%2$s) on conflict do nothing;
            insert into public.customer_configs (id, organization_id) values (row_name::%1$s, (row_text::jsonb #>> '{}')::%2$s)
              on conflict (id) do update set organization_id = excluded.organization_id;
          end if;
        end if;
      end loop;
      insert into public.rollout_events (feature_name, event_type, metadata)
        select event ->> 'feature', event ->> 'name', (event ->> 'metadata')::jsonb from jsonb_array_elements(coalesce(entry -> 'events', '[]')) as event;
      if is_of_sql then
        return;
      end if;
      for said in select (record ->> 'payload')::jsonb from jsonb_array_elements(coalesce(entry -> 'records', '[]')) as record loop
        insert into public.feature_flag_changes (customer_id, organization_id, flag_path, old_value, new_value, old_json, new_json, had_override,
            changed_by, changed_by_label, changed_at, reason)
          values ((said ->> 'customerId')::%1$s, (said ->> 'organizationId')::%2$s, said ->> 'flagPath', (said -> 'oldValue')::text::boolean,
            (said -> 'newValue')::text::boolean, said -> 'oldJson', said -> 'newJson', (said -> 'hadOverride')::text::boolean,
            case when said ->> 'changedBy' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (said ->> 'changedBy')::uuid end,
            said ->> 'changedBy', (said ->> 'changedAt')::timestamptz, said ->> 'reason');
      end loop;
    end
    $b$ $f$, customer_type, organization_type);
end
$do$;

-- The kill switch and the rollout of a flag, from its state; a rollout's guard stays as SQL has it unless the state has one.
create or replace function twinflag.follow_state(flag text, state jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  rollout constant jsonb := coalesce(state -> 'rollout', '{}');
  guard constant jsonb := coalesce(rollout -> 'guard', '{}');
begin
  insert into public.feature_flags (name, enabled, is_defined) values (flag, coalesce((state -> 'enabled')::boolean, true), true)
    on conflict (name) do update set enabled = excluded.enabled, is_defined = true, updated_at = now()
    where (feature_flags.enabled, feature_flags.is_defined) is distinct from (excluded.enabled, true);
  insert into public.feature_rollouts (feature_name, current_tier, percentage, status, whitelisted_customers, blacklisted_customers,
      guard_method, rollback_error_rate, rollback_time_window, rollback_min_samples)
    values (flag,
      (array['tier_0_disabled', 'tier_1_internal', 'tier_2_early_adopters', 'tier_3_general', 'tier_4_full'])[(rollout ->> 'tier')::int + 1],
      coalesce((rollout -> 'percentage')::numeric, 0), coalesce(rollout ->> 'status', 'planned'),
      array(select jsonb_array_elements_text(coalesce(rollout -> 'allow', '[]'))), array(select jsonb_array_elements_text(coalesce(rollout -> 'deny', '[]'))),
      guard ->> 'method', (guard -> 'errorRate')::numeric, (guard -> 'timeWindow')::bigint, (guard -> 'minSamples')::bigint)
    on conflict (feature_name) do update set current_tier = excluded.current_tier, percentage = excluded.percentage, status = excluded.status,
      whitelisted_customers = excluded.whitelisted_customers, blacklisted_customers = excluded.blacklisted_customers,
      guard_method = excluded.guard_method, rollback_error_rate = excluded.rollback_error_rate,
      rollback_time_window = excluded.rollback_time_window, rollback_min_samples = excluded.rollback_min_samples, updated_at = now();
end
$$;

do $do$
declare
  tabled text;
begin
  foreach tabled in array array['feature_flags', 'feature_rollouts', 'customer_feature_flags', 'organization_feature_flags'] loop
    execute format('create or replace trigger twinflag_noted_inserted after insert on public.%I referencing new table as new_rows
      for each statement execute function twinflag.note_edits()', tabled);
    execute format('create or replace trigger twinflag_noted_updated after update on public.%I referencing old table as old_rows new table as new_rows
      for each statement execute function twinflag.note_edits()', tabled);
    execute format('create or replace trigger twinflag_noted_deleted after delete on public.%I referencing old table as old_rows
      for each statement execute function twinflag.note_edits()', tabled);
  end loop;
  foreach tabled in array array['hubs', 'journal', 'edits'] loop
    execute format('alter table twinflag.%I enable row level security', tabled);
    execute format('alter table twinflag.%I force row level security', tabled);
    execute format('revoke all on twinflag.%I from public, anon, authenticated, service_role', tabled);
    execute format('drop policy if exists twinflag_service on twinflag.%I', tabled);
    execute format('drop policy if exists twinflag_owner on twinflag.%I', tabled);
    execute format('create policy twinflag_owner on twinflag.%I for all to %I using (true) with check (true)', tabled, current_user);
  end loop;
end
$do$;

create or replace trigger twinflag_append_only before update or delete on twinflag.journal for each row execute function twinflag.refuse_change();
create or replace trigger twinflag_no_truncate before truncate on twinflag.journal for each statement execute function twinflag.refuse_change();
revoke all on function twinflag.note_edits(), twinflag.kind_of(text), twinflag.name_of(text, jsonb), twinflag.edited(text, text), twinflag.news(text, bigint),
  twinflag.append(text, bigint, text, text, text, bigint[]), twinflag.refuse_edits(bigint[], text), twinflag.follow(jsonb, boolean),
  twinflag.follow_state(text, jsonb) from public, anon, authenticated, service_role;
