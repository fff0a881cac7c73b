-- The share of users who have a flag that has no definition.
alter table public.feature_flags add column if not exists rollout_percentage int default 100;
do $$
begin
  if not exists (select from pg_constraint where conname = 'rollout_percentage_valid' and conrelid = 'public.feature_flags'::regclass) then
    alter table public.feature_flags add constraint rollout_percentage_valid
      check (rollout_percentage >= 0 and rollout_percentage <= 100);
  end if;
end
$$;
create index if not exists idx_feature_flags_rollout_percentage on public.feature_flags (rollout_percentage);

comment on column public.feature_flags.rollout_percentage is 'Whole percent, 0 to 100; null counts as 100. Read for a flag without a definition.';
