/** What flags are for customers and organizations, and setting it: the admin API, with answers kept for a while. */

import type { FlagWrite } from './change.js';
import { type ConnectionOptions, type Credential, complain, connect } from './connection.js';
import { asTwinflagError, type TwinflagError } from './error.js';
import { defaultEvaluation, evaluationOf, type FlagEvaluation, type FlagOwner } from './evaluation.js';
import type { Features } from './feature.js';
import { createFlagCache } from './flag-cache.js';
import { isOff } from './off-switch.js';
import { setting } from './setting.js';
import { type ChatWidgetFeatureFlags, defaultsOf } from './widget.js';
import { write } from './write.js';

/** How a manager of flags works. */
export interface FlagManagerOptions extends ConnectionOptions {
  /** An operator's token, or who knows it. @default TWINFLAG_TOKEN of the environment */
  readonly token?: Credential | undefined;
  /** How long an answer is kept, in milliseconds. @default 300_000 */
  readonly cacheTtlMs?: number | undefined;
  /** How many answers are kept; beyond that the oldest goes. @default 10_000 */
  readonly cacheEntries?: number | undefined;
  /** How long nothing is asked after the worker could not answer, in milliseconds. @default 1000 */
  readonly retryMs?: number | undefined;
  /** Whose defaults count without the worker. @default TWINFLAG_ENVIRONMENT, or else NODE_ENV, of the environment */
  readonly environment?: string | undefined;
  /** What counts without the worker. @default the environment's of ENVIRONMENT_OVERRIDES, or else DEFAULT_CHAT_WIDGET_CONFIG */
  readonly defaults?: ChatWidgetFeatureFlags | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** Flags to set, in part: what is not named stays, `null` removes. */
export type FlagPatch = PartialTree<ChatWidgetFeatureFlags> & { readonly [name: string]: FlagLeaf };

/** A value, the name of a variant, `null`, or more of the tree. */
export type FlagLeaf = boolean | string | null | undefined | { readonly [name: string]: FlagLeaf };

type PartialTree<T> = { readonly [K in keyof T]?: T[K] extends object ? PartialTree<T[K]> : T[K] | null };

/** The flags of customers and organizations. */
export interface FeatureFlagManager {
  /** Never throws: what cannot be asked is the last good answer, or the defaults, and stale. */
  getFlags(of: FlagOwner): Promise<FlagEvaluation>;
  /** The configuration alone. */
  getCustomerFlags(customerId: string): Promise<ChatWidgetFeatureFlags>;
  /** Overrides of a customer. Throws a TwinflagError: one with a status says that nothing was set, one without that nobody knows. */
  setCustomerFlags(customerId: string, flags: FlagPatch, changedBy?: string, reason?: string): Promise<FlagWrite>;
  /** The same for an organization. */
  setOrganizationFlags(organizationId: string, flags: FlagPatch, changedBy?: string, reason?: string): Promise<FlagWrite>;
  clearCache(): void;
  /** Keys are `{customerId}:{organizationId}`. */
  getCacheStats(): { readonly size: number; readonly keys: readonly string[] };
  invalidateCache(customerId: string): void;
  /** Also for customers that were asked about alone. */
  invalidateCacheForOrganization(organizationId: string): void;
}

const NO_REASON = 'no reason was given';

export function createFeatureFlagManager(options: FlagManagerOptions = {}): FeatureFlagManager {
  const { cacheTtlMs = 300_000, cacheEntries = 10_000, retryMs = 1000, onError = complain, now = Date.now } = options;
  const ask = connect(options, options.token, 'TWINFLAG_TOKEN');
  const cache = createFlagCache({ ttlMs: cacheTtlMs, entries: cacheEntries, now });
  /** An answer to a question that was asked before something was set says what was before. */
  let generation = 0;
  let quietUntil = -Infinity;

  const fallback = () => {
    const known = defaultsOf(options.environment ?? setting('TWINFLAG_ENVIRONMENT') ?? setting('NODE_ENV'));
    return options.defaults ? { ...known, config: options.defaults } : known;
  };

  const evaluate = async ({ customerId, organizationId }: FlagOwner): Promise<FlagEvaluation> => {
    const query = new URLSearchParams();
    if (customerId !== undefined) query.set('customerId', customerId);
    if (organizationId !== undefined) query.set('organizationId', organizationId);
    return evaluationOf(await ask<Features>({ path: `/api/admin/feature-flags?${query}` }), fallback().config);
  };

  const withoutAnswer = (of: FlagOwner): FlagEvaluation => {
    const last = cache.last(of);
    return Object.freeze({ ...(last ?? defaultEvaluation(of, fallback(), now())), stale: true });
  };

  const failed = (error: TwinflagError) => {
    if (error.isPassing) quietUntil = now() + Math.max(retryMs, error.retryAfterMs ?? 0);
    onError(error);
  };

  const getFlags = async (of: FlagOwner): Promise<FlagEvaluation> => {
    if (isOff(options.enabled)) return defaultEvaluation(of, fallback(), now());
    const kept = cache.get(of);
    if (kept) return kept;
    if (now() < quietUntil) return withoutAnswer(of);
    const asked = generation;
    try {
      const evaluation = await evaluate(of);
      if (asked === generation) cache.set(of, evaluation);
      return evaluation;
    } catch (thrown) {
      failed(asTwinflagError(thrown));
      return withoutAnswer(of);
    }
  };

  const expire = (isConcerned: (of: FlagOwner) => boolean) => {
    generation++;
    cache.expire(isConcerned);
  };
  const invalidateCache = (customerId: string) => expire(of => of.customerId === customerId);
  const invalidateCacheForOrganization = (organizationId: string) => expire(of => of.organizationId === organizationId);

  const set = async (owner: FlagOwner, flags: FlagPatch, changedBy: string | undefined, reason = NO_REASON) => {
    const forget = () =>
      owner.customerId === undefined ? invalidateCacheForOrganization(owner.organizationId!) : invalidateCache(owner.customerId);
    try {
      return await write(ask, '/api/admin/overrides', { ...owner, flags, reason, changedBy });
    } finally {
      // Also where no answer came: it may have been done.
      forget();
    }
  };

  return {
    getFlags,
    getCustomerFlags: async customerId => (await getFlags({ customerId })).config,
    setCustomerFlags: (customerId, flags, changedBy, reason) => set({ customerId }, flags, changedBy, reason),
    setOrganizationFlags: (organizationId, flags, changedBy, reason) => set({ organizationId }, flags, changedBy, reason),
    clearCache() {
      generation++;
      cache.clear();
    },
    getCacheStats() {
      const keys = cache.keys();
      return { size: keys.length, keys };
    },
    invalidateCache,
    invalidateCacheForOrganization,
  };
}
