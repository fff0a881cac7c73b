-- Takes what the core compiled of a document: definitions are replaced; kill switches, rollouts and overrides that are there stay, unless
-- `replaces_state` is true. Answers the new version.
create or replace function twinflag.publish(compiled jsonb, replaces_state boolean default false) returns bigint
language plpgsql set search_path = '' as $$
declare
  published bigint;
begin
  update twinflag.environment set version = version + 1, published_at = now(), bucket_key = compiled ->> 'bucketKey',
    name = compiled ->> 'environment' returning version into published;
  delete from twinflag.names;
  delete from twinflag.flags;
  delete from twinflag.segments;
  delete from twinflag.lists;
  insert into twinflag.flags (number, key, type, plain, variants, steps, metadata, off, names)
    select place - 1, flag ->> 'key', flag ->> 'type', (flag -> 'plain')::boolean, flag -> 'variants', flag -> 'steps', flag -> 'metadata',
      (flag ->> 'off')::int, array[flag ->> 'key'] || array(select jsonb_array_elements_text(flag -> 'aliases'))
    from jsonb_array_elements(compiled -> 'flags') with ordinality as listed (flag, place);
  insert into twinflag.names (name, number) select unnest(names), number from twinflag.flags;
  insert into twinflag.segments (name, condition)
    select segment ->> 'name', segment -> 'if' from jsonb_array_elements(compiled -> 'segments') as segment;
  insert into twinflag.lists (list, entry)
    select place - 1, entry from jsonb_array_elements(compiled -> 'lists') with ordinality as listed (list, place)
    cross join lateral jsonb_array_elements_text(list) as entry;
  -- A flag stands behind those that it requires, so that one pass in their order finds all that it depends on.
  declare
    flag record;
  begin
    for flag in select known.number, known.steps from twinflag.flags as known
      where known.steps @> '[{"do": "require"}]' order by known.number
    loop
      update twinflag.flags set needs = array(
        select distinct needed from twinflag.flags as direct cross join lateral unnest(direct.needs || direct.number) as needed
        where direct.key in (select step ->> 'flag' from jsonb_array_elements(flag.steps) as step where step ->> 'do' = 'require')
        order by needed)
      where number = flag.number;
    end loop;
  end;
  -- A publication is one change, and no row of it is recorded apart where the owner of the tables publishes.
  perform set_config('twinflag.publishes', 'true', true);
  perform twinflag.take_states(compiled -> 'states', replaces_state);
  if replaces_state then
    delete from public.customer_feature_flags;
    delete from public.organization_feature_flags;
  end if;
  perform twinflag.take_overrides(compiled -> 'overrides');
  perform set_config('twinflag.publishes', '', true);
  return published;
end
$$;

-- Takes kill switches and rollouts: those of flags that have none yet, or of all.
create or replace function twinflag.take_states(states jsonb, replaces boolean) returns void
language plpgsql set search_path = '' as $$
begin
  if replaces then
    delete from public.feature_rollouts as state using jsonb_array_elements(states) as given where state.feature_name = given ->> 'key';
    delete from public.feature_flags as registered using jsonb_array_elements(states) as given where registered.name = given ->> 'key';
  end if;
  insert into public.feature_flags (name, enabled, is_defined)
    select given ->> 'key', (given -> 'enabled')::boolean, true from jsonb_array_elements(states) as given
    on conflict (name) do update set is_defined = true where not feature_flags.is_defined;
  insert into public.feature_rollouts (feature_name, current_tier, percentage, status, whitelisted_customers, blacklisted_customers)
    select given ->> 'key', given ->> 'tier', (given -> 'percentage')::numeric, given ->> 'status',
      array(select jsonb_array_elements_text(given -> 'allow')), array(select jsonb_array_elements_text(given -> 'deny'))
    from jsonb_array_elements(states) as given on conflict (feature_name) do nothing;
end
$$;

-- Adds the overrides of owners that have none yet; owners that are not there are added. An id that the type of ids cannot hold is an error.
do $$
begin
  execute format($f$
    create or replace function twinflag.take_overrides(overrides jsonb) returns void
    language plpgsql set search_path = '' as $b$
    begin
      insert into public.organizations (id) select key::%1$s from jsonb_each(overrides -> 'organizations') on conflict do nothing;
      insert into public.customer_configs (id) select key::%2$s from jsonb_each(overrides -> 'customers') on conflict do nothing;
      insert into public.organization_feature_flags (organization_id, flags)
        select key::%1$s, value from jsonb_each(overrides -> 'organizations') on conflict do nothing;
      insert into public.customer_feature_flags (customer_id, flags)
        select key::%2$s, value from jsonb_each(overrides -> 'customers') on conflict do nothing;
    end
    $b$ $f$,
    (select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'public.organizations'::regclass and attname = 'id'),
    (select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'public.customer_configs'::regclass and attname = 'id'));
end
$$;
