/** The search and the filters of the list. They stand in the address. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';

import type { Feature } from '../../api/model.js';
import { stageOf } from '../../feature-state.js';
import type { FeatureSearch } from '../features.js';

export function Filters({ features, shown }: { features: readonly Feature[]; shown: number }) {
  const search = useSearch({ from: '/' });
  const navigate = useNavigate({ from: '/' });
  const set = (name: keyof FeatureSearch, value: string) =>
    void navigate({ search: before => ({ ...before, [name]: value === '' ? undefined : value }), replace: true });
  const stages = useMemo(() => [...new Map(features.map(feature => stageOf(feature)).map(stage => [stage.key, stage.title]))], [features]);
  const owners = useMemo(() => distinct(features.map(({ owner }) => owner)), [features]);
  const tags = useMemo(() => distinct(features.flatMap(feature => feature.tags)), [features]);
  return (
    <search className="filters">
      <input
        type="search"
        aria-label="Search flags"
        placeholder="Search flags  ( / )"
        value={search.q ?? ''}
        maxLength={200}
        onChange={event => set('q', event.target.value)}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            event.currentTarget.closest('main')?.querySelector<HTMLElement>('.rows .name > a')?.focus();
          } else if (event.key === 'Escape') set('q', '');
        }}
      />
      <Choice label="Stage" value={search.stage} options={stages} onChange={value => set('stage', value)} />
      <Choice label="State" value={search.status} options={STATES} onChange={value => set('status', value)} />
      {owners.length > 0 && <Choice label="Owner" value={search.owner} options={owners} onChange={value => set('owner', value)} />}
      {tags.length > 0 && <Choice label="Tag" value={search.tag} options={tags} onChange={value => set('tag', value)} />}
      <output className="small quiet">{shown === features.length ? `${shown} flags` : `${shown} of ${features.length} flags`}</output>
    </search>
  );
}

const STATES: readonly [string, string][] = [
  ['on', 'On'],
  ['part', 'For a part'],
  ['off', 'Off'],
  ['stopped', 'Turned off or rolled back'],
];

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string | undefined;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}) {
  return (
    <select aria-label={label} value={value ?? ''} onChange={event => onChange(event.target.value)} data-set={value !== undefined}>
      <option value="">{label}: all</option>
      {options.map(([key, title]) => (
        <option key={key} value={key}>
          {title}
        </option>
      ))}
    </select>
  );
}

function distinct(values: readonly (string | null)[]): [string, string][] {
  return [...new Set(values.filter(value => value !== null && value !== ''))].sort().map(value => [value as string, value as string]);
}
