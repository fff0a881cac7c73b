-- Changes made in SQL: an UPDATE of a rollout, a flag or an override, by whichever program, has a record and a version, and whoever listens
-- on the channel `twinflag` is told the version. One statement is one version, however many rows it changes.

-- The leaves of a tree of overrides, each with its dotted path.
create or replace function twinflag.leaves(tree jsonb) returns table (path text, leaf jsonb)
language sql immutable parallel safe set search_path = '' as $$
  with recursive walk (path, value) as (
    select key, value from jsonb_each(case jsonb_typeof(tree) when 'object' then tree else '{}' end)
    union all
    select walk.path || '.' || member.key, member.value from walk
    cross join lateral jsonb_each(case jsonb_typeof(walk.value) when 'object' then walk.value else '{}' end) as member
  )
  select path, value from walk where jsonb_typeof(value) <> 'object'
$$;

-- What changed between two states of a row: for overrides each leaf, for flags and rollouts the row.
create or replace function twinflag.changed(tabled text, before jsonb, after jsonb)
returns table (customer text, organization text, path text, old_value boolean, new_value boolean, old_json jsonb, new_json jsonb)
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  known jsonb := coalesce(after, before);
begin
  if tabled in ('customer_feature_flags', 'organization_feature_flags') then
    return query select known ->> 'customer_id', known ->> 'organization_id', coalesce(was.path, became.path),
        case jsonb_typeof(was.leaf) when 'boolean' then was.leaf::boolean end, case jsonb_typeof(became.leaf) when 'boolean' then became.leaf::boolean end,
        was.leaf, became.leaf
      from twinflag.leaves(before -> 'flags') as was full join twinflag.leaves(after -> 'flags') as became on became.path = was.path
      where was.leaf is distinct from became.leaf;
  elsif before - 'updated_at' is distinct from after - 'updated_at' then
    return query select null::text, null::text, coalesce(known ->> 'name', known ->> 'feature_name'), (before -> 'enabled')::boolean,
      (after -> 'enabled')::boolean, before, after;
  end if;
end
$$;

-- Records what a statement changed, as the caller: the subject of its claims, else the role that the session has set.
do $do$
declare
  -- Casts to the types that ids have here.
  typed constant text := (select format('select changed.customer::%s, changed.organization::%s', customers.type, organizations.type)
    from (select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'public.customer_configs'::regclass and attname = 'id') as customers (type),
      (select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'public.organizations'::regclass and attname = 'id') as organizations (type));
  insertion constant text := 'insert into public.feature_flag_changes (customer_id, organization_id, flag_path, old_value, new_value, old_json,
      new_json, had_override, changed_by, changed_by_label, reason) ' || typed || ', changed.path, changed.old_value, changed.new_value, changed.old_json,
      changed.new_json, changed.old_json is not null, case when subject ~* ''^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'' then subject::uuid end,
      coalesce(subject, caller), coalesce(nullif(current_setting(''twinflag.reason'', true), ''''), ''changed in SQL'') ';
  tabled text;
begin
  execute format($f$
    create or replace function twinflag.record_change() returns trigger
    language plpgsql security definer set search_path = '' as $b$
    declare
      caller constant text := coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
      subject constant text := auth.jwt() ->> 'sub';
      found_changes bigint;
      current_version bigint;
    begin
      if current_setting('twinflag.publishes', true) = 'true' and caller = current_user then
        return null;
      end if;
      -- The version first: it puts transactions that change flags in one order.
      update twinflag.environment set version = version + 1 returning version into current_version;
      if tg_op = 'INSERT' then
        %1$s from new_rows as became cross join lateral twinflag.changed(tg_table_name, null, to_jsonb(became)) as changed;
      elsif tg_op = 'DELETE' then
        %1$s from old_rows as was cross join lateral twinflag.changed(tg_table_name, to_jsonb(was), null) as changed;
      else
        %1$s from old_rows as was full join new_rows as became on became.id = was.id
          cross join lateral twinflag.changed(tg_table_name, to_jsonb(was), to_jsonb(became)) as changed;
      end if;
      perform pg_notify('twinflag', current_version::text);
      return null;
    end
    $b$ $f$, insertion);
  foreach tabled in array array['feature_flags', 'feature_rollouts', 'customer_feature_flags', 'organization_feature_flags'] loop
    execute format('create or replace trigger twinflag_inserted after insert on public.%I referencing new table as new_rows
      for each statement execute function twinflag.record_change()', tabled);
    execute format('create or replace trigger twinflag_updated after update on public.%I referencing old table as old_rows new table as new_rows
      for each statement execute function twinflag.record_change()', tabled);
    execute format('create or replace trigger twinflag_deleted after delete on public.%I referencing old table as old_rows
      for each statement execute function twinflag.record_change()', tabled);
  end loop;
end
$do$;
revoke all on function twinflag.record_change(), twinflag.changed(text, jsonb, jsonb), twinflag.leaves(jsonb) from public, anon, authenticated, service_role;
