/** The cache of answers that the views share. */
import { QueryClient } from '@tanstack/react-query';

import { Refusal } from './api/refusal.js';

export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // `live.ts` says when something is out of date.
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        // Questions are asked even if the browser believes that it is offline: its belief is often wrong.
        networkMode: 'always',
        retry: (count, error) => count < 2 && error instanceof Refusal && (error.kind === 'unreachable' || error.kind === 'unavailable'),
      },
      mutations: { networkMode: 'always' },
    },
  });
}
