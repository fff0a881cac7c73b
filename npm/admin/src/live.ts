/** Notices changes that others made. This file alone decides when the page asks again: another source of news replaces it here. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { take } from './api/client.js';
import { Refusal } from './api/refusal.js';
import { useSession } from './session.js';

/** The time between two questions while the page is looked at, in milliseconds. 20 a minute are far from the server's limit of reads. */
const PERIOD_MS = 3_000;

/** `live`: the last question was answered. The others name why it was not. */
export type Liveness = 'asking' | 'live' | 'offline' | 'hubDown' | 'signedOut';

/** Asks for the newest change of an environment, and has every view read again once it is another one. */
export function useLive(environment: string | undefined): Liveness {
  const { api } = useSession();
  const queries = useQueryClient();
  const [liveness, setLiveness] = useState<Liveness>('asking');
  useEffect(() => {
    let newest: number | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const ask = async () => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') {
        const now = await news();
        if (isOver) return;
        setLiveness(now);
      }
      clearTimeout(timer);
      timer = setTimeout(ask, PERIOD_MS);
    };
    const news = async (): Promise<Liveness> => {
      try {
        const { changes } = await take(
          api.GET('/api/admin/changes', { params: { query: { limit: 1, ...(environment !== undefined && { environment }) } } }),
        );
        const sequence = changes[0]?.sequence ?? 0;
        if (newest !== undefined && newest !== sequence && !isOver) void queries.invalidateQueries();
        newest = sequence;
        return 'live';
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.kind === 'signedOut') return 'signedOut';
        return error.kind === 'unreachable' ? 'offline' : 'hubDown';
      }
    };
    void ask();
    const now = () => void ask();
    document.addEventListener('visibilitychange', now);
    addEventListener('online', now);
    addEventListener('offline', now);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', now);
      removeEventListener('online', now);
      removeEventListener('offline', now);
    };
  }, [api, queries, environment]);
  return liveness;
}
