import type { FlagClient, FlagDetails } from '@twinflag/client';
import { useCallback, useSyncExternalStore } from 'react';

/**
 * Follows one flag of a client; the component renders again when what is picked of its details is another value, and for no other flag.
 *
 * @param hydrated the details to be picked from on a server, and until the page is hydrated
 */
export function useFlag<T, P>(
  client: FlagClient,
  flagKey: string,
  defaultValue: T,
  pick: (details: FlagDetails<T>) => P,
  hydrated: () => FlagDetails<T> = () => client.first.get(flagKey, defaultValue),
): P {
  const subscribe = useCallback((listener: () => void) => client.subscribe(flagKey, listener), [client, flagKey]);
  return useSyncExternalStore(
    subscribe,
    () => pick(client.get(flagKey, defaultValue)),
    () => pick(hydrated()),
  );
}
