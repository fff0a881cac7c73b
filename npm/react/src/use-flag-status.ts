import type { ClientStatus } from '@twinflag/client';
import { useMemo, useSyncExternalStore } from 'react';

import { useFlagClient } from './flag-context.js';

/** The status of the provider's client. */
export interface FlagStatus {
  /** `pending` has no answers yet, `error` cannot get any, and `stale` has some that nothing confirmed of late, or another visitor's. */
  readonly status: ClientStatus;
  /** Why the last request failed; absent after one that did not. */
  readonly error: Error | undefined;
}

/** The status of the client above; the component renders again when it changes, and for no flag. */
export function useFlagStatus(): FlagStatus {
  const client = useFlagClient();
  const status = useSyncExternalStore(
    client.subscribe,
    () => client.status,
    () => client.first.status,
  );
  const error = useSyncExternalStore(
    client.subscribe,
    () => client.error,
    () => undefined,
  );
  return useMemo(() => ({ status, error }), [status, error]);
}
