/** The pending schedules of an environment, which every view reads by one question. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { type Api, take } from './api/client.js';
import type { Schedule } from './api/model.js';
import { queryOf, useEnvironment } from './environment.js';
import { useRights, useSession } from './session.js';

/** The most schedules that may be pending; the server's own limit. */
const MOST = 500;
/** The time between two looks at the schedules of other environments, in milliseconds. */
const ELSEWHERE_MS = 30_000;

/** The pending schedules of an environment, those that are due first first. */
const read = (api: Api, name: string | undefined) => () =>
  take(api.GET('/api/admin/schedules', { params: { query: { ...queryOf(name), limit: MOST } } }));

/** The question for the schedules of another environment than that of the views. No change there is told to the page, so it asks by time. */
export function schedulesElsewhere(api: Api, name: string | undefined) {
  return {
    queryKey: ['schedules-elsewhere', name ?? null],
    queryFn: read(api, name),
    refetchInterval: ELSEWHERE_MS,
    meta: { isTimed: true },
  };
}

/**
 * The pending schedules of the environment; nothing is asked for a caller of one organization.
 *
 * @param every the milliseconds between two looks at the attempts, of which no version tells; absent for none
 */
export function useSchedules(every?: number) {
  const { api } = useSession();
  const { readAll } = useRights();
  const { name } = useEnvironment();
  return useQuery({
    queryKey: ['schedules', name ?? null],
    queryFn: read(api, name),
    enabled: readAll,
    refetchInterval: every ?? false,
  });
}

/** The pending schedules about one flag; empty until they are known. */
export function useSchedulesAbout(flag: string): readonly Schedule[] {
  const { data } = useSchedules();
  return useMemo(() => data?.schedules.filter(schedule => schedule.flag === flag) ?? [], [data, flag]);
}
