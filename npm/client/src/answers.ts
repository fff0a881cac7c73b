/** Answers that were read, kept until they change: a repeated read is a look-up, and gives the same object. */
import type { FlagDetails } from './flag-client.js';
import { requestedType } from './values.js';

/** A default of each type, in the order of their numbers: an answer depends on no more of it. */
const SAMPLES: readonly unknown[] = [undefined, false, '', 0, {}];

/** The answer for every default of one type. */
interface Kept {
  details: FlagDetails;
  /** Where the caller's default is answered: the details with each default. */
  defaults?: Map<unknown, FlagDetails>;
  /** The same for objects, which are let go with their owners. */
  objects?: WeakMap<object, FlagDetails>;
}

/** The answers of one client. */
export interface Answers {
  get<T>(flagKey: string, defaultValue: T): FlagDetails<T>;
  /** Asks again whatever was asked; tells the flags whose answer is another now. */
  renew(): Set<string>;
}

/** @param ask answers anew, from what is in force now */
export function createAnswers(ask: (flagKey: string, sample: unknown) => FlagDetails): Answers {
  const byKey = new Map<string, Kept[]>();
  return {
    get<T>(flagKey: string, defaultValue: T) {
      let kinds = byKey.get(flagKey);
      if (!kinds) byKey.set(flagKey, (kinds = []));
      const kind = requestedType(defaultValue);
      const kept = (kinds[kind] ??= { details: ask(flagKey, SAMPLES[kind]) });
      return (kept.details.variant === undefined ? withDefault(kept, defaultValue) : kept.details) as FlagDetails<T>;
    },
    renew() {
      const changed = new Set<string>();
      for (const [flagKey, kinds] of byKey) {
        for (const [kind, kept] of kinds.entries()) {
          if (!kept) continue;
          const details = ask(flagKey, SAMPLES[kind]);
          if (isSame(kept.details, details)) continue;
          kinds[kind] = { details };
          changed.add(flagKey);
        }
      }
      return changed;
    },
  };
}

function withDefault(kept: Kept, value: unknown): FlagDetails {
  const isObject = typeof value === 'object' && value !== null;
  const known = isObject ? (kept.objects ??= new WeakMap()) : (kept.defaults ??= new Map());
  let details = known.get(value as object);
  if (!details) known.set(value as object, (details = { ...kept.details, value }));
  return details;
}

function isSame(a: FlagDetails, b: FlagDetails): boolean {
  const { value: one, ...rest } = a,
    { value: other, ...others } = b;
  return (a.variant === undefined || JSON.stringify(one) === JSON.stringify(other)) && JSON.stringify(rest) === JSON.stringify(others);
}
