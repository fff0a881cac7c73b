/** A flag as the admin API tells of it, as far as it is read here. */
export interface Feature {
  readonly aliases: readonly string[];
  readonly evaluation: { readonly value?: unknown };
  readonly featureName: string;
  readonly flagPath: string;
  readonly rollout: Rollout | null;
  readonly source: string | null;
  readonly statistics: Statistics;
}

/** Its rollout. */
export interface Rollout {
  readonly blacklistedCustomers: readonly string[];
  readonly createdAt: string | null;
  readonly currentTier: string | null;
  readonly minTierDuration: number;
  readonly next: {
    readonly allowed: boolean;
    readonly blockedBy?: string;
    readonly notBefore?: string;
    readonly percentage: number;
    readonly tier: string;
  } | null;
  readonly percentage: number;
  readonly rollbackThreshold: {
    readonly errorRate: number;
    readonly method: string;
    readonly minSamples: number;
    readonly timeWindow: number;
  };
  readonly startedAt: string | null;
  readonly status: string;
  readonly successRate: number;
  readonly tierSince: string | null;
  readonly whitelistedCustomers: readonly string[];
}

/** What was counted in its present stage. */
export interface Statistics {
  readonly errorRate: number | null;
  readonly errors: number;
  readonly exposures: number;
  readonly successRate: number | null;
}

/** All flags, and what they are for whoever was asked about. */
export interface Features {
  readonly evaluation: {
    readonly customerId?: string;
    readonly evaluatedAt: string;
    readonly organizationId?: string;
    readonly source: string;
  };
  readonly features: readonly Feature[];
  readonly version: number;
}
