/** Every flag of the environment by stage, and what it is in each environment. */
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { startTransition, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';

import { take } from '../api/client.js';
import type { Feature, Schedule } from '../api/model.js';
import { readDefinitions } from '../definitions.js';
import { parameterOf, queryOf, useEnvironment, useEnvironments } from '../environment.js';
import { grouped, matches, type Stage, stageOf, stateOf } from '../feature-state.js';
import { readAgain } from '../live.js';
import { Empty, Loading, ProblemNote } from '../parts/states.js';
import { nextSteps } from '../schedule-text.js';
import { schedulesElsewhere, useSchedules } from '../schedules.js';
import { useRights, useSession } from '../session.js';
import { BulkBar } from './features/bulk.js';
import { CreateFlag } from './features/create-flag.js';
import { Filters } from './features/filters.js';
import { FeatureRow } from './features/row.js';
import { Strip } from './features/strip.js';
import { UnknownNames } from './features/unknown-names.js';

/** The filters in the address. */
export interface FeatureSearch {
  q?: string | undefined;
  stage?: string | undefined;
  status?: string | undefined;
  owner?: string | undefined;
  tag?: string | undefined;
}

/** The most environments beside the current one that have a cell in each row: the others are one choice away. */
const MOST_CELLS = 4;
/** The rows that are drawn at a time: about three screens. A search among a thousand flags draws no more. */
const PIECE = 50;

export function Features() {
  const { api } = useSession();
  const rights = useRights();
  const environment = useEnvironment();
  const environments = useEnvironments();
  const queries = useQueryClient();
  const search = useSearch({ from: '/' });
  const navigate = useNavigate({ from: '/' });
  const [isCreating, setIsCreating] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());

  const listOf = (name: string | undefined) => ({
    queryKey: ['features', name ?? null],
    queryFn: () => take(api.GET('/api/admin/feature-flags', { params: { query: queryOf(name) } })),
  });
  const list = useQuery(listOf(environment.name));
  const others = useMemo(() => environments.map(parameterOf).filter(name => name !== environment.name), [environments, environment.name]);
  const shownOthers = useMemo(() => others.slice(0, MOST_CELLS), [others]);
  const elsewhere = useQueries({ queries: shownOthers.map(listOf), combine: featuresOf });
  const schedules = useSchedules();
  const scheduledElsewhere = useQueries({
    queries: shownOthers.map(name => ({ ...schedulesElsewhere(api, name), enabled: list.isSuccess })),
    combine: schedulesIn,
  });
  const definitions = useQuery({
    queryKey: ['definitions', environment.name ?? null],
    queryFn: () => readDefinitions(api, 'flags', environment.query),
    enabled: rights.readAll && list.isSuccess,
  });

  const columns = useMemo(
    () => [
      { name: labelOf(environment.name, environments), byKey: byKey(list.data?.features), next: stepsOf(schedules.data?.schedules) },
      ...shownOthers.map((name, index) => ({
        name: labelOf(name, environments),
        byKey: byKey(elsewhere[index]),
        next: stepsOf(scheduledElsewhere[index]),
      })),
    ],
    [environment.name, environments, list.data, shownOthers, elsewhere, schedules.data, scheduledElsewhere],
  );

  const features = list.data?.features;
  const q = useDeferredValue(search.q ?? '');
  const shown = useMemo(() => filtered(features ?? [], { ...search, q }), [features, q, search]);
  const { groups, more } = useInView(shown);

  if (list.isPending) return <Loading what="flags" />;
  if (list.isError && !features) return <ProblemNote error={list.error} onRetry={() => void list.refetch()} />;

  return (
    <>
      <div className="title">
        <h1>Features</h1>
        {rights.administer && (
          <button type="button" className="accent" onClick={() => setIsCreating(true)}>
            New flag
          </button>
        )}
      </div>
      {rights.readAll && <Strip features={features ?? []} />}
      <Filters features={features ?? []} shown={shown.length} />
      {(list.data?.errors?.length ?? 0) > 0 && (
        <div className="note away">
          <p>The document has parts that cannot be read. The last good definitions serve.</p>
          <ul>
            {list.data?.errors?.slice(0, 20).map(({ pointer, message }) => (
              <li key={pointer + message}>
                <code>{pointer}</code> {message}
              </li>
            ))}
          </ul>
        </div>
      )}
      {features?.length === 0 ? (
        <Empty>
          <p>There are no flags in this environment.</p>
          <p className="quiet">Create one here, or import a document.</p>
        </Empty>
      ) : shown.length === 0 ? (
        <Empty>
          <p>No flag matches.</p>
          <button type="button" onClick={() => void navigate({ search: { env: environment.name } })}>
            Show all flags
          </button>
        </Empty>
      ) : (
        groups.map(({ stage, features, count }) => (
          <section
            key={stage.key}
            className="stage"
            data-phase={stage.phase}
            aria-label={stage.title}
            style={{ '--cells': columns.length } as React.CSSProperties}
          >
            <h2>
              {stage.title} <span className="count">{count}</span>
            </h2>
            <div className="columns" aria-hidden="true">
              <span />
              <span>Flag</span>
              {columns.map(({ name }) => (
                <span key={name}>{name}</span>
              ))}
              <span>24 hours</span>
              <span>Last change</span>
              <span />
            </div>
            <ul className="rows">
              {features.map(feature => (
                <FeatureRow
                  key={feature.flagPath}
                  feature={feature}
                  columns={columns}
                  definition={definitions.data?.get(feature.flagPath)}
                  isChosen={chosen.has(feature.featureName)}
                  onChoose={rights.steer ? setChosen : undefined}
                />
              ))}
            </ul>
          </section>
        ))
      )}
      {more}
      {rights.readAll && <UnknownNames />}
      {others.length > MOST_CELLS && <p className="quiet small">{others.length - MOST_CELLS} more environments: choose one above.</p>}
      {chosen.size > 0 && features && (
        <BulkBar features={features.filter(({ featureName }) => chosen.has(featureName))} onDone={() => setChosen(new Set())} />
      )}
      {isCreating && (
        <CreateFlag
          onClose={() => setIsCreating(false)}
          onCreated={() => readAgain(queries)}
          taken={new Set((features ?? []).flatMap(({ flagPath, aliases }) => [flagPath, ...aliases]))}
        />
      )}
    </>
  );
}

/** The flags at the top of the list by stage, and the place at its end that makes it longer once it comes near the view. */
function useInView(features: readonly Feature[]) {
  const [limit, setLimit] = useState({ of: features, rows: PIECE });
  // Another list begins at its top.
  const rows = limit.of === features ? limit.rows : PIECE;
  const end = useRef<HTMLDivElement>(null);
  const groups = useMemo(() => cut(grouped(features), rows), [features, rows]);
  const isCut = rows < features.length;
  useEffect(() => {
    const at = end.current;
    if (!isCut || !at) return undefined;
    const observer = new IntersectionObserver(
      entries => {
        if (entries.at(-1)?.isIntersecting) startTransition(() => setLimit({ of: features, rows: rows + PIECE }));
      },
      { rootMargin: '1500px' },
    );
    observer.observe(at);
    return () => observer.disconnect();
  }, [isCut, features, rows]);
  return { groups, more: isCut ? <div ref={end} className="more" aria-hidden="true" /> : null };
}

/** The first rows of groups; each group knows how many it has in all. */
function cut(groups: readonly { stage: Stage; features: Feature[] }[], rows: number) {
  let rest = rows;
  return groups.flatMap(({ stage, features }) => {
    const kept = features.slice(0, Math.max(rest, 0));
    rest -= features.length;
    return kept.length > 0 ? [{ stage, features: kept, count: features.length }] : [];
  });
}

/** A column of the list: an environment, and its flags by key. */
export interface Column {
  readonly name: string;
  /** Absent until they are loaded. */
  readonly byKey: ReadonlyMap<string, Feature> | undefined;
  /** The next scheduled step of each flag by key; absent until they are loaded. */
  readonly next: ReadonlyMap<string, Schedule> | undefined;
}

/** The features of several lists; the same array as long as none of them changes. */
function featuresOf(lists: readonly { data: { features: Feature[] } | undefined }[]): (Feature[] | undefined)[] {
  return lists.map(({ data }) => data?.features);
}

/** The schedules of several environments; the same array as long as none of them changes. */
function schedulesIn(lists: readonly { data: { schedules: Schedule[] } | undefined }[]): (Schedule[] | undefined)[] {
  return lists.map(({ data }) => data?.schedules);
}

function stepsOf(schedules: readonly Schedule[] | undefined): ReadonlyMap<string, Schedule> | undefined {
  return schedules && nextSteps(schedules);
}

function byKey(features: readonly Feature[] | undefined): ReadonlyMap<string, Feature> | undefined {
  return features && new Map(features.map(feature => [feature.flagPath, feature]));
}

function labelOf(name: string | undefined, environments: readonly { name: string | null; default: boolean }[]): string {
  return name ?? environments.find(each => each.default)?.name ?? 'default';
}

function filtered(features: readonly Feature[], { q = '', stage, status, owner, tag }: FeatureSearch): Feature[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return features.filter(
    feature =>
      (stage === undefined || stageOf(feature).key === stage) &&
      (status === undefined || stateOf(feature).tone === status) &&
      (owner === undefined || feature.owner === owner) &&
      (tag === undefined || feature.tags.includes(tag)) &&
      matches(feature, words),
  );
}
