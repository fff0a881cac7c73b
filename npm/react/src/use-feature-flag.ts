import { useFlagClient } from './flag-context.js';
import { type FlagState, stateOf } from './flag-state.js';
import { useFlag } from './use-flag.js';

/**
 * A flag's state; the component renders again when it changes, and for no other flag.
 *
 * The object is the same for as long as nothing in it changes. On a server, and until the page is hydrated, the answer of the provider's
 * bootstrap; without one the default, loading.
 */
export function useFeatureFlag(flagKey: string, defaultValue?: boolean): FlagState<boolean>;
export function useFeatureFlag(flagKey: string, defaultValue: string): FlagState<string>;
export function useFeatureFlag(flagKey: string, defaultValue: number): FlagState<number>;
export function useFeatureFlag<T>(flagKey: string, defaultValue: T): FlagState<T>;
export function useFeatureFlag(flagKey: string, defaultValue: unknown = false): FlagState<unknown> {
  return useFlag(useFlagClient(), flagKey, defaultValue, stateOf);
}
