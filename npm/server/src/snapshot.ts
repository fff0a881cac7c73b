/** The last known rules and overrides as one text, so that a process that starts while the flag server is away answers as the one before. */
import { parsed, TwinflagError } from '@twinflag/edge/internal';

import type { HeldOwner, Owner } from './owners.js';
import type { RulesText } from './rules.js';
import { spelled, versionOf } from './version.js';

/** A place that keeps one text, such as a file or an entry of a KV store. */
export interface SnapshotStore {
  /** The text that was written last; absent where there is none. */
  read(): Promise<string | null | undefined> | string | null | undefined;
  /** Replaces the text as a whole. */
  write(text: string): Promise<void> | void;
}

export interface Snapshot {
  readonly rules: RulesText;
  readonly owners: readonly (readonly [Owner, HeldOwner])[];
}

/** A KV store as Cloudflare's workers have it, or any other with these two methods. */
export interface KeyValueStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}

/** Keeps the snapshot under a key of a KV store. */
export function kvSnapshot(store: KeyValueStore, key: string): SnapshotStore {
  return { read: () => store.get(key), write: text => store.put(key, text) };
}

const FORMAT = 'twinflag-snapshot/1';

/**
 * Writes a snapshot: a line with the checksum of the rest, and the rest.
 *
 * @param source names the flag server and the key; a snapshot of another source is refused when it is read
 */
export async function writeSnapshot({ rules, owners }: Snapshot, source: string): Promise<string> {
  const { version, bucketKey, document } = rules;
  const body = JSON.stringify({ format: FORMAT, source: await sumOf(source), version: spelled(version), bucketKey, document, owners });
  return `${await sumOf(body)}\n${body}`;
}

/** Reads a snapshot. @throws a TwinflagError where it is damaged or of another source */
export async function readSnapshot(text: string, source: string, longest: number): Promise<Snapshot> {
  const refuse = (detail: string): never => {
    throw new TwinflagError({ code: 'SNAPSHOT_REFUSED', detail });
  };
  if (text.length > longest) refuse(`expected at most ${longest} characters`);
  const body = text.slice(text.indexOf('\n') + 1);
  if (text !== `${await sumOf(body)}\n${body}`) refuse('its checksum is wrong');
  const held = parsed(body) as { format?: string; source?: string; version?: string; owners: Snapshot['owners'] } & Partial<RulesText>;
  if (held.format !== FORMAT) refuse('its format is unknown');
  if (held.source !== (await sumOf(source))) refuse('it is of another flag server or key');
  // The checksum vouches for the rest: nobody but `writeSnapshot` makes it.
  const version = versionOf(held.version as unknown as string) ?? refuse('it names no version');
  return { rules: { version, bucketKey: held.bucketKey, document: held.document! }, owners: held.owners };
}

/** The SHA-256 of a text, as hexadecimal digits. */
async function sumOf(text: string): Promise<string> {
  const sum = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(sum), byte => byte.toString(16).padStart(2, '0')).join('');
}
