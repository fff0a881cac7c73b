-- Values: hashes, contexts, units, numbers, times, versions, addresses, patterns. Each function is total, as its original in the core is.

-- SipHash-2-4 of bytes under a key of two halves. Postgres refuses sums beyond 64 bits: where both signs are equal, one is turned first.
create or replace function twinflag.sip_hash(k0 bigint, k1 bigint, message bytea) returns bigint
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  v0 bigint := k0 # 8317987319222330741;
  v1 bigint := k1 # 7237128888997146477;
  v2 bigint := k0 # 7816392313619706465;
  v3 bigint := k1 # 8387220255154660723;
  sign constant bigint := -9223372036854775808;
  size int := octet_length(message);
  blocks int := octet_length(message) / 8;
  block bigint;
  at int;
  rounds int;
begin
  for turn in 0 .. blocks + 1 loop
    at := turn * 8;
    if turn < blocks then
      block := get_byte(message, at)::bigint | (get_byte(message, at + 1)::bigint << 8) | (get_byte(message, at + 2)::bigint << 16)
        | (get_byte(message, at + 3)::bigint << 24) | (get_byte(message, at + 4)::bigint << 32) | (get_byte(message, at + 5)::bigint << 40)
        | (get_byte(message, at + 6)::bigint << 48) | (get_byte(message, at + 7)::bigint << 56);
      v3 := v3 # block;
      rounds := 2;
    elsif turn = blocks then
      block := (size & 255)::bigint << 56;
      for place in 0 .. size - at - 1 loop
        block := block | (get_byte(message, at + place)::bigint << (8 * place));
      end loop;
      v3 := v3 # block;
      rounds := 2;
    else
      v2 := v2 # 255;
      block := 0;
      rounds := 4;
    end if;
    for round in 1 .. rounds loop
      v0 := case when (v0 # v1) < 0 then v0 + v1 else ((v0 # sign) + v1) # sign end;
      v2 := case when (v2 # v3) < 0 then v2 + v3 else ((v2 # sign) + v3) # sign end;
      v1 := ((v1 << 13) | ((v1 >> 51) & 8191)) # v0;
      v3 := ((v3 << 16) | ((v3 >> 48) & 65535)) # v2;
      v0 := (v0 << 32) | ((v0 >> 32) & 4294967295);
      v2 := case when (v2 # v1) < 0 then v2 + v1 else ((v2 # sign) + v1) # sign end;
      v0 := case when (v0 # v3) < 0 then v0 + v3 else ((v0 # sign) + v3) # sign end;
      v1 := ((v1 << 17) | ((v1 >> 47) & 131071)) # v2;
      v3 := ((v3 << 21) | ((v3 >> 43) & 2097151)) # v0;
      v2 := (v2 << 32) | ((v2 >> 32) & 4294967295);
    end loop;
    v0 := v0 # block;
  end loop;
  return v0 # v1 # v2 # v3;
end
$$;

-- The bucket of a unit by `murmurhash-js`: the low byte of each UTF-16 unit. Factors above 2^31 stand as the same number less 2^32, so
-- that no product leaves 64 bits.
create or replace function twinflag.murmur_bucket(unit text) returns int
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  hash bigint := 0;
  block bigint := 0;
  length bigint := 0;
  scalar int;
  part int;
  mask constant bigint := 4294967295;
begin
  for place in 1 .. char_length(unit) loop
    scalar := ascii(substr(unit, place, 1));
    for half in 1 .. case when scalar < 65536 then 1 else 2 end loop
      part := case when scalar < 65536 then scalar & 255 when half = 1 then ((scalar >> 10) - 64) & 255 else scalar & 255 end;
      block := block | (part::bigint << (8 * (length & 3))::int);
      length := length + 1;
      if length & 3 = 0 then
        block := (block * -862048943) & mask;
        block := (((block << 15) | (block >> 17)) & mask) * 461845907 & mask;
        hash := hash # block;
        hash := (((hash << 13) | (hash >> 19)) & mask) * 5 + 3864292196 & mask;
        block := 0;
      end if;
    end loop;
  end loop;
  block := (block * -862048943) & mask;
  block := (((block << 15) | (block >> 17)) & mask) * 461845907 & mask;
  hash := hash # block # (length & mask);
  hash := hash # (hash >> 16);
  hash := (hash * -2048144789) & mask;
  hash := hash # (hash >> 13);
  hash := (hash * -1028477387) & mask;
  hash := hash # (hash >> 16);
  return hash % 100 * 1000;
end
$$;

-- The bucket of a unit, 0 to 99999; `hash` is the subkey, null for murmurhash-js.
create or replace function twinflag.bucket(hash jsonb, unit text) returns int
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  drawn bigint;
begin
  if hash = 'null' then
    return twinflag.murmur_bucket(unit);
  end if;
  drawn := twinflag.sip_hash((hash -> 0)::bigint, (hash -> 1)::bigint, convert_to(unit, 'UTF8'));
  return (((drawn >> 32) & 4294967295) * 100000 + ((drawn & 4294967295) * 100000 >> 32)) >> 32;
end
$$;

-- The halves of the key of all draws under a salt; `key` are the 32 digits of the environment's key.
create or replace function twinflag.subkey(key text, salt text) returns bigint[]
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  bytes bytea := decode(key, 'hex');
  k0 bigint := 0;
  k1 bigint := 0;
begin
  for place in 0 .. 7 loop
    k0 := k0 | (get_byte(bytes, place)::bigint << (8 * place));
    k1 := k1 | (get_byte(bytes, place + 8)::bigint << (8 * place));
  end loop;
  return array[twinflag.sip_hash(k0, k1, '\x00'::bytea || convert_to(salt, 'UTF8')),
    twinflag.sip_hash(k0, k1, '\x01'::bytea || convert_to(salt, 'UTF8'))];
end
$$;

-- The nearest double of a number that is not beyond all doubles. The least number whose nearest double is not 0 lies above 2^-1075.
create or replace function twinflag.nearest_double(number numeric) returns double precision
language sql immutable strict parallel safe set search_path = '' as $$
  select case when number = 0 then 0
    when abs(number) < 1e-320 and abs(number) <= 24703282292062327208828439643411068618252990130716238221279284125033775363510437593264991818081799618989828234772285886546332835517796989819938739800539093906315035659515570226392290858392449105184435931802849936536152500319370457678249219365623669863658480757001585769269903706311928279558551332927834338409351978015531246597263579574622766465272827220056374006485499977096599470454020828166226237857393450736339007967761930577506740176324673600968951340535537458516661134223766678604162159680461914467291840300530057530849048765391711386591646239524912623653881879636239373280423891018672348497668235089863388587925628302755995657524455507255189313690836254779186948667994968324049705821028513185451396213837722826145437693412532098591327667236328125e-1075 then 0
    else number::double precision end
$$;

-- A number of JSON text as the shortest text of its nearest double; null for one beyond all doubles. Exponents may have any size.
create or replace function twinflag.shortest_number(written text) returns text
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  parts text[] := regexp_match(written, '^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)0*([0-9]+))?$');
  fraction text := coalesce(parts[3], '');
  digits text := ltrim(parts[2] || fraction, '0');
  zeros int := char_length(parts[2] || fraction) - char_length(digits);
  magnitude bigint;
begin
  if digits = '' then
    return '0';
  end if;
  if char_length(parts[5]) > 9 then
    return case when parts[4] = '-' then '0' end;
  end if;
  -- The number is 0.digits times ten to this power.
  magnitude := char_length(parts[2]) - zeros + case when parts[4] = '-' then -1 else 1 end * coalesce(parts[5], '0')::bigint;
  digits := rtrim(digits, '0');
  if magnitude > 309 or magnitude = 309 and digits collate "C" >= '179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792' then
    return null;
  end if;
  if magnitude < -323 or magnitude = -323 and digits collate "C" <= '24703282292062327208828439643411068618252990130716238221279284125033775363510437593264991818081799618989828234772285886546332835517796989819938739800539093906315035659515570226392290858392449105184435931802849936536152500319370457678249219365623669863658480757001585769269903706311928279558551332927834338409351978015531246597263579574622766465272827220056374006485499977096599470454020828166226237857393450736339007967761930577506740176324673600968951340535537458516661134223766678604162159680461914467291840300530057530849048765391711386591646239524912623653881879636239373280423891018672348497668235089863388587925628302755995657524455507255189313690836254779186948667994968324049705821028513185451396213837722826145437693412532098591327667236328125' then
    return '0';
  end if;
  return (parts[1] || '0.' || digits || 'e' || magnitude)::double precision::text;
end
$$;

-- Whether a string of JSON text has neither U+0000 nor half a pair of surrogates. Escapes of other characters are taken out first, so that
-- a backslash that is itself escaped begins nothing; then whole pairs.
create or replace function twinflag.is_sound_string(written text) returns boolean
language sql immutable strict parallel safe set search_path = '' as $$
  select regexp_replace(regexp_replace(written, '\\[^u]', '', 'g'), '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', '', 'g')
    !~ '\\u(0000|[dD][89a-fA-F])'
$$;

-- Whether a value keeps to the limits of a context: an object, at most 16 levels, 1,000 members, 10,000 items, 65,536 bytes of names and
-- strings, and every number within the doubles. Of a short text only the levels can be too many.
create or replace function twinflag.is_context(context jsonb) returns boolean
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  content text := context::text;
  result boolean;
begin
  if jsonb_typeof(context) <> 'object' then
    return false;
  end if;
  if octet_length(content) <= 300 and octet_length(content) - octet_length(translate(content, '{[', '')) <= 16 then
    return true;
  end if;
  with recursive walk (value, kind, level, name) as (
    select context, 'object', 1, null::text
    union all
    select child.value, jsonb_typeof(child.value), walk.level + 1, child.name
    from walk cross join lateral (
      select member.key, member.value from jsonb_each(case walk.kind when 'object' then walk.value else '{}' end) as member
      union all
      select null, item from jsonb_array_elements(case walk.kind when 'array' then walk.value else '[]' end) as item
    ) as child (name, value)
    where walk.level <= 16 and walk.kind in ('object', 'array')
  )
  select count(walk.name) <= 1000 and count(*) - 1 - count(walk.name) <= 10000
    and coalesce(sum(octet_length(walk.name)), 0) + coalesce(sum(case kind when 'string' then octet_length(walk.value #>> '{}') end), 0) <= 65536
    and not bool_or(walk.level > 16 and kind in ('object', 'array'))
    and not bool_or(case kind when 'number' then abs(walk.value::numeric) >= 179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792 else false end)
  into result from walk;
  return result;
end
$$;

-- A context of JSON text; null for one that is refused: what `jsonb` cannot hold is refused as it is elsewhere. Text that is no JSON is an
-- error. Of a member that stands twice the last counts, and the value that it replaces is not looked at.
create or replace function twinflag.read_context(written json) returns jsonb
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  content text := written::text;
  marker text;
  result jsonb;
begin
  -- Nearly every context: no escape that could be of U+0000 or of half a pair, no number that could be out of range.
  if octet_length(content) < 4000 and content !~ '\\u(0000|[dD][89a-fA-F])' and content !~ '[0-9][eE]' and content !~ '[0-9.]{200}' then
    result := content::jsonb;
  else
    marker := 'refused ' || md5(content);
    result := (select string_agg(case
        when token[1] ~ '^"' then case when twinflag.is_sound_string(token[1]) then token[1] else '"' || marker || '"' end
        when token[1] ~ '^[-0-9]' then coalesce(twinflag.shortest_number(token[1]), '"' || marker || '"')
        else token[1] end, '' order by place)
      from regexp_matches(content, '"(?:[^"\\]|\\.)*"|-?[0-9][-+0-9.eE]*|[^-"0-9]+', 'g') with ordinality as found (token, place))::jsonb;
    if strpos(result::text, marker) > 0 then
      return null;
    end if;
  end if;
  return case when twinflag.is_context(result) then result end;
end
$$;

-- An attribute of a context, null for absence. `at` is its name and how it is looked up: 0 a member, 1 the moment, 2 `userId`, for which
-- `targetingKey` stands in, 3 a member as written, else a path through objects, of which none begins at the context's own `now`.
create or replace function twinflag.attribute(context jsonb, at jsonb, moment double precision) returns jsonb
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  name text := at ->> 0;
  kind int := (at -> 1)::int;
  value jsonb;
begin
  if kind = 1 then
    return to_jsonb(moment);
  end if;
  value := context -> name;
  if kind = 2 and (value is null or value = 'null') then
    value := context -> 'targetingKey';
  elsif kind = 3 and value is null and not starts_with(name, 'now.') then
    value := context;
    foreach name in array string_to_array(name, '.') loop
      value := value -> name;
    end loop;
  end if;
  return nullif(value, 'null');
end
$$;

-- The unit that a value is: `t` and its text, null for a missing one, `unfit` for what is none.
create or replace function twinflag.unit(value jsonb) returns text
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  kind text := jsonb_typeof(value);
  number double precision;
begin
  if kind = 'string' then
    return 't' || nullif(value #>> '{}', '');
  elsif kind = 'number' then
    number := twinflag.nearest_double(value::numeric);
    if number = trunc(number) and abs(number) <= 9007199254740991 then
      return 't' || number::bigint;
    end if;
  elsif kind is null or kind = 'null' then
    return null;
  end if;
  return 'unfit';
end
$$;

-- Text in lower case, each character by itself.
create or replace function twinflag.fold(content text) returns text
language plpgsql stable strict parallel safe set search_path = '' as $$
begin
  if octet_length(content) = char_length(content) then
    return lower(content collate "C");
  end if;
  return (select string_agg(coalesce(known.small, lower(part.scalar collate "C")), '' order by part.place)
    from string_to_table(content, null) with ordinality as part (scalar, place)
    left join twinflag.lower_case as known on known.capital = part.scalar collate "C");
end
$$;

-- A scalar as the text by which lists hold it; null for any other value.
create or replace function twinflag.symbol(value jsonb, folds boolean) returns text
language plpgsql stable parallel safe set search_path = '' as $$
begin
  case jsonb_typeof(value)
    when 'string' then return 's' || case when folds then twinflag.fold(value #>> '{}') else value #>> '{}' end;
    when 'number' then return 'n' || encode(float8send(twinflag.nearest_double(value::numeric)), 'hex');
    when 'boolean' then return case when value::boolean then 'b1' else 'b0' end;
    else return null;
  end case;
end
$$;

-- The number that text of the form -?digits(.digits)? is, of at most 15 digits that count and 15 behind the point; null for other text.
create or replace function twinflag.decimal(content text) returns double precision
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  parts text[];
  whole text;
  fraction text;
begin
  if content !~ '^-?[0-9]+(\.[0-9]{1,15})?$' then
    return null;
  end if;
  whole := ltrim(split_part(ltrim(content, '-'), '.', 1), '0');
  fraction := rtrim(split_part(content, '.', 2), '0');
  if char_length(ltrim(whole || fraction, '0')) > 15 then
    return null;
  end if;
  return (case when content ~ '^-' then '-' else '' end || '0' || whole || '.' || fraction || '0')::double precision + 0;
end
$$;

-- The number that a value is, or that its text is read as; null for none.
create or replace function twinflag.number(value jsonb, reads_text boolean) returns double precision
language plpgsql immutable parallel safe set search_path = '' as $$
begin
  case jsonb_typeof(value)
    when 'number' then return twinflag.nearest_double(value::numeric);
    when 'string' then return case when reads_text then twinflag.decimal(value #>> '{}') end;
    else return null;
  end case;
end
$$;

-- The milliseconds since 1970 that a value is as a time, a whole number or text of RFC 3339; null for none.
create or replace function twinflag.moment(value jsonb) returns double precision
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  number double precision;
  parts text[];
  day int;
  month int;
  year int;
  days int;
begin
  if jsonb_typeof(value) = 'number' then
    number := twinflag.nearest_double(value::numeric);
    return case when number = trunc(number) then number end;
  elsif jsonb_typeof(value) is distinct from 'string' then
    return null;
  end if;
  parts := regexp_match(value #>> '{}', '^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])'
    '(?:\.([0-9]+))?(?:[Zz]|([-+])([01][0-9]|2[0-3]):([0-5][0-9]))$');
  if parts is null then
    return null;
  end if;
  year := parts[1];
  month := parts[2];
  day := parts[3];
  if year < 1 or month not between 1 and 12 or day < 1 or day > (case
      when month in (4, 6, 9, 11) then 30
      when month <> 2 then 31
      when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 29
      else 28 end) then
    return null;
  end if;
  days := make_date(year, month, day) - date '1970-01-01';
  return ((days::bigint * 1440 + parts[4]::int * 60 + parts[5]::int
    - case when parts[8] = '-' then -1 else 1 end * (coalesce(parts[9], '0')::int * 60 + coalesce(parts[10], '0')::int)) * 60
    + parts[6]::int) * 1000 + rpad(left(coalesce(parts[7], '0'), 3), 3, '0')::int;
end
$$;

-- The order of two numbers of any length in digits, an absent one counting as 0: -1, 0 or 1.
create or replace function twinflag.compare_digits(one text, other text) returns int
language plpgsql immutable parallel safe set search_path = '' as $$
begin
  one := ltrim(coalesce(one, ''), '0');
  other := ltrim(coalesce(other, ''), '0');
  return case when char_length(one) <> char_length(other) then sign(char_length(one) - char_length(other))::int
    when one collate "C" < other then -1 when one collate "C" > other then 1 else 0 end;
end
$$;

-- Whether both texts are versions, and the first compares so with the operand.
create or replace function twinflag.version_holds(content text, comparison text, operand text, loose boolean) returns boolean
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  numbers constant text := case when loose then '^[vV]?[0-9]{1,18}(\.[0-9]{1,18})*' else '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)' end;
  form constant text := numbers
    || '(-(0|[1-9][0-9]*|[0-9]*[-A-Za-z][-0-9A-Za-z]*)(\.(0|[1-9][0-9]*|[0-9]*[-A-Za-z][-0-9A-Za-z]*))*)?(\+[-0-9A-Za-z]+(\.[-0-9A-Za-z]+)*)?$';
  ones text[];
  others text[];
  ordering int := 0;
  equal int;
  same int := 0;
begin
  if content !~ form or operand !~ form then
    return false;
  end if;
  content := split_part(ltrim(content, 'vV'), '+', 1);
  operand := split_part(ltrim(operand, 'vV'), '+', 1);
  ones := string_to_array(split_part(content, '-', 1), '.');
  others := string_to_array(split_part(operand, '-', 1), '.');
  if comparison = '^' then
    same := 1;
    while same < 3 and ltrim(coalesce(others[same], ''), '0') = '' loop
      same := same + 1;
    end loop;
  elsif comparison = '~' then
    same := 2;
  end if;
  equal := greatest(cardinality(ones), cardinality(others), 3);
  for place in 1 .. equal loop
    ordering := twinflag.compare_digits(ones[place], others[place]);
    if ordering <> 0 then
      equal := place - 1;
      exit;
    end if;
  end loop;
  if equal < same then
    return false;
  end if;
  if ordering = 0 then
    ordering := twinflag.compare_pre_releases(substr(content, nullif(strpos(content, '-'), 0) + 1), substr(operand, nullif(strpos(operand, '-'), 0) + 1));
  end if;
  return case comparison when '<' then ordering < 0 when '<=' then ordering <= 0 when '=' then ordering = 0
    when '>' then ordering > 0 else ordering >= 0 end;
end
$$;

-- The precedence of two pre-releases, null where there is none: that of a release is the higher.
create or replace function twinflag.compare_pre_releases(one text, other text) returns int
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  ones text[] := string_to_array(one, '.');
  others text[] := string_to_array(other, '.');
  left_part text;
  right_part text;
  ordering int;
begin
  if one is null or other is null then
    return case when one is null and other is null then 0 when one is null then 1 else -1 end;
  end if;
  for place in 1 .. least(cardinality(ones), cardinality(others)) loop
    left_part := ones[place];
    right_part := others[place];
    ordering := case
      when left_part ~ '^[0-9]+$' and right_part ~ '^[0-9]+$' then twinflag.compare_digits(left_part, right_part)
      when left_part ~ '^[0-9]+$' then -1
      when right_part ~ '^[0-9]+$' then 1
      when left_part collate "C" < right_part then -1
      when left_part collate "C" > right_part then 1
      else 0 end;
    if ordering <> 0 then
      return ordering;
    end if;
  end loop;
  return sign(cardinality(ones) - cardinality(others))::int;
end
$$;

-- An address in hexadecimal digits, eight of version 4 and thirty-two of version 6; null for what is none.
create or replace function twinflag.address(content text) returns text
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  narrow constant text := '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  parts text[];
  groups text[];
  behind text[];
  hexadecimal text;
begin
  if strpos(content, ':') = 0 then
    if content !~ ('^' || narrow || '(?:\.' || narrow || '){3}$') then
      return null;
    end if;
    return (select string_agg(lpad(to_hex(part::int), 2, '0'), '' order by place)
      from unnest(string_to_array(content, '.')) with ordinality as split (part, place));
  end if;
  if strpos(content, '.') > 0 then
    parts := regexp_match(content, '^(.*:)([0-9.]+)$');
    hexadecimal := twinflag.address(parts[2]);
    if hexadecimal is null then
      return null;
    end if;
    content := parts[1] || left(hexadecimal, 4) || ':' || right(hexadecimal, 4);
  end if;
  -- Longer text is no address, and is not split.
  if char_length(content) > 39 then
    return null;
  end if;
  parts := string_to_array(content, '::');
  groups := string_to_array(parts[1], ':');
  behind := string_to_array(parts[2], ':');
  if cardinality(parts) > 2 or cardinality(groups) + coalesce(cardinality(behind), 0) > 8
      or (behind is null) <> (cardinality(groups) + coalesce(cardinality(behind), 0) = 8)
      or exists (select from unnest(groups || behind) as part where part !~ '^[0-9a-fA-F]{1,4}$') then
    return null;
  end if;
  hexadecimal := (select coalesce(string_agg(lpad(lower(part), 4, '0'), '' order by place), '')
    from unnest(groups || array_fill('0'::text, array[8 - cardinality(groups) - coalesce(cardinality(behind), 0)]) || behind)
    with ordinality as split (part, place));
  return case when starts_with(hexadecimal, '00000000000000000000ffff') then right(hexadecimal, 8) else hexadecimal end;
end
$$;

-- Whether a pattern is found: a walk over its table, one look-up for a byte of text.
create or replace function twinflag.is_found(automaton jsonb, content text) returns boolean
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  classes bytea := decode(automaton ->> 'classes', 'hex');
  rows bytea := decode(automaton ->> 'rows', 'hex');
  columns int := (automaton -> 'columns')::int;
  state int := (automaton -> 'start')::int;
  bytes bytea := convert_to(content, 'UTF8');
  size int := octet_length(rows);
  cell int;
begin
  for place in 0 .. octet_length(bytes) - 1 loop
    if state = 0 then
      return true;
    end if;
    cell := ((state - 1) * columns + get_byte(classes, get_byte(bytes, place))) * 2;
    if cell >= size then
      return false;
    end if;
    state := (get_byte(rows, cell) << 8) | get_byte(rows, cell + 1);
  end loop;
  return state < (automaton -> 'end')::int;
end
$$;
