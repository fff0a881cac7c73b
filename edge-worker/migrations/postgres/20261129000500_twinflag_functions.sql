-- The functions that queries, triggers and policies call. They run as their owner, which alone reads definitions.

-- The answer of a flag for a context, as the core tells it: reason, errorCode, layer, variant, value, step, bucket, metadata.
create or replace function public.evaluate_feature(flag text, context jsonb, fallback jsonb default null, moment timestamptz default null)
returns jsonb language plpgsql stable parallel safe security definer set search_path = '' as $$
declare
  decided record := twinflag.decide(flag, twinflag.checked(context), twinflag.type_of(fallback), twinflag.milliseconds(moment), false);
  answer jsonb := twinflag.answer(decided.flag, decided.decision);
begin
  return case when answer ? 'value' then answer else answer || jsonb_build_object('value', coalesce(fallback, 'null')) end;
end
$$;

-- The same with the steps that were asked, in their order, as `steps`.
create or replace function public.explain_feature(flag text, context jsonb, fallback jsonb default null, moment timestamptz default null)
returns jsonb language plpgsql stable parallel safe security definer set search_path = '' as $$
declare
  decided record := twinflag.decide(flag, twinflag.checked(context), twinflag.type_of(fallback), twinflag.milliseconds(moment), true);
  answer jsonb := twinflag.answer(decided.flag, decided.decision) || jsonb_build_object('steps', coalesce(decided.trace, '[]'));
begin
  return case when answer ? 'value' then answer else answer || jsonb_build_object('value', coalesce(fallback, 'null')) end;
end
$$;

-- Whether a boolean flag is on for a context; false for every error, for another type of flag, and where the caller's default would stand.
create or replace function public.is_feature_enabled(flag text, context jsonb)
returns boolean language plpgsql stable parallel safe security definer set search_path = '' as $$
declare
  decided record := twinflag.decide(flag, twinflag.checked(context), 'boolean', twinflag.milliseconds(null), false);
begin
  return coalesce((decided.flag).variants -> ((decided.decision).variant) -> 'value' = 'true', false);
end
$$;

-- The same for a user, who is the context's `userId` and `targetingKey`. Text that begins with a brace is a context: Postgres takes a
-- literal of no type for text.
create or replace function public.is_feature_enabled(flag text, user_id text)
returns boolean language plpgsql stable parallel safe security definer set search_path = '' as $$
declare
  decided record := twinflag.decide(flag, case
    when user_id ~ '^\s*\{' then twinflag.checked(coalesce(twinflag.read_context(user_id::json), 'null'))
    else twinflag.checked(jsonb_strip_nulls(jsonb_build_object('targetingKey', user_id, 'userId', user_id))) end,
    'boolean', twinflag.milliseconds(null), false);
begin
  return coalesce((decided.flag).variants -> ((decided.decision).variant) -> 'value' = 'true', false);
end
$$;

-- The bucket of a unit in a flag's rollout, 0 to 99999; null for an unknown flag and for one whose rules leave nothing to a rollout.
create or replace function public.feature_bucket(flag text, unit text)
returns int language sql stable parallel safe security definer set search_path = '' as $$
  select twinflag.bucket(step -> 'hash', unit)
  from (select known.steps from twinflag.names as named join twinflag.flags as known using (number) where named.name = feature_bucket.flag
    union all
    select (implied.flag).steps from twinflag.implied(feature_bucket.flag) as implied
      where not exists (select from twinflag.names as named where named.name = feature_bucket.flag)) as found (steps)
  cross join lateral jsonb_array_elements(found.steps) as step
  where step ->> 'do' = 'rollout' and unit <> ''
$$;

-- The type of flags that a caller's default asks for; null for any.
create or replace function twinflag.type_of(fallback jsonb) returns text
language sql immutable parallel safe set search_path = '' as $$
  select case jsonb_typeof(fallback) when 'array' then 'object' when 'null' then null else jsonb_typeof(fallback) end
$$;
