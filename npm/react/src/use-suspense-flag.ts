import type { FlagClient } from '@twinflag/client';

import { useFlagClient } from './flag-context.js';
import { type FlagState, stateOf } from './flag-state.js';
import { useFlag } from './use-flag.js';

/**
 * A flag's state, never loading: while there is no answer, the nearest `<Suspense>` shows its fallback. An answer that cannot be had is the
 * default with an error, as in `useFeatureFlag`.
 *
 * On a server the flag has to be in the provider's bootstrap, or the client be ready; otherwise the server renders the fallback.
 */
export function useSuspenseFlag(flagKey: string, defaultValue?: boolean): FlagState<boolean>;
export function useSuspenseFlag(flagKey: string, defaultValue: string): FlagState<string>;
export function useSuspenseFlag(flagKey: string, defaultValue: number): FlagState<number>;
export function useSuspenseFlag<T>(flagKey: string, defaultValue: T): FlagState<T>;
export function useSuspenseFlag(flagKey: string, defaultValue: unknown = false): FlagState<unknown> {
  const client = useFlagClient();
  const state = useFlag(client, flagKey, defaultValue, stateOf, () => {
    // Without a bootstrap, the server has waited for the answer that the page waits for now.
    const first = client.first.get(flagKey, defaultValue);
    return first.pending ? client.get(flagKey, defaultValue) : first;
  });
  if (state.loading) throw answerOf(client, flagKey);
  return state;
}

const awaited = new WeakMap<FlagClient, Map<string, Promise<void>>>();

/** Resolves when a flag is answered, or cannot be; for those who wait at the same time the same promise. */
function answerOf(client: FlagClient, flagKey: string): Promise<void> {
  const byKey = awaited.get(client) ?? new Map<string, Promise<void>>();
  awaited.set(client, byKey);
  const waiting = byKey.get(flagKey);
  if (waiting) return waiting;
  const answer = new Promise<void>(resolve => {
    const stop = client.subscribe(flagKey, () => {
      if (client.get(flagKey, undefined).pending) return;
      stop();
      byKey.delete(flagKey);
      resolve();
    });
  });
  byKey.set(flagKey, answer);
  return answer;
}
