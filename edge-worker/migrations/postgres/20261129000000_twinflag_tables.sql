-- The schema `twinflag`: what the core compiled, as rows that the functions interpret.
create schema if not exists twinflag;

create table if not exists twinflag.environment (
  only_row boolean primary key default true check (only_row),
  name text,
  bucket_key text not null check (bucket_key ~ '^[0-9a-f]{32}$'),
  epoch uuid not null default gen_random_uuid(),
  version bigint not null default 0,
  published_at timestamptz not null default now()
);
comment on table twinflag.environment is 'The one environment of this database; its version grows with each change of flags, rollouts and overrides.';

create table if not exists twinflag.flags (
  number int primary key,
  key text collate "C" not null unique,
  type text not null check (type in ('boolean', 'string', 'number', 'object')),
  plain boolean not null,
  variants jsonb not null,
  steps jsonb not null,
  metadata jsonb,
  off int,
  names text[] not null,
  needs int[] not null default '{}'
);
comment on column twinflag.flags.number is 'A flag stands behind its prerequisites.';
comment on column twinflag.flags.off is 'The variant of a disabled flag, from 0; null is the caller''s default.';
comment on column twinflag.flags.names is 'The key, then the aliases.';
comment on column twinflag.flags.plain is 'True for a flag without prerequisite, target and rule: its answer is STATIC unless a rollout runs.';
comment on column twinflag.flags.steps is 'The order of precedence as the core lays it, with every step that a state may give the flag.';
comment on column twinflag.flags.needs is 'The numbers of all flags that the flag depends on, ascending.';

create table if not exists twinflag.names (
  name text collate "C" primary key,
  number int not null references twinflag.flags (number) on delete cascade
);
comment on table twinflag.names is 'Keys and aliases of flags.';

create table if not exists twinflag.segments (
  name text collate "C" primary key,
  condition jsonb not null
);

create table if not exists twinflag.lists (
  list int not null,
  entry text collate "C" not null,
  primary key (list, entry)
);
comment on table twinflag.lists is 'Entries of long lists: s and the text, n and the bits of the double, b0 or b1.';

create table if not exists twinflag.lower_case (
  capital text collate "C" primary key,
  small text not null
);
comment on table twinflag.lower_case is 'Every character beyond ASCII with another lower case, as the core has it: no locale has a say.';

insert into twinflag.environment (bucket_key) values (replace(gen_random_uuid()::text, '-', '')) on conflict do nothing;

alter table public.feature_flags add column if not exists is_defined boolean not null default false;
comment on column public.feature_flags.is_defined is
  'True for a flag that a document has defined: without its definition it is unknown. Others are what this row says.';
