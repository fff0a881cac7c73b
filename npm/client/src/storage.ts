/**
 * Keeps the last good program across reloads: a page has its last answers at once, also while the flag server is away.
 *
 * ```ts
 * import { storage } from '@twinflag/client/storage';
 *
 * const flags = createClient({ url, clientKey, context, storage: storage() });
 * ```
 *
 * An entry is `<format> <checksum> <JSON>`, under a name that is a hash of the server and the key. It tells for which request it is as a hash, so
 * that neither another visitor's nor another key's is used; the engine checks once more whom the program is for.
 */
import type { Entry, Places } from './host/places.js';
import { check } from './refresh-options.js';
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

const DAY_MS = 86_400_000,
  LONGEST_DAYS = 366;
/** Of this form of entries, and of programs of the format 2. */
const FORMAT = '1.2';
/** The name of an entry. */
const PREFIX = 'twinflag/';

const kept = new Map<string, string>();
/** The places of a page, from the one that lasts longest, and then its memory; reading a place throws where the browser refuses it. */
const PLACES: Places = [
  () => localStorage,
  () => sessionStorage,
  () => ({
    getItem: name => kept.get(name) ?? null,
    setItem: (name, text) => void kept.set(name, text),
    removeItem: name => void kept.delete(name),
  }),
];

/** The rest of the code, which is loaded when there is something to keep: before, the first answers would wait for it. */
const rest = () => import('./host/places.js');

/** The option `storage` of `createClient`. @throws {RangeError} for an option outside its bounds */
export function storage({ maxAgeMs = 30 * DAY_MS, parent }: StorageOptions = {}): MakeStore {
  check('storage.maxAgeMs', maxAgeMs, 1, LONGEST_DAYS * DAY_MS);
  return (url, clientKey) => createStore(PREFIX + hash(`${url}\n${clientKey}`), maxAgeMs, parent);
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
  const open = (text: string, request: string): StoredProgram | undefined => {
    const [, format, checksum, json] = /^(\S+) (\S+) (.*)/.exec(text)!;
    if (format !== FORMAT || checksum !== hash(json!)) throw new TypeError();
    const { for: wanted, at, program, ...told } = JSON.parse(json!) as Entry;
    if (wanted !== hash(request) || Math.abs(Date.now() - at) > maxAgeMs) return undefined;
    return { ...told, program: Uint8Array.from(atob(program), byte => byte.charCodeAt(0)) };
  };
  return {
    read(request) {
      for (const place of PLACES) {
        try {
          const text = place().getItem(name);
          if (text === null) continue;
          try {
            const stored = open(text, request);
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
          .then(text => open(text, request))
          .catch(() => undefined)) as Promise<StoredProgram | undefined>;
    },
    write(request, stored) {
      rest()
        .then(({ keep, textOf }) => {
          const json = stored && textOf(hash(request), stored);
          keep(PLACES, name, json && `${FORMAT} ${hash(json)} ${json}`, parent);
        })
        .catch(() => undefined);
    },
  };
}

/** 53 bits of a text, against damage and for names: no signature. */
function hash(text: string): string {
  let a = 0xdeadbeef,
    b = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (2 ** 32 * (b & 0x1fffff) + (a >>> 0)).toString(36);
}
