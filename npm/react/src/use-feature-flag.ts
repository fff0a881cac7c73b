import { useCallback, useMemo, useSyncExternalStore } from 'react';

import { useFlagClient } from './flag-context.js';
import { type FlagState, loadingState, stateOf } from './flag-state.js';

/**
 * A flag's state; the component renders again when it changes, and for no other flag.
 *
 * The object is the same for as long as nothing in it changes. On a server, and until the page is hydrated, the default, loading.
 */
export function useFeatureFlag(flagKey: string, defaultValue?: boolean): FlagState<boolean>;
export function useFeatureFlag(flagKey: string, defaultValue: string): FlagState<string>;
export function useFeatureFlag(flagKey: string, defaultValue: number): FlagState<number>;
export function useFeatureFlag<T>(flagKey: string, defaultValue: T): FlagState<T>;
export function useFeatureFlag(flagKey: string, defaultValue: unknown = false): FlagState<unknown> {
  const client = useFlagClient();
  const subscribe = useCallback((listener: () => void) => client.subscribe(flagKey, listener), [client, flagKey]);
  const loading = useMemo(() => loadingState(defaultValue), [defaultValue]);
  return useSyncExternalStore(
    subscribe,
    () => stateOf(client.get(flagKey, defaultValue)),
    () => loading,
  );
}
