/** Evaluations by customer and organization, for a while. */
import type { FlagEvaluation, FlagOwner } from './evaluation.js';

/** How long and how many. */
export interface CacheLimits {
  readonly ttlMs: number;
  readonly entries: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is kept. */
export interface FlagCache {
  /** What is still good. */
  get(of: FlagOwner): FlagEvaluation | undefined;
  /** What was good last, however long ago. */
  last(of: FlagOwner): FlagEvaluation | undefined;
  /** Keeps an answer; it names the organization that the customer was found to belong to. */
  set(of: FlagOwner, evaluation: FlagEvaluation): void;
  /** What these were told is not good any more. */
  expire(isConcerned: (of: FlagOwner) => boolean): void;
  clear(): void;
  /** Of what is still good: `{customerId}:{organizationId}`. */
  keys(): string[];
}

interface Entry {
  readonly owner: FlagOwner;
  readonly evaluation: FlagEvaluation;
  until: number;
}

export function createFlagCache({ ttlMs, entries: most, now }: CacheLimits): FlagCache {
  /** The oldest first. */
  const entries = new Map<string, Entry>();
  /** Who asks for a customer alone asks for the customer in this organization. */
  const organizations = new Map<string, string>();

  const resolved = ({ customerId, organizationId }: FlagOwner): FlagOwner => ({
    customerId,
    organizationId: organizationId ?? (customerId === undefined ? undefined : organizations.get(customerId)),
  });
  // What is shown may be the same for two: ids may hold colons.
  const keyOf = ({ customerId, organizationId }: FlagOwner) => JSON.stringify([customerId, organizationId]);
  const find = (of: FlagOwner) => entries.get(keyOf(resolved(of)));
  const isGood = (entry: Entry) => now() < entry.until;

  return {
    get(of) {
      const entry = find(of);
      return entry && isGood(entry) ? entry.evaluation : undefined;
    },
    last: of => find(of)?.evaluation,
    set({ customerId, organizationId: named }, evaluation) {
      const { organizationId } = evaluation;
      if (customerId !== undefined && named === undefined) {
        if (organizationId === undefined) organizations.delete(customerId);
        else organizations.set(customerId, organizationId);
      }
      const owner = { customerId, organizationId },
        key = keyOf(owner);
      entries.delete(key);
      entries.set(key, { owner, evaluation, until: now() + ttlMs });
      if (entries.size <= most) return;
      const [oldest, { owner: gone }] = entries.entries().next().value!;
      entries.delete(oldest);
      if (gone.customerId !== undefined && organizations.get(gone.customerId) === gone.organizationId)
        organizations.delete(gone.customerId);
    },
    expire(isConcerned) {
      for (const entry of entries.values()) if (isConcerned(entry.owner)) entry.until = 0;
    },
    clear() {
      entries.clear();
      organizations.clear();
    },
    keys: () => [...entries.values()].filter(isGood).map(({ owner }) => `${owner.customerId ?? ''}:${owner.organizationId ?? ''}`),
  };
}
