/** Who wants to know of changes: of one flag, or of anything. */
/** The key of those who want to know of anything; no flag has it. */
export const ANYTHING = Symbol() as unknown as string;

/** Subscriptions of one client. */
export interface Listeners {
  /** @param key that of a flag, or one that no flag has */
  add<T>(key: string, listener: (news: T) => void): () => void;
  /** Calls those who asked for one of these keys, each subscription once for each key. */
  call(keys: readonly string[], news: unknown): void;
  clear(): void;
}

export function createListeners(): Listeners {
  const byKey = new Map<string, Set<(news: never) => void>>();
  return {
    add<T>(flagKey: string, listener: (news: T) => void) {
      // The same function may be given twice; each time is a subscription of its own.
      const own = (news: T) => listener(news);
      const all = byKey.get(flagKey) ?? new Set();
      byKey.set(flagKey, all.add(own));
      return () => {
        if (all.delete(own) && all.size === 0 && byKey.get(flagKey) === all) byKey.delete(flagKey);
      };
    },
    call(keys, news) {
      const called = keys.flatMap(key => [...(byKey.get(key) ?? [])]);
      for (const listener of called) {
        try {
          listener(news as never);
        } catch (error) {
          // One listener's fault is not the others'.
          ((globalThis as Partial<typeof globalThis>).reportError ?? console.error)(error);
        }
      }
    },
    clear: () => byKey.clear(),
  };
}
