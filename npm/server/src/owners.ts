/** The overrides of the customers and organizations that were asked about, bounded in bytes. */
import { type Exchange, parsed, TwinflagError } from '@twinflag/edge/internal';

import { spelled, type Version, versionOf } from './version.js';

export type OwnerKind = 'customer' | 'organization';

/** A customer or an organization, by its id as text. */
export interface Owner {
  readonly kind: OwnerKind;
  readonly id: string;
}

/** The flag server's last word about an owner. */
export interface HeldOwner {
  /** The JSON text of the owner's overrides; absent where it has none. */
  readonly tree?: string;
  /** The organization that a customer belongs to; absent where the flag server knows of none. */
  readonly organizationId?: string;
}

/** The most owners in one question, and the most bytes of their ids: the flag server takes questions of 256,000 bytes. */
const MOST_ASKED = 1000,
  MOST_ASKED_BYTES = 200_000;
/** The bytes that an owner takes beside its texts. */
const BYTES_OF_OWNER = 200;

/** An answer about owners. */
export interface OwnersAnswer {
  readonly version: Version;
  /** True if the flag server could not ask its own store. */
  readonly stale: boolean;
  readonly owners: ReadonlyMap<string, readonly [Owner, HeldOwner]>;
}

export const nameOf = ({ kind, id }: Owner): string => `${kind}:${id}`;

/** The id of an owner in a context, as the rules read it: text, or a whole number's digits; absent where the attribute is neither. */
export function idOf(attribute: unknown): string | undefined {
  if (typeof attribute === 'string') return attribute || undefined;
  return Number.isSafeInteger(attribute) ? String(attribute) : undefined;
}

/** Questions about owners, each with at most so many that one request may ask for. */
export function* questionsOf(owners: Iterable<Owner>): Generator<Owner[]> {
  let some: Owner[] = [],
    bytes = 0;
  for (const owner of owners) {
    // A character takes three bytes at most, and an escape six.
    const more = 6 * owner.id.length + 3;
    if (some.length >= MOST_ASKED || (some.length > 0 && bytes + more > MOST_ASKED_BYTES)) {
      yield some;
      some = [];
      bytes = 0;
    }
    some.push(owner);
    bytes += more;
  }
  if (some.length > 0) yield some;
}

/**
 * Asks about owners.
 *
 * @param since the version at which they were known; owners that are left out of the answer are as they were then
 */
export async function askOwners(
  exchange: Exchange,
  owners: readonly Owner[],
  versions: { readonly since?: Version; readonly minVersion?: Version },
): Promise<OwnersAnswer> {
  const ids = (of: OwnerKind) => owners.filter(({ kind }) => kind === of).map(({ id }) => id);
  const named = Object.entries(versions).filter(([, version]) => version !== undefined);
  const { text } = await exchange({
    method: 'POST',
    path: '/v1/overrides',
    body: {
      customers: ids('customer'),
      organizations: ids('organization'),
      ...Object.fromEntries(named.map(([name, version]) => [name, spelled(version as Version)])),
    },
  });
  return answerOf(text) ?? refuse();
}

function refuse(): never {
  throw new TwinflagError({ code: 'ANSWER_MALFORMED', detail: 'the answer has no overrides' });
}

type Wire = Readonly<Record<string, { readonly organizationId?: unknown; readonly tree?: unknown }>>;

/** Reads an answer; absent where any part of it is not as it should be, so that it is taken whole or not at all. */
function answerOf(text: string): OwnersAnswer | undefined {
  const answer = parsed(text) as
    | { customers?: Wire; organizations?: Wire; epoch?: unknown; version?: unknown; stale?: unknown }
    | undefined;
  const version = versionOf(`${answer?.epoch}.${answer?.version}`);
  if (!answer || !version || !isObject(answer.customers) || !isObject(answer.organizations)) return undefined;
  const owners = new Map<string, readonly [Owner, HeldOwner]>();
  for (const [kind, wire] of [['customer', answer.customers] as const, ['organization', answer.organizations] as const]) {
    for (const [id, held] of Object.entries(wire)) {
      const isSound = isObject(held) && isTextOrAbsent(held.tree) && isTextOrAbsent(held.organizationId);
      if (!isSound) return undefined;
      const owner = { kind, id };
      owners.set(nameOf(owner), [owner, held as HeldOwner]);
    }
  }
  return { version, stale: answer.stale === true, owners };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextOrAbsent = (value: unknown) => value === undefined || typeof value === 'string';

/** The owners that are held, those whose last use is the longest ago first. */
export interface HeldOwners {
  get(owner: Owner): HeldOwner | undefined;
  /** @returns the owners that had to go for it */
  set(owner: Owner, held: HeldOwner): Owner[];
  remove(owner: Owner): void;
  all(): IterableIterator<readonly [Owner, HeldOwner]>;
  clear(): void;
  readonly bytes: number;
}

export function createHeldOwners(mostBytes: number): HeldOwners {
  const entries = new Map<string, readonly [Owner, HeldOwner]>();
  let bytes = 0;
  const sizeOf = ({ id }: Owner, { tree = '', organizationId = '' }: HeldOwner) =>
    BYTES_OF_OWNER + 2 * (id.length + tree.length + organizationId.length);
  const remove = (name: string) => {
    const entry = entries.get(name);
    if (!entry) return;
    entries.delete(name);
    bytes -= sizeOf(...entry);
  };
  return {
    get(owner) {
      const name = nameOf(owner),
        entry = entries.get(name);
      if (!entry) return undefined;
      entries.delete(name);
      entries.set(name, entry);
      return entry[1];
    },
    set(owner, held) {
      const name = nameOf(owner);
      remove(name);
      entries.set(name, [owner, held]);
      bytes += sizeOf(owner, held);
      const gone: Owner[] = [];
      for (const [oldest, [its]] of entries) {
        if (bytes <= mostBytes || oldest === name) break;
        remove(oldest);
        gone.push(its);
      }
      return gone;
    },
    remove: owner => remove(nameOf(owner)),
    all: () => entries.values(),
    clear() {
      entries.clear();
      bytes = 0;
    },
    get bytes() {
      return bytes;
    },
  };
}
