-- The walk over a flag's steps, and the overrides and states that it reads.

-- Whether the caller may be answered by the overrides of one organization alone, that of its claims: so it is for `anon` and
-- `authenticated`. The functions that they call run as their owner, so the role that counts is the one that the session has set.
create or replace function twinflag.is_client() returns boolean
language sql stable parallel safe set search_path = '' as $$
  select coalesce(nullif(current_setting('role', true), 'none'), session_user::text) in ('anon', 'authenticated')
$$;

-- The organization of the caller's claims; null for a caller who is no member of one.
create or replace function twinflag.own_organization() returns text
language sql stable parallel safe set search_path = '' as $$
  select auth.jwt() -> 'app_metadata' ->> 'organizationId'
  where auth.jwt() -> 'app_metadata' ->> 'role' in ('member', 'organization_admin')
$$;

-- Owners are found by an index on their ids, whichever type these have. A UUID is found by its canonical text alone.
do $do$
declare
  kind record;
begin
  for kind in select owners.owner, case ids.type when 'uuid'
      then 'case when owner_id ~ ''^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'' then owner_id::uuid end' else 'owner_id' end as id,
      case owners.owner when 'organization' then 'owner_id = twinflag.own_organization()'
        else 'twinflag.organization_of(owner_id) = twinflag.own_organization()' end as is_own
    from (values ('customer', 'public.customer_configs'), ('organization', 'public.organizations')) as owners (owner, tabled)
    cross join lateral (select format_type(atttypid, atttypmod) from pg_attribute where attrelid = tabled::regclass and attname = 'id') as ids (type)
  loop
    if kind.owner = 'customer' then
      execute format('create or replace function twinflag.organization_of(owner_id text) returns text
        language sql stable parallel safe set search_path = '''' as $f$
          select organization_id::text from public.customer_configs where id = %s $f$', kind.id);
    end if;
    execute format('create or replace function twinflag.%1$s_overrides(owner_id text) returns jsonb
      language sql stable parallel safe set search_path = '''' as $f$
        select flags from public.%1$s_feature_flags where %1$s_id = %2$s and (not twinflag.is_client() or %3$s) $f$',
      kind.owner, kind.id, kind.is_own);
  end loop;
end
$do$;

-- Walks the steps of a flag. `required` has the variant of each flag that this one depends on, by its key; with `logs`, `trace` tells the
-- steps that were asked.
create or replace function twinflag.walk(
  flag twinflag.flags, enabled boolean, rollout public.feature_rollouts, context jsonb, moment double precision, required jsonb, logs boolean,
  out decision twinflag.decision, out trace jsonb
) language plpgsql stable parallel safe set search_path = '' as $$
declare
  is_running constant boolean :=
    coalesce(rollout.status in ('active', 'paused', 'completed') and rollout.current_tier is distinct from 'tier_0_disabled', false);
  by_list constant boolean := coalesce(rollout.current_tier = 'tier_1_internal' and cardinality(rollout.whitelisted_customers) > 0, false);
  threshold constant int := coalesce(rollout.percentage * 1000, 0);
  step jsonb;
  action text;
  answer jsonb;
  variant int;
  layer text;
  reason text;
  error text;
  drawn int;
  unit text;
  units text[];
  segments jsonb := '{}';
  segment text;
  is_taken boolean;
begin
  if logs then
    trace := '[]';
  end if;
  if not enabled or rollout.status = 'rolled_back' then
    decision := row(flag.off, 'DISABLED', 'kill', null, case when enabled then 1 else 0 end, null);
    return;
  end if;
  for place in 0 .. jsonb_array_length(flag.steps) - 1 loop
    step := flag.steps -> place;
    action := step ->> 'do';
    if action in ('deny', 'allow', 'rollout') and not is_running then
      continue;
    end if;
    answer := step -> 'answer';
    is_taken := true;
    if step ? 'if' then
      for segment in select named from jsonb_array_elements_text(step -> 'segments') with ordinality as needed (named, turn) order by turn loop
        if not segments ? segment then
          segments := segments || jsonb_build_object(segment, (select twinflag.holds(known.condition, context, moment, segments)
            from twinflag.segments as known where known.name = segment));
        end if;
      end loop;
      is_taken := twinflag.holds(step -> 'if', context, moment, segments);
    end if;
    -- A step that answers names a reason or an error.
    reason := null;
    error := null;
    drawn := null;
    if is_taken then
      variant := (answer ->> 0)::int;
      layer := answer ->> 2;
      case action
        when 'overrides' then
          unit := twinflag.unit(context -> 'customerId');
          if unit <> 'unfit' then
            variant := twinflag.leaf(twinflag.customer_overrides(substr(unit, 2)), flag.names, flag.variants, flag.type);
            layer := 'customer';
          end if;
          if variant is null then
            unit := twinflag.unit(context -> 'organizationId');
            if unit <> 'unfit' then
              variant := twinflag.leaf(twinflag.organization_overrides(substr(unit, 2)), flag.names, flag.variants, flag.type);
              layer := 'organization';
            end if;
          end if;
          if variant is not null then
            reason := 'TARGETING_MATCH';
            answer := jsonb_build_array(variant, reason, layer, case layer when 'customer' then 3 else 4 end);
          end if;
        when 'answer' then
          reason := case when flag.plain and not is_running and variant is not null then 'STATIC' else answer ->> 1 end;
        when 'deny', 'allow' then
          units := case action when 'deny' then rollout.blacklisted_customers else rollout.whitelisted_customers end;
          if cardinality(units) > 0 then
            unit := twinflag.unit(twinflag.attribute(context, step -> 'unit', moment));
            if unit = 'unfit' then
              error := 'INVALID_CONTEXT';
            elsif substr(unit, 2) collate "C" = any (units) then
              reason := answer ->> 1;
            end if;
          end if;
        when 'rollout', 'split' then
          if action = 'rollout' and threshold = 100000 and not by_list then
            reason := 'SPLIT';
          elsif action = 'split' or threshold > 0 and not by_list then
            unit := twinflag.unit(twinflag.attribute(context, step -> 'unit', moment));
            if unit = 'unfit' then
              error := 'INVALID_CONTEXT';
            elsif unit is null then
              error := case when not (step -> 'continue')::boolean then 'TARGETING_KEY_MISSING' end;
            else
              drawn := twinflag.bucket(step -> 'hash', substr(unit, 2));
              if action = 'split' then
                variant := (select (share ->> 1)::int from jsonb_array_elements(step -> 'shares') with ordinality as shares (share, turn)
                  where drawn < (share -> 0)::int order by turn limit 1);
                reason := 'SPLIT';
              elsif drawn < threshold then
                reason := 'SPLIT';
              end if;
            end if;
          end if;
        when 'require' then
          if not coalesce(step -> 'variants' ? (required ->> (step ->> 'flag')), false) then
            reason := answer ->> 1;
          end if;
        else
          error := 'FLAG_NOT_FOUND';
      end case;
    end if;
    if logs then
      trace := trace || jsonb_build_array(jsonb_build_object('do', action, 'step', answer -> 3, 'holds', is_taken,
        'answers', reason is not null or error is not null));
    end if;
    if error is not null then
      decision := row(null, 'ERROR', null, error, (answer ->> 3)::int, null);
      return;
    elsif reason is not null then
      decision := row(variant, reason, layer, null, (answer ->> 3)::int, drawn);
      return;
    end if;
  end loop;
end
$$;

-- A row of `feature_flags` without a definition, as a flag: off where it is not enabled, on for its target users and for a share of users
-- by their hash, or by its rollout where it has one.
create or replace function twinflag.implied(asked text, out flag twinflag.flags, out enabled boolean, out rollout public.feature_rollouts)
language plpgsql stable parallel safe set search_path = '' as $$
declare
  registered record;
  key bigint[];
begin
  select known.enabled, known.rollout_percentage, to_jsonb(known.target_users) as target_users into registered
    from public.feature_flags as known where known.name = asked and not known.is_defined;
  if not found then
    return;
  end if;
  key := twinflag.subkey((select bucket_key from twinflag.environment), asked);
  flag.key := asked;
  flag.type := 'boolean';
  flag.plain := true;
  flag.off := 1;
  flag.names := array[asked];
  flag.needs := '{}';
  flag.variants := '[{"name": "on", "value": true}, {"name": "off", "value": false}]';
  flag.steps := jsonb_build_array(
    '{"do": "overrides"}'::jsonb,
    '{"do": "deny", "answer": [1, "TARGETING_MATCH", "rollout", 5], "unit": ["userId", 2]}'::jsonb,
    '{"do": "allow", "answer": [0, "TARGETING_MATCH", "rollout", 6], "unit": ["userId", 2]}'::jsonb,
    '{"do": "rollout", "answer": [0, "SPLIT", "rollout", 7], "unit": ["userId", 2], "continue": true}'::jsonb
      || jsonb_build_object('hash', to_jsonb(key)),
    '{"do": "answer", "answer": [1, "DEFAULT", "default", 9]}'::jsonb);
  enabled := coalesce(registered.enabled, false);
  select state.* into rollout from public.feature_rollouts as state where state.feature_name = asked;
  if not found then
    rollout.status := 'active';
    rollout.percentage := coalesce(registered.rollout_percentage, 100);
    rollout.blacklisted_customers := '{}';
    rollout.whitelisted_customers := array(select jsonb_array_elements_text(case jsonb_typeof(registered.target_users)
      when 'array' then registered.target_users else '[]' end));
  end if;
end
$$;

-- Decides one flag; a null context is a refused one. `wanted` is the type of the caller's default, null for any.
create or replace function twinflag.decide(
  asked text, context jsonb, wanted text, moment double precision, logs boolean,
  out flag twinflag.flags, out decision twinflag.decision, out trace jsonb
) language plpgsql stable parallel safe set search_path = '' as $$
declare
  found_flag record;
  needed record;
  walked record;
  required jsonb := '{}';
  error text;
begin
  if context is null then
    decision := row(null, 'ERROR', null, 'INVALID_CONTEXT', null, null);
    return;
  end if;
  select known as flag, coalesce(registered.enabled, true) as enabled, state as rollout into found_flag
    from twinflag.names as named join twinflag.flags as known using (number)
    left join public.feature_flags as registered on registered.name = known.key
    left join public.feature_rollouts as state on state.feature_name = known.key
    where named.name = asked;
  if not found then
    found_flag := twinflag.implied(asked);
  end if;
  flag := found_flag.flag;
  error := case when flag.key is null then 'FLAG_NOT_FOUND' when wanted <> flag.type then 'TYPE_MISMATCH' end;
  if error is not null then
    decision := row(null, 'ERROR', null, error, null, null);
    return;
  end if;
  if cardinality(flag.needs) > 0 then
    for needed in select known as flag, coalesce(registered.enabled, true) as enabled, state as rollout
      from twinflag.flags as known
      left join public.feature_flags as registered on registered.name = known.key
      left join public.feature_rollouts as state on state.feature_name = known.key
      where known.number = any (flag.needs) order by known.number
    loop
      walked := twinflag.walk(needed.flag, needed.enabled, needed.rollout, context, moment, required, false);
      required := required || jsonb_build_object((needed.flag).key, (needed.flag).variants -> ((walked.decision).variant) -> 'name');
    end loop;
  end if;
  walked := twinflag.walk(flag, found_flag.enabled, found_flag.rollout, context, moment, required, logs);
  decision := walked.decision;
  trace := walked.trace;
end
$$;

-- An answer as the core tells it: members that do not apply are left out, and an absent value is the caller's default.
create or replace function twinflag.answer(flag twinflag.flags, decision twinflag.decision) returns jsonb
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  answer jsonb := jsonb_build_object('reason', decision.reason);
begin
  if decision.error is not null then
    answer := answer || jsonb_build_object('errorCode', decision.error);
  else
    answer := answer || jsonb_build_object('layer', decision.layer);
  end if;
  if decision.variant is not null then
    answer := answer || jsonb_build_object('variant', flag.variants -> decision.variant -> 'name',
      'value', flag.variants -> decision.variant -> 'value');
  end if;
  if decision.step is not null then
    answer := answer || jsonb_build_object('step', decision.step);
  end if;
  if decision.bucket is not null then
    answer := answer || jsonb_build_object('bucket', decision.bucket);
  end if;
  if flag.metadata is not null and coalesce(decision.error, '') not in ('INVALID_CONTEXT', 'FLAG_NOT_FOUND') then
    answer := answer || jsonb_build_object('metadata', flag.metadata);
  end if;
  return answer;
end
$$;

-- The milliseconds since 1970 of a moment, or of the beginning of the transaction.
create or replace function twinflag.milliseconds(moment timestamptz) returns double precision
language sql stable parallel safe set search_path = '' as $$
  select floor(extract(epoch from coalesce(moment, now())) * 1000)::double precision
$$;

-- A context that is checked: an absent one is empty, a refused one null. Where only the customer is named, its organization is added.
create or replace function twinflag.checked(context jsonb) returns jsonb
language plpgsql stable parallel safe set search_path = '' as $$
declare
  unit text;
  organization text;
begin
  if context is null then
    return '{}';
  elsif not twinflag.is_context(context) then
    return null;
  elsif context ? 'customerId' and nullif(context -> 'organizationId', 'null') is null then
    unit := twinflag.unit(context -> 'customerId');
    organization := case when unit <> 'unfit' then twinflag.organization_of(substr(unit, 2)) end;
    return context || case when organization is null then '{}' else jsonb_build_object('organizationId', organization) end;
  end if;
  return context;
end
$$;
