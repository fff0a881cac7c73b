/** Answers that were read, kept until they change: a repeated read is a look-up, and gives the same object. */
import type { FlagDetails } from './flag-client.js';
import { MOST_DEFAULTS, MOST_KEYS } from './limits.js';
import { requestedType } from './values.js';

/** A default of each type, in the order of their numbers: an answer depends on no more of it. */
const SAMPLES: readonly unknown[] = [undefined, false, '', 0, {}];

/** Keeps a value under a new key; of more than `most` the oldest one is let go. */
function keep<K, V>(map: Map<K, V>, most: number, key: K, value: V): V {
  if (map.size >= most) map.delete(map.keys().next().value as K);
  map.set(key, value);
  return value;
}

/** The answer for every default of one type. */
interface Kept {
  readonly details: FlagDetails;
  /** Where the caller's default is answered: the details with each default. */
  readonly defaults: Map<unknown, FlagDetails>;
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
      const kinds = byKey.get(flagKey) ?? keep(byKey, MOST_KEYS, flagKey, [] as Kept[]);
      const kind = requestedType(defaultValue);
      const kept = (kinds[kind] ??= { details: ask(flagKey, SAMPLES[kind]), defaults: new Map() });
      return (kept.details.variant === undefined ? withDefault(kept, defaultValue) : kept.details) as FlagDetails<T>;
    },
    renew() {
      const changed = new Set<string>();
      for (const [flagKey, kinds] of byKey) {
        for (const [kind, kept] of kinds.entries()) {
          if (!kept) continue;
          const details = ask(flagKey, SAMPLES[kind]);
          // Without a variant both hold the same sample.
          if (JSON.stringify(kept.details) === JSON.stringify(details)) continue;
          kinds[kind] = { details, defaults: new Map() };
          changed.add(flagKey);
        }
      }
      return changed;
    },
  };
}

function withDefault({ details, defaults }: Kept, value: unknown): FlagDetails {
  return defaults.get(value) ?? keep(defaults, MOST_DEFAULTS, value, { ...details, value });
}
