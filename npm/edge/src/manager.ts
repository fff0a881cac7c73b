/**
 * The managers of flags and of rollouts, for back ends and edge functions:
 *
 * ```ts
 * import { getFeatureFlagManager } from '@twinflag/edge/manager';
 *
 * const { config, source } = await getFeatureFlagManager().getFlags({ customerId: 'customer-123' });
 * ```
 *
 * Address, token and server key are `TWINFLAG_URL`, `TWINFLAG_TOKEN` and `TWINFLAG_SERVER_KEY` of the environment, or options.
 */
import { createFeatureFlagManager, type FeatureFlagManager, type FlagManagerOptions } from './feature-flag-manager.js';
import { createPilotRolloutManager, type PilotRolloutManager, type RolloutManagerOptions } from './pilot-rollout-manager.js';
import type { ChatWidgetFeatureFlags } from './widget.js';

export type { FlagChangeEvent, FlagWrite } from './change.js';
export type { ConnectionOptions, Credential } from './connection.js';
export { TwinflagError } from './error.js';
export type { FlagEvaluation, FlagOwner, FlagSource } from './evaluation.js';
export type { FeatureFlagManager, FlagLeaf, FlagManagerOptions, FlagPatch } from './feature-flag-manager.js';
export { createFeatureFlagManager } from './feature-flag-manager.js';
export type { PilotRolloutManager, RolloutEvent, RolloutManagerOptions, StepOptions } from './pilot-rollout-manager.js';
export { createPilotRolloutManager } from './pilot-rollout-manager.js';
export type { NewRollout, NextTier, RollbackThreshold, RolloutConfig, RolloutStats, RolloutStatus, RolloutTier } from './rollout.js';
export type { ChatWidgetFeatureFlags, Environment } from './widget.js';
export { DEFAULT_CHAT_WIDGET_CONFIG, ENVIRONMENT_OVERRIDES } from './widget.js';

let flags: FeatureFlagManager | undefined, rollouts: PilotRolloutManager | undefined;

/** The one manager of flags that there is. Options make a new one of it, with an empty cache. */
export function getFeatureFlagManager(options?: FlagManagerOptions): FeatureFlagManager {
  return (flags = options || !flags ? createFeatureFlagManager(options) : flags);
}

/** The one manager of rollouts that there is. Options make a new one of it. */
export function getPilotRolloutManager(options?: RolloutManagerOptions): PilotRolloutManager {
  return (rollouts = options || !rollouts ? createPilotRolloutManager(options) : rollouts);
}

/** What the widget is told for a customer. */
export function getCustomerFlags(customerId: string): Promise<ChatWidgetFeatureFlags> {
  return getFeatureFlagManager().getCustomerFlags(customerId);
}
