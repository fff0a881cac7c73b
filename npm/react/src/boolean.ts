/** For code that was written against a hook that answers a bare boolean. */
import { useFlagValue } from './use-flag-value.js';

/** Returns true if a flag is on; the default while there is no answer. */
export function useFeatureFlag(name: string, defaultValue = false): boolean {
  return useFlagValue(name, defaultValue);
}

export { useFlagClient } from './flag-context.js';
export { FlagClientProvider, FlagProvider, type FlagProviderOptions, type FlagProviderProps } from './flag-provider.js';
