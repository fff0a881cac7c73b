/** The pending schedules of an environment, which every view reads by one question. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { type Api, take } from './api/client.js';
import type { Schedule } from './api/model.js';
import { queryOf, useEnvironment } from './environment.js';
import { useRights, useSession } from './session.js';

/** The most schedules that may be pending; the server's own limit. */
const MOST = 500;

/** The question for the pending schedules of an environment, those that are due first first. */
export function schedulesOf(api: Api, name: string | undefined) {
  return queryOptions({
    queryKey: ['schedules', name ?? null],
    queryFn: () => take(api.GET('/api/admin/schedules', { params: { query: { ...queryOf(name), limit: MOST } } })),
  });
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
  return useQuery({ ...schedulesOf(api, name), enabled: readAll, refetchInterval: every ?? false });
}

/** The pending schedules about one flag; empty until they are known. */
export function useSchedulesAbout(flag: string): readonly Schedule[] {
  const { data } = useSchedules();
  return useMemo(() => data?.schedules.filter(schedule => schedule.flag === flag) ?? [], [data, flag]);
}
