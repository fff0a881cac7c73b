/** A rollout as the manager tells of it. */
import type { Feature } from './feature.js';

export type RolloutStatus = 'planned' | 'active' | 'paused' | 'completed' | 'rolled_back';

export type RolloutTier = 'tier_0_disabled' | 'tier_1_internal' | 'tier_2_early_adopters' | 'tier_3_general' | 'tier_4_full';

/** When a rollout takes itself back. */
export interface RollbackThreshold {
  /** The share of errors that is too many. @default 0.05 */
  readonly errorRate?: number;
  /** How far back it looks, in milliseconds. @default 3_600_000 */
  readonly timeWindow?: number;
  /** Fewer outcomes than this say nothing. @default 20 */
  readonly minSamples?: number;
  /** The literal rule, or a test that may be looked at as often as one likes. @default 'sequential' */
  readonly method?: 'threshold' | 'sequential';
}

/** A rollout to be made. */
export interface NewRollout {
  /** The flag's key or an alias. */
  readonly featureName: string;
  readonly whitelistedCustomers?: readonly string[];
  readonly blacklistedCustomers?: readonly string[];
  readonly rollbackThreshold?: RollbackThreshold;
  /** How long a tier lasts at least, in milliseconds. @default 172_800_000 */
  readonly minTierDuration?: number;
  /** More than this share must have gone well before it goes on. @default 0.95 */
  readonly successRate?: number;
  /** A plain percentage, without tiers. */
  readonly percentage?: number;
}

/** A rollout as it stands. */
export interface RolloutConfig {
  readonly featureName: string;
  /** The flag's key. */
  readonly flagPath: string;
  readonly status: RolloutStatus;
  /** `null` for a plain percentage. */
  readonly currentTier: RolloutTier | null;
  readonly percentage: number;
  readonly whitelistedCustomers: readonly string[];
  readonly blacklistedCustomers: readonly string[];
  readonly rollbackThreshold: Required<RollbackThreshold>;
  readonly minTierDuration: number;
  readonly successRate: number;
  readonly createdAt: Date | null;
  readonly startedAt: Date | null;
  /** Since when its stage is what it is. */
  readonly tierSince: Date | null;
  /** Where advancing leads, and what stands in its way; `null` where nowhere. */
  readonly next: NextTier | null;
}

/** The tier behind the present one. */
export interface NextTier {
  readonly tier: RolloutTier;
  readonly percentage: number;
  readonly allowed: boolean;
  readonly blockedBy?: string;
  readonly notBefore?: Date;
}

/** What was counted of a rollout in its present stage. */
export interface RolloutStats {
  readonly featureName: string;
  readonly flagPath: string;
  readonly status: RolloutStatus;
  readonly currentTier: RolloutTier | null;
  readonly percentage: number;
  /** Units that were exposed, and those of them that had an error. */
  readonly exposures: number;
  readonly errors: number;
  /** Shares; `null` while nobody was exposed. */
  readonly errorRate: number | null;
  readonly successRate: number | null;
}

/** The rollout of a flag, if it has one. */
export function rolloutOf({ featureName, flagPath, rollout }: Feature): RolloutConfig | undefined {
  if (!rollout) return undefined;
  const {
    status,
    currentTier,
    percentage,
    whitelistedCustomers,
    blacklistedCustomers,
    rollbackThreshold,
    minTierDuration,
    successRate,
    next,
  } = rollout;
  return {
    featureName,
    flagPath,
    status: status as RolloutStatus,
    currentTier: currentTier as RolloutTier | null,
    percentage,
    whitelistedCustomers,
    blacklistedCustomers,
    rollbackThreshold: rollbackThreshold as Required<RollbackThreshold>,
    minTierDuration,
    successRate,
    createdAt: date(rollout.createdAt),
    startedAt: date(rollout.startedAt),
    tierSince: date(rollout.tierSince),
    next: next && {
      tier: next.tier as RolloutTier,
      percentage: next.percentage,
      allowed: next.allowed,
      ...(next.blockedBy !== undefined && { blockedBy: next.blockedBy }),
      ...(next.notBefore !== undefined && { notBefore: new Date(next.notBefore) }),
    },
  };
}

/** Its statistics. */
export function statsOf(feature: Feature): RolloutStats | undefined {
  const rollout = rolloutOf(feature);
  if (!rollout) return undefined;
  const { featureName, flagPath, status, currentTier, percentage } = rollout,
    { exposures, errors, errorRate, successRate } = feature.statistics;
  return { featureName, flagPath, status, currentTier, percentage, exposures, errors, errorRate, successRate };
}

const date = (moment: string | null) => (moment === null ? null : new Date(moment));
