/**
 * Keeps the last good program across reloads: a page has its last answers at once, also while the flag server is away.
 *
 * ```ts
 * import { storage } from '@twinflag/client/storage';
 *
 * const flags = createClient({ url, clientKey, context, storage: storage() });
 * ```
 *
 * An entry is `<format> <checksum> <JSON>`, under a name that is a hash of the server and the key. It tells for which request and signed identity it
 * is as a hash, so that neither another visitor's nor another key's is used; the engine checks once more whom the program is for.
 */
import type { Entry, Places } from './host/places.js';
import { LONGEST_AGE_MS, USUAL_AGE_MS } from './limits.js';
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

/** Of this form of entries, and of programs of the format 2. */
const FORMAT = '2.2';
/** The claims by which the edge identifies the bearer of a token: `ATTRIBUTES` in `edge-worker/src/auth/identity.rs`. */
const CLAIMS = ['customerId', 'organizationId', 'sessionId', 'targetingKey', 'userId'];
/** The name of an entry. */
const PREFIX = 'twinflag/';

/** The places of a page; reading a place throws where the browser refuses it. The code that writes adds the page's memory. */
const PLACES: Places = [() => localStorage, () => sessionStorage];

/** The rest of the code, which is loaded when there is something to keep: before, the first answers would wait for it. */
const rest = () => import('./host/places.js');

/** The option `storage` of `createClient`. @throws {RangeError} for an option outside its bounds */
export function storage({ maxAgeMs = USUAL_AGE_MS, parent }: StorageOptions = {}): MakeStore {
  check('storage.maxAgeMs', maxAgeMs, 1, LONGEST_AGE_MS);
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
  const open = (text: string, [requestOf, token]: Parameters<ProgramStore['read']>): StoredProgram | undefined => {
    const [, format, checksum, json] = /^(\S+) (\S+) (.*)/.exec(text)!;
    if (format !== FORMAT || checksum !== hash(json!)) throw new TypeError();
    const { for: wanted, at, program, ...told } = JSON.parse(json!) as Entry;
    if (wanted !== hashOf(requestOf(told.known), token) || Math.abs(Date.now() - at) > maxAgeMs) return undefined;
    return { ...told, program: Uint8Array.from(atob(program), byte => byte.charCodeAt(0)) };
  };
  return {
    read(...asked) {
      for (const place of PLACES) {
        try {
          const text = place().getItem(name);
          if (text === null) continue;
          try {
            const stored = open(text, asked);
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
          .then(text => open(text, asked))
          .catch(() => undefined)) as Promise<StoredProgram | undefined>;
    },
    write(request, token, stored) {
      rest()
        .then(({ keep, textOf }) => {
          const json = stored && textOf(hashOf(request, token), stored);
          keep(PLACES, name, json && `${FORMAT} ${hash(json)} ${json}`, parent);
        })
        .catch(() => undefined);
    },
  };
}

/** The hash of a request by the bearer of a token. Of one identity each token counts the same; a token that cannot be read is an identity of its own. */
function hashOf(request: string, token = ''): string {
  let identity = token;
  try {
    const claims = JSON.parse(atob(token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>;
    identity = JSON.stringify(CLAIMS.map(name => claims[name]));
  } catch {
    // No token, or none that tells its claims.
  }
  return hash(`${request}\n${identity}`);
}

/** 64 bits of a text, against damage and for names: no signature. */
const hash = (text: string) => lane(text, 0xdeadbeef, 2654435761) + lane(text, 0x41c6ce57, 1597334677);

/** Half of a hash. An odd factor loses nothing, so no change of a single unit goes unnoticed. */
function lane(text: string, value: number, factor: number): string {
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), factor);
  return ((value ^ (value >>> 16)) >>> 0).toString(36);
}
