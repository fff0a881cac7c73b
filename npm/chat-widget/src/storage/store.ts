/** A place that keeps texts by their names. Each method rejects if the place refuses, as a full or a blocked storage does. */
export interface Store {
  readonly kind: 'parent' | 'page' | 'memory';
  /** The text; `null` if there is none. */
  read(name: string): Promise<string | null>;
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The storage of this origin. Browsers deny even its name to some frames, so it is looked up by each call. */
export const pageStore: Store = {
  kind: 'page',
  read: async name => localStorage.getItem(name),
  write: async (name, text) => localStorage.setItem(name, text),
  remove: async name => localStorage.removeItem(name),
};

/** A store that lasts as long as the page. */
export function createMemoryStore(): Store {
  const texts = new Map<string, string>();
  return {
    kind: 'memory',
    read: async name => texts.get(name) ?? null,
    write: async (name, text) => void texts.set(name, text),
    remove: async name => void texts.delete(name),
  };
}

/** True for the error of a storage that has no room left. */
export function isFull(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'QuotaExceededError' || error.name === 'NS_ERROR_DOM_QUOTA_REACHED');
}
