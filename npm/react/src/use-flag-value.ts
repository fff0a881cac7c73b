import type { FlagDetails } from '@twinflag/client';

import { useFlagClient } from './flag-context.js';
import { useFlag } from './use-flag.js';

const valueIn = <T>({ value }: FlagDetails<T>): T => value;

/** A flag's value alone, or the default. The component renders again when the value changes, not for another reason of the same value. */
export function useFlagValue(flagKey: string, defaultValue: boolean): boolean;
export function useFlagValue(flagKey: string, defaultValue: string): string;
export function useFlagValue(flagKey: string, defaultValue: number): number;
export function useFlagValue<T>(flagKey: string, defaultValue: T): T;
export function useFlagValue(flagKey: string, defaultValue: unknown): unknown {
  return useFlag(useFlagClient(), flagKey, defaultValue, valueIn);
}
