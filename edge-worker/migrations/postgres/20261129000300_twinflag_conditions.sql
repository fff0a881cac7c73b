-- Evaluation: interprets what the core compiled, by the state that an UPDATE writes. Equal arguments and equal rows give equal answers.

-- Whether a list, in place or apart, has an entry.
create or replace function twinflag.has_entry(list jsonb, entry text) returns boolean
language plpgsql stable parallel safe set search_path = '' as $$
begin
  if jsonb_typeof(list) = 'array' then
    return coalesce(list ? entry, false);
  end if;
  return exists (select from twinflag.lists as long where long.list = has_entry.list::int and long.entry = has_entry.entry);
end
$$;

-- Whether a list among the attributes has one of a condition's entries as a member, or every one.
create or replace function twinflag.has_members(items jsonb, list jsonb, every boolean, folds boolean) returns boolean
language plpgsql stable parallel safe set search_path = '' as $$
declare
  members text[];
begin
  if jsonb_typeof(items) is distinct from 'array' then
    return false;
  end if;
  members := array(select distinct twinflag.symbol(item, folds) from jsonb_array_elements(items) as item
    where jsonb_typeof(item) in ('string', 'number', 'boolean'));
  if jsonb_typeof(list) = 'array' then
    return case when every then not exists (select from jsonb_array_elements_text(list) as entry where entry <> all (members))
      else list ?| members end;
  elsif every then
    -- Members are distinct, and so are the entries of a list.
    return (select count(*) from unnest(members) as member where twinflag.has_entry(list, member))
      = (select count(*) from twinflag.lists as long where long.list = has_members.list::int);
  end if;
  return exists (select from unnest(members) as member where twinflag.has_entry(list, member));
end
$$;

-- Whether a condition holds; `segments` has the answer of every segment that it names.
create or replace function twinflag.holds(condition jsonb, context jsonb, moment double precision, segments jsonb) returns boolean
language plpgsql stable parallel safe set search_path = '' as $$
declare
  op text := condition ->> 'op';
  value jsonb;
  child jsonb;
  kind text;
  content text;
  number double precision;
begin
  if op = 'all' or op = 'any' then
    for child in select part from jsonb_array_elements(condition -> 'of') with ordinality as of_it (part, place) order by place loop
      if twinflag.holds(child, context, moment, segments) = (op = 'any') then
        return op = 'any';
      end if;
    end loop;
    return op = 'all';
  elsif op = 'not' then
    return not twinflag.holds(condition -> 'of', context, moment, segments);
  elsif op = 'segment' then
    return coalesce((segments -> (condition ->> 'name'))::boolean, false);
  elsif op = 'nothing' then
    return false;
  end if;
  value := twinflag.attribute(context, condition -> 'at', moment);
  if value is null then
    return false;
  end if;
  case op
    when 'among' then
      kind := left(jsonb_typeof(value), 1);
      if (condition -> 'number')::boolean and kind <> 'n' then
        number := twinflag.number(value, true);
        return number is not null
          and twinflag.has_entry(condition -> 'in', 'n' || encode(float8send(number), 'hex')) <> (condition -> 'none')::boolean;
      elsif jsonb_typeof(value) in ('array', 'object') then
        return false;
      elsif strpos(condition ->> 'kinds', kind) = 0 then
        return condition ->> 'kinds' = '' and (condition -> 'none')::boolean;
      end if;
      return twinflag.has_entry(condition -> 'in', twinflag.symbol(value, (condition -> 'fold')::boolean)) <> (condition -> 'none')::boolean;
    when 'exists' then
      return true;
    when 'percentage' then
      content := twinflag.unit(value);
      if content is null or content = 'unfit' then
        return false;
      end if;
      number := twinflag.bucket(condition -> 'hash', substr(content, 2));
      return number >= (condition -> 'from')::int and number < (condition -> 'to')::int;
    when 'members' then
      return twinflag.has_members(value, condition -> 'in', (condition -> 'every')::boolean, (condition -> 'fold')::boolean);
    when 'contains', 'starts', 'ends' then
      if jsonb_typeof(value) = 'string' and condition ? 'text' then
        content := value #>> '{}';
        if (condition -> 'fold')::boolean then
          content := twinflag.fold(content);
        end if;
        return case op
          when 'contains' then strpos(content, condition ->> 'text') > 0
          when 'starts' then starts_with(content, condition ->> 'text')
          else right(content, char_length(condition ->> 'text')) = (condition ->> 'text') collate "C" end;
      end if;
      return op = 'contains' and twinflag.has_members(value, condition -> 'in', false, (condition -> 'fold')::boolean);
    when 'number', 'time' then
      number := case op when 'number' then twinflag.number(value, (condition -> 'number')::boolean) else twinflag.moment(value) end;
      return coalesce(case condition ->> 'compare'
        when '<' then number < twinflag.nearest_double((condition -> 'value')::numeric)
        when '<=' then number <= twinflag.nearest_double((condition -> 'value')::numeric)
        when '>=' then number >= twinflag.nearest_double((condition -> 'value')::numeric)
        when '>' then number > twinflag.nearest_double((condition -> 'value')::numeric) end, false);
    when 'semver' then
      return jsonb_typeof(value) = 'string'
        and twinflag.version_holds(value #>> '{}', condition ->> 'compare', condition ->> 'text', (condition -> 'loose')::boolean);
    when 'matches' then
      return jsonb_typeof(value) = 'string' and twinflag.is_found(condition -> 'table', value #>> '{}');
    when 'cidr' then
      if jsonb_typeof(value) <> 'string' then
        return false;
      end if;
      content := twinflag.address(value #>> '{}');
      return content is not null and exists (
        select from jsonb_array_elements(case char_length(content) when 8 then condition -> 'narrow' else condition -> 'wide' end) as network
        where content collate "C" >= network ->> 0 and content collate "C" <= network ->> 1);
    else
      return false;
  end case;
end
$$;

-- The variant that a tree of overrides names for a flag, or null: the member that is the flag's whole key first, then paths through the
-- tree. Names of `names` are the flag's key and its aliases, a key first; a leaf that names no variant of the flag is passed over.
create or replace function twinflag.leaf(tree jsonb, names text[], variants jsonb, type text) returns int
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  name text;
  found int;
begin
  foreach name in array names loop
    found := twinflag.named_variant(tree -> name, variants, type);
    if found is not null then
      return found;
    end if;
  end loop;
  foreach name in array names loop
    found := twinflag.leaf_below(tree, name, variants, type);
    if found is not null then
      return found;
    end if;
  end loop;
  return null;
end
$$;

-- The variant that a leaf names: text its name, a boolean the first variant of that value, on a boolean flag alone.
create or replace function twinflag.named_variant(leaf jsonb, variants jsonb, type text) returns int
language sql immutable parallel safe set search_path = '' as $$
  select (min(place) - 1)::int from jsonb_array_elements(variants) with ordinality as listed (variant, place)
  where case jsonb_typeof(leaf)
    when 'string' then variant -> 'name' = leaf
    when 'boolean' then type = 'boolean' and variant -> 'value' = leaf
    else false end
$$;

-- The variant of the leaf at a dotted path, which members of the tree may spell in pieces of any number of segments.
create or replace function twinflag.leaf_below(tree jsonb, path text, variants jsonb, type text) returns int
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  name text;
  below jsonb;
  found int;
begin
  if jsonb_typeof(tree) is distinct from 'object' then
    return null;
  end if;
  for name, below in select key, value from jsonb_each(tree) where path = key or starts_with(path, key || '.') loop
    if name = path then
      found := twinflag.named_variant(below, variants, type);
    else
      found := twinflag.leaf_below(below, substr(path, char_length(name) + 2), variants, type);
    end if;
    if found is not null then
      return found;
    end if;
  end loop;
  return null;
end
$$;

-- A decision on one flag. `layer` is null for an error, and `variant` counts from 0; null is the caller's default.
do $$
begin
  if to_regtype('twinflag.decision') is null then
    create type twinflag.decision as (variant int, reason text, layer text, error text, step int, bucket int);
  end if;
end
$$;
