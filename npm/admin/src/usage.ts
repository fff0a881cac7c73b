/** The outcomes of a flag by the hour. They are counted all the time, so no change of a version tells of them: they are asked for by time. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { take } from './api/client.js';
import type { Feature } from './api/model.js';
import { useEnvironment } from './environment.js';
import { useSession } from './session.js';

const HOUR_MS = 3_600_000;
/** The time for which figures are shown without another question, in milliseconds. */
const FRESH_MS = 60_000;

/** The outcomes that arrived in one hour. */
export interface Hour {
  /** The beginning of the hour, in milliseconds since 1970. */
  readonly at: number;
  /** Every outcome but errors and rollbacks, by variant; those that named none under an empty text. */
  readonly exposures: ReadonlyMap<string, number>;
  readonly errors: number;
}

export interface Usage {
  /** The hours without a gap, the oldest first; the last one is not over. */
  readonly hours: readonly Hour[];
  /** The variants that outcomes named, by name. */
  readonly variants: readonly string[];
  readonly exposures: number;
  readonly errors: number;
}

/** The usage of a flag in the last `hours`; `undefined` until it is known, and while `isWanted` is false. It is asked for again as its counts change. */
export function useUsage({ flagPath, statistics }: Counted, hours: number, isWanted: boolean): Usage | undefined {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['usage', environment.name ?? null, flagPath, hours, statistics.exposures, statistics.errors],
    queryFn: async () => {
      const query = { ...environment.query, featureName: flagPath, hours };
      const { statistics } = await take(api.GET('/api/admin/stats', { params: { query } }));
      return usageOf(statistics[0]?.usage ?? [], hours, Date.now());
    },
    enabled: isWanted,
    staleTime: 0,
    refetchInterval: FRESH_MS,
    placeholderData: keepPreviousData,
    meta: { isTimed: true },
  });
  return data;
}

type Counted = Pick<Feature, 'flagPath' | 'statistics'>;

interface Used {
  readonly event: string;
  readonly hour: string;
  readonly outcomes: number;
  readonly variant: string | null;
}

function usageOf(used: readonly Used[], hours: number, now: number): Usage {
  const last = Math.floor(now / HOUR_MS) * HOUR_MS;
  const found = Array.from({ length: hours }, (_, index) => ({
    at: last - (hours - 1 - index) * HOUR_MS,
    exposures: new Map<string, number>(),
    errors: 0,
  }));
  let exposures = 0;
  let errors = 0;
  const variants = new Set<string>();
  for (const { event, hour, outcomes, variant } of used) {
    const at = found[hours - 1 - Math.round((last - Date.parse(hour)) / HOUR_MS)];
    if (!at || event === 'rollback') continue;
    if (event === 'error') {
      at.errors += outcomes;
      errors += outcomes;
    } else {
      const name = variant ?? '';
      variants.add(name);
      at.exposures.set(name, (at.exposures.get(name) ?? 0) + outcomes);
      exposures += outcomes;
    }
  }
  return { hours: found, variants: [...variants].sort(), exposures, errors };
}

/** All exposures of an hour. */
export function exposuresOf({ exposures }: Hour): number {
  let sum = 0;
  for (const count of exposures.values()) sum += count;
  return sum;
}
