import type { ErrorCode, FlagDetails, Reason } from '@twinflag/client';

/** What a component sees of a flag. */
export interface FlagState<T = boolean> {
  /** Whether the value is `true`. */
  readonly enabled: boolean;
  /** There is no answer yet, but one is on its way; the value is the default. */
  readonly loading: boolean;
  readonly value: T;
  /** Absent where the default is answered. */
  readonly variant: string | undefined;
  readonly reason: Reason;
  /** Why the default is answered, where that is a fault. */
  readonly error: ErrorCode | undefined;
  /** The answer is an older one, or that of the visitor before. */
  readonly stale: boolean;
}

const states = new WeakMap<FlagDetails, FlagState<unknown>>();

/** The state that details amount to: for the same details the same object. */
export function stateOf<T>(details: FlagDetails<T>): FlagState<T> {
  let state = states.get(details) as FlagState<T> | undefined;
  if (!state) {
    const { value, variant, reason, errorCode, pending = false, stale = false } = details;
    state = { enabled: value === true, loading: pending, value, variant, reason, error: pending ? undefined : errorCode, stale };
    states.set(details, state);
  }
  return state;
}
