/** Who wants to know of changes: of one flag, or of anything. */
import type { ClientChange } from './flag-client.js';

/** The key of those who want to know of anything; no flag has it. */
const ANYTHING = Symbol();

/** Subscriptions of one client. */
export interface Listeners {
  /** @param flagKey absent for anything */
  add(flagKey: string | undefined, listener: (change: ClientChange) => void): () => void;
  /** Calls whoever asked for one of the changed flags, each subscription once, and those who asked for anything. */
  call(change: ClientChange): void;
  clear(): void;
}

export function createListeners(): Listeners {
  const byKey = new Map<string | symbol, Set<(change: ClientChange) => void>>();
  return {
    add(flagKey = ANYTHING as unknown as string, listener) {
      // The same function may be given twice; each time is a subscription of its own.
      const own = (change: ClientChange) => listener(change);
      const all = byKey.get(flagKey) ?? new Set();
      byKey.set(flagKey, all.add(own));
      return () => {
        if (all.delete(own) && all.size === 0 && byKey.get(flagKey) === all) byKey.delete(flagKey);
      };
    },
    call(change) {
      const called = [...change.flagKeys, ANYTHING].flatMap(key => [...(byKey.get(key) ?? [])]);
      for (const listener of called) {
        try {
          listener(change);
        } catch (error) {
          // One listener's fault is not the others'.
          if (typeof reportError === 'function') reportError(error);
          else console.error(error);
        }
      }
    },
    clear: () => byKey.clear(),
  };
}
