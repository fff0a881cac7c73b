/** A client whose keys and values the compiler knows, by the declarations that `twinflag types` writes. */
import type { Client, FlagDetails } from './flag-client.js';
import type { FlagValue } from './types.js';

type Key<Flags> = keyof Flags & string;

/** The keys of the flags whose values are true or false. */
type BooleanKey<Flags> = { [flagKey in Key<Flags>]: Flags[flagKey] extends boolean ? flagKey : never }[Key<Flags>];

/**
 * A client that knows its flags: a key that is misspelt, or a default of another type, does not compile.
 *
 * ```ts
 * import type { Flags } from './flags.js';   // twinflag types --output flags.d.ts
 *
 * const flags: TypedFlagClient<Flags> = createClient({ url, clientKey });
 * ```
 */
export interface TypedFlagClient<Flags> extends Omit<Client, 'get' | 'getValue' | 'isEnabled' | 'inspect' | 'override'> {
  get<K extends Key<Flags>>(flagKey: K, defaultValue: Flags[K]): FlagDetails<Flags[K]>;
  getValue<K extends Key<Flags>>(flagKey: K, defaultValue: Flags[K]): Flags[K];
  isEnabled(flagKey: BooleanKey<Flags>): boolean;
  inspect(flagKey: Key<Flags>): FlagDetails;
  override<K extends Key<Flags>>(flagKey: K, variant?: string, value?: Flags[K] & FlagValue): boolean;
}
