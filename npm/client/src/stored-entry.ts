/**
 * Entries in which a program is kept.
 *
 * An entry is `<format> <checksum> <JSON>`, under a name that is a hash of the server and the key. It tells for which request and signed identity it
 * is as a hash, so that neither another visitor's nor another key's is used; the engine checks once more whom the program is for.
 */
import type { Entry } from './host/places.js';
import type { ProgramStore, StoredProgram } from './stored-program.js';

/** Of this form of entries, and of programs of the format 2. */
const FORMAT = '2.2';
/** The claims that always identify the bearer of a token: `IDENTITY_ATTRIBUTES` in `edge-worker/control/src/keys.rs`. */
const CLAIMS = ['customerId', 'organizationId', 'sessionId', 'targetingKey', 'userId'];
/** The beginning of an entry's name. */
export const PREFIX = 'twinflag/';

/** The name of the entry for a key of a server. */
export const nameOf = (url: string, clientKey: string) => PREFIX + hash(`${url}\n${clientKey}`);

/** The entry with this JSON. */
export const sealed = (json: string) => `${FORMAT} ${hash(json)} ${json}`;

/** The program of an entry; absent if it is another visitor's, or too old. @throws if the entry is damaged, or of another form */
export function openEntry(text: string, [requestOf, token]: Parameters<ProgramStore['read']>, maxAgeMs: number): StoredProgram | undefined {
  const [, format, checksum, json] = /^(\S+) (\S+) (.*)/.exec(text)!;
  if (format !== FORMAT || checksum !== hash(json!)) throw new TypeError();
  const { for: wanted, at, program, ...told } = JSON.parse(json!) as Entry;
  if (wanted !== hashOf(requestOf(told.known), token, told.visitor) || Math.abs(Date.now() - at) > maxAgeMs) return undefined;
  return { ...told, program: Uint8Array.from(atob(program), byte => byte.charCodeAt(0)) };
}

/**
 * The hash of a request by the bearer of a token. Of one identity each token counts the same; a token that cannot be read is an identity of its own.
 *
 * @param visitor what the edge told of the visitor, with a member for each claim that it takes
 */
export function hashOf(request: string, token = '', visitor: object | undefined): string {
  let identity = token;
  try {
    const claims = JSON.parse(atob(token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>;
    identity = JSON.stringify([...CLAIMS, ...Object.keys(visitor ?? {})].map(name => claims[name]));
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
