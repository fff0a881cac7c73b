/** For code that was written against a hook that answers a bare boolean. */
import { useFlagValue } from './use-flag-value.js';

/** Whether a flag is on; the default while nothing is known. */
export function useFeatureFlag(name: string, defaultValue = false): boolean {
  return useFlagValue(name, defaultValue);
}

export { useFlagClient } from './flag-context.js';
export { FlagClientProvider, FlagProvider, type FlagProviderOptions, type FlagProviderProps } from './flag-provider.js';
