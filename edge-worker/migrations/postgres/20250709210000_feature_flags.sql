-- Flags for users: the table that the source documents call migration 029 and 033.
create table if not exists public.feature_flags (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  description text,
  enabled boolean not null default false,
  target_users text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
alter table public.feature_flags add column if not exists enabled boolean not null default false;
alter table public.feature_flags add column if not exists target_users text[] not null default '{}';

comment on table public.feature_flags is 'Flags by name: the kill switch of every flag, and the whole of a flag that has no definition.';
comment on column public.feature_flags.enabled is 'The kill switch: false is off for everybody.';
comment on column public.feature_flags.target_users is 'Users who have the flag whatever its percentage; read for a flag without a definition.';
