-- The five tables of the source documents, with their eleven indexes. Ids of customers and organizations are text, unless the tables of
-- the customers and organizations are there already and have UUIDs.
do $$
declare
  organization_type text;
  customer_type text;
begin
  if to_regclass('public.organizations') is null then
    create table public.organizations (id text primary key check (octet_length(id) between 1 and 256));
    comment on table public.organizations is 'Made by Twinflag: organizations, for the overrides of each.';
  end if;
  organization_type := (select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = 'public.organizations'::regclass and attname = 'id');
  if organization_type not in ('text', 'uuid') then
    raise exception 'organizations.id is %, expected text or uuid', organization_type;
  end if;
  if to_regclass('public.customer_configs') is null then
    execute format('create table public.customer_configs (id %s primary key, organization_id %1$s references public.organizations (id))',
      organization_type);
    comment on table public.customer_configs is 'Made by Twinflag: customers, each with its organization.';
    if organization_type = 'text' then
      alter table public.customer_configs add check (octet_length(id) between 1 and 256);
    end if;
  end if;
  customer_type := (select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = 'public.customer_configs'::regclass and attname = 'id');
  if customer_type not in ('text', 'uuid') then
    raise exception 'customer_configs.id is %, expected text or uuid', customer_type;
  end if;
  execute format('alter table public.customer_configs add column if not exists organization_id %s references public.organizations (id)',
    organization_type);
  execute format('create table if not exists public.customer_feature_flags (
    id uuid primary key default gen_random_uuid(),
    customer_id %s not null unique references public.customer_configs (id) on delete cascade,
    flags jsonb not null default ''{}'',
    updated_at timestamptz not null default now(),
    updated_by uuid,
    created_at timestamptz not null default now())', customer_type);
  execute format('create table if not exists public.organization_feature_flags (
    id uuid primary key default gen_random_uuid(),
    organization_id %s not null unique references public.organizations (id) on delete cascade,
    flags jsonb not null default ''{}'',
    updated_at timestamptz not null default now(),
    updated_by uuid,
    created_at timestamptz not null default now())', organization_type);
  execute format('create table if not exists public.rollout_events (
    id uuid primary key default gen_random_uuid(),
    feature_name text not null,
    customer_id %s,
    event_type text not null,
    metadata jsonb not null default ''{}'',
    "timestamp" timestamptz not null default now())', customer_type);
  execute format('create table if not exists public.feature_flag_changes (
    id uuid primary key default gen_random_uuid(),
    customer_id %s,
    organization_id %s,
    flag_path text,
    old_value boolean,
    new_value boolean,
    changed_by uuid,
    changed_at timestamptz not null default now(),
    reason text)', customer_type, organization_type);
  -- Tables that the source documents' own statements made have neither defaults nor a rule of one row for an owner.
  if not exists (select from pg_constraint where conrelid = 'public.customer_feature_flags'::regclass and contype = 'u') then
    alter table public.customer_feature_flags add constraint customer_feature_flags_customer_id_key unique (customer_id);
  end if;
  if not exists (select from pg_constraint where conrelid = 'public.organization_feature_flags'::regclass and contype = 'u') then
    alter table public.organization_feature_flags add constraint organization_feature_flags_organization_id_key unique (organization_id);
  end if;
end
$$;
alter table public.customer_feature_flags alter column id set default gen_random_uuid();
alter table public.customer_feature_flags alter column created_at set default now();
alter table public.customer_feature_flags alter column updated_at set default now();
alter table public.organization_feature_flags alter column id set default gen_random_uuid();
alter table public.organization_feature_flags alter column created_at set default now();
alter table public.organization_feature_flags alter column updated_at set default now();
alter table public.feature_flag_changes alter column id set default gen_random_uuid();
alter table public.feature_flag_changes alter column changed_at set default now();
alter table public.feature_flag_changes add column if not exists changed_by_label text;
alter table public.feature_flag_changes add column if not exists had_override boolean;
alter table public.feature_flag_changes add column if not exists old_json jsonb;
alter table public.feature_flag_changes add column if not exists new_json jsonb;

create table if not exists public.feature_rollouts (
  id uuid primary key default gen_random_uuid(),
  feature_name text not null unique,
  current_tier text default 'tier_0_disabled' constraint feature_rollouts_tier check (current_tier in
    ('tier_0_disabled', 'tier_1_internal', 'tier_2_early_adopters', 'tier_3_general', 'tier_4_full')),
  percentage numeric(6, 3) not null default 0 constraint feature_rollouts_percentage check (percentage between 0 and 100),
  status text not null default 'planned' constraint feature_rollouts_status check (status in
    ('planned', 'active', 'paused', 'completed', 'rolled_back')),
  whitelisted_customers text[] not null default '{}',
  blacklisted_customers text[] not null default '{}',
  guard_method text constraint feature_rollouts_guard_method check (guard_method in ('threshold', 'sequential')),
  rollback_error_rate numeric(7, 6) constraint feature_rollouts_error_rate check (rollback_error_rate between 0 and 1),
  rollback_time_window bigint constraint feature_rollouts_time_window check (rollback_time_window between 1 and 9007199254740992),
  rollback_min_samples bigint constraint feature_rollouts_min_samples check (rollback_min_samples between 0 and 9007199254740992),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- The eleven indexes.
create index if not exists idx_customer_feature_flags_customer_id on public.customer_feature_flags (customer_id);
create index if not exists idx_organization_feature_flags_organization_id on public.organization_feature_flags (organization_id);
create index if not exists idx_feature_rollouts_feature_name on public.feature_rollouts (feature_name);
create index if not exists idx_feature_rollouts_status on public.feature_rollouts (status);
create index if not exists idx_rollout_events_feature_name on public.rollout_events (feature_name);
create index if not exists idx_rollout_events_customer_id on public.rollout_events (customer_id);
create index if not exists idx_rollout_events_event_type on public.rollout_events (event_type);
create index if not exists idx_rollout_events_timestamp on public.rollout_events ("timestamp");
create index if not exists idx_feature_flag_changes_customer_id on public.feature_flag_changes (customer_id);
create index if not exists idx_feature_flag_changes_organization_id on public.feature_flag_changes (organization_id);
create index if not exists idx_feature_flag_changes_changed_at on public.feature_flag_changes (changed_at);

comment on table public.customer_feature_flags is 'Overrides of one customer: a tree, or dotted keys, of true, false or variant names.';
comment on table public.organization_feature_flags is 'Overrides of one organization; those of a customer precede them.';
comment on table public.feature_rollouts is 'The rollout of each flag: status, tier, percentage, lists. Evaluation reads the row, so an UPDATE counts at once.';
comment on column public.feature_rollouts.current_tier is 'Null is a plain percentage. In tier 1 a list of those let in is the audience; tier 0 counts nowhere.';
comment on column public.feature_rollouts.percentage is 'Percent with up to three decimals, 0 to 100.';
comment on column public.feature_rollouts.whitelisted_customers is 'Units that have the flag while the rollout runs, as unit text.';
comment on column public.feature_rollouts.blacklisted_customers is 'Units that do not have the flag while the rollout runs; they precede those let in.';
comment on column public.feature_rollouts.rollback_time_window is 'Milliseconds that the guard looks back.';
comment on table public.rollout_events is 'Events of use: enabled, disabled, error, rollback, or a name of one''s own.';
comment on table public.feature_flag_changes is 'The audit trail: rows are added, and no role of the application changes or removes one.';
comment on column public.feature_flag_changes.changed_by_label is 'The actor where it has no UUID: a program, the system, a role of the database.';
