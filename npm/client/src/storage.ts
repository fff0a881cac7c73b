/**
 * Keeps the last good program across reloads: a page has its last answers at once, also while the flag server is away.
 *
 * ```ts
 * import { storage } from '@twinflag/client/storage';
 *
 * const flags = createClient({ url, clientKey, context, storage: storage() });
 * ```
 */
import type { Places } from './host/places.js';
import { LONGEST_AGE_MS, USUAL_AGE_MS } from './limits.js';
import { check } from './refresh-options.js';
import { hashOf, nameOf, openEntry, PREFIX, sealed } from './stored-entry.js';
import type { MakeStore, ProgramStore, StoredProgram } from './stored-program.js';

export type { MakeStore, ProgramStore, StoredProgram } from './stored-program.js';

export interface StorageOptions {
  /** The milliseconds for which a program is kept, 1 to 86,400,000 times 366. @default 30 days */
  readonly maxAgeMs?: number;
  /**
   * The origin of the page that embeds this one, such as `https://shop.example.com`, if it calls `shareStorage`: it keeps programs where the
   * browser gives an embedded page no storage. @default none is asked
   */
  readonly parent?: string;
}

export interface ShareOptions {
  /** The origins of embedded pages that may keep programs here. */
  readonly origins: readonly string[];
}

/** The places of a page; reading a place throws where the browser refuses it. The code that writes adds the page's memory. */
const PLACES: Places = [() => localStorage, () => sessionStorage];

/** The rest of the code, which is loaded when there is something to keep: before, the first answers would wait for it. */
const rest = () => import('./host/places.js');

/** The option `storage` of `createClient`. @throws {RangeError} for an option outside its bounds */
export function storage({ maxAgeMs = USUAL_AGE_MS, parent }: StorageOptions = {}): MakeStore {
  check('storage.maxAgeMs', maxAgeMs, 1, LONGEST_AGE_MS);
  return (url, clientKey) => createStore(nameOf(url, clientKey), maxAgeMs, parent);
}

/**
 * Keeps programs for pages that this one embeds, and that the browser gives no storage. Answers messages of the given origins only.
 *
 * @returns ends it
 */
export function shareStorage({ origins }: ShareOptions): () => void {
  const listening = new AbortController();
  void rest().then(({ serve }) => serve(PLACES, PREFIX, origins, listening.signal));
  return () => listening.abort();
}

function createStore(name: string, maxAgeMs: number, parent: string | undefined): ProgramStore {
  return {
    read(...asked) {
      for (const place of PLACES) {
        try {
          const text = place().getItem(name);
          if (text === null) continue;
          try {
            const stored = openEntry(text, asked, maxAgeMs);
            if (stored) return stored;
          } catch {
            // Damaged, or of another form.
            place().removeItem(name);
          }
        } catch {
          // The browser refuses this place.
        }
      }
      return (parent &&
        rest()
          .then(({ ask }) => ask(name, parent))
          .then(text => openEntry(text, asked, maxAgeMs))
          .catch(() => undefined)) as Promise<StoredProgram | undefined>;
    },
    write(request, token, stored) {
      rest()
        .then(({ keep, textOf }) => {
          const json = stored && textOf(hashOf(request, token, stored.visitor), stored);
          keep(PLACES, name, json && sealed(json), parent);
        })
        .catch(() => undefined);
    },
  };
}
