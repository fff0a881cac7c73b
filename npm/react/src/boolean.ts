/** For code that was written against a hook that answers a bare boolean. */
import { useCallback, useSyncExternalStore } from 'react';

import { useFlagClient } from './flag-context.js';

/** Whether a flag is on; off while nothing is known. */
export function useFeatureFlag(name: string): boolean {
  const client = useFlagClient();
  const subscribe = useCallback((listener: () => void) => client.subscribe(name, listener), [client, name]);
  return useSyncExternalStore(
    subscribe,
    () => client.isEnabled(name),
    () => false,
  );
}

export { useFlagClient } from './flag-context.js';
export { FlagClientProvider, FlagProvider, type FlagProviderProps } from './flag-provider.js';
