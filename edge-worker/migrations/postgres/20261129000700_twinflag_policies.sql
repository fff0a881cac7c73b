-- Row-level security. The service role does everything; members read what belongs to their organization; its administrators manage the
-- overrides of their organization and its customers; nobody else reads or writes anything. The trail is for adding alone.
--
-- A member has the claims `app_metadata.organizationId` and `app_metadata.role`, which is `member` or `organization_admin`: only the issuer
-- writes them.

create or replace function twinflag.is_administrator() returns boolean
language sql stable parallel safe set search_path = '' as $$
  select coalesce(auth.jwt() -> 'app_metadata' ->> 'role' = 'organization_admin', false) and twinflag.own_organization() is not null
$$;

-- Whether a customer belongs to the caller's organization; the table of customers may be hidden from the caller.
create or replace function twinflag.is_own_customer(customer text) returns boolean
language sql stable parallel safe security definer set search_path = '' as $$
  select coalesce(twinflag.organization_of(customer) = twinflag.own_organization(), false)
$$;

do $do$
declare
  tabled text;
  place regclass;
  owned constant text[] := array['public.feature_flags', 'public.feature_rollouts', 'public.customer_feature_flags', 'public.organization_feature_flags',
    'public.rollout_events', 'public.feature_flag_changes'];
  mine constant text := 'organization_id::text = (select twinflag.own_organization())';
  customers constant text := 'twinflag.is_own_customer(customer_id::text)';
  managed constant text := '(select twinflag.is_administrator()) and ';
begin
  for tabled in
    select unnest(owned) union all
    select format('twinflag.%I', relname) from pg_class where relnamespace = 'twinflag'::regnamespace and relkind = 'r' union all
    -- The tables of owners are ours only where these migrations made them.
    select format('public.%I', relname) from pg_class where relnamespace = 'public'::regnamespace
      and relname in ('organizations', 'customer_configs') and obj_description(oid, 'pg_class') like 'Made by Twinflag%'
  loop
    place := tabled::regclass;
    execute format('alter table %s enable row level security', place);
    execute format('alter table %s force row level security', place);
    execute format('revoke all on %s from public, anon, authenticated, service_role', place);
    execute format('drop policy if exists twinflag_owner on %s', place);
    -- The functions that answer run as their owner.
    execute format('create policy twinflag_owner on %s for all to %I using (true) with check (true)', place, current_user);
    execute format('drop policy if exists twinflag_service on %s', place);
    if tabled = 'public.feature_flag_changes' then
      execute format('grant select, insert on %s to service_role', place);
      execute format('drop policy if exists twinflag_service_reads on %s', place);
      execute format('create policy twinflag_service_reads on %s for select to service_role using (true)', place);
      execute format('create policy twinflag_service on %s for insert to service_role with check (true)', place);
    else
      execute format('grant select, insert, update, delete on %s to service_role', place);
      execute format('create policy twinflag_service on %s for all to service_role using (true) with check (true)', place);
    end if;
  end loop;

  for tabled, place in values ('organization', 'public.organization_feature_flags'::regclass), ('customer', 'public.customer_feature_flags'::regclass),
    ('customer', 'public.rollout_events'::regclass) loop
    execute format('grant select on %s to authenticated', place);
    execute format('drop policy if exists twinflag_members_read on %s', place);
    execute format('create policy twinflag_members_read on %s for select to authenticated using (%s)', place,
      case tabled when 'customer' then customers else mine end);
    if place <> 'public.rollout_events'::regclass then
      execute format('grant insert, update, delete on %s to authenticated', place);
      execute format('drop policy if exists twinflag_administrators_manage on %s', place);
      execute format('create policy twinflag_administrators_manage on %s for all to authenticated using (%s) with check (%2$s)', place,
        managed || case tabled when 'customer' then customers else mine end);
    end if;
  end loop;
  grant select on public.feature_flag_changes to authenticated;
  drop policy if exists twinflag_members_read on public.feature_flag_changes;
  execute format('create policy twinflag_members_read on public.feature_flag_changes for select to authenticated using (%s or %s)', mine, customers);
end
$do$;

-- Nobody changes the trail, its owner and a superuser included.
create or replace function twinflag.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'rows of % are added, never changed or removed', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create or replace trigger twinflag_append_only before update or delete on public.feature_flag_changes
  for each row execute function twinflag.refuse_change();
create or replace trigger twinflag_no_truncate before truncate on public.feature_flag_changes
  for each statement execute function twinflag.refuse_change();

-- Clients call the functions of `public`; of the schema, policies call those that read claims, which show nothing of another caller.
revoke all on all functions in schema twinflag from public, anon, authenticated;
grant usage on schema twinflag to authenticated, service_role;
grant execute on function twinflag.own_organization(), twinflag.is_administrator(), twinflag.is_own_customer(text) to authenticated, service_role;
grant execute on all functions in schema twinflag to service_role;
revoke all on function public.is_feature_enabled(text, jsonb), public.is_feature_enabled(text, text), public.evaluate_feature(text, jsonb, jsonb, timestamptz),
  public.explain_feature(text, jsonb, jsonb, timestamptz), public.feature_bucket(text, text) from public, anon, authenticated;
grant execute on function public.is_feature_enabled(text, jsonb), public.is_feature_enabled(text, text) to authenticated, service_role;
grant execute on function public.evaluate_feature(text, jsonb, jsonb, timestamptz), public.explain_feature(text, jsonb, jsonb, timestamptz),
  public.feature_bucket(text, text) to service_role;
