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

/** Keeps one manager. Options that differ from those of the last call make a new one. */
function single<Options extends object, Manager>(create: (options?: Options) => Manager): (options?: Options) => Manager {
  let manager: Manager | undefined, last: Options | undefined;
  return options => {
    if (manager === undefined || (options && !isSame(options, last))) {
      manager = create(options);
      last = options && { ...options };
    }
    return manager;
  };
}

/** Returns true if two options have the same members, each the same value or function. */
function isSame<Options extends object>(options: Options, last: Options | undefined): boolean {
  if (!last) return false;
  const names = Object.keys(options) as (keyof Options)[];
  return (
    names.length === Object.keys(last).length && names.every(name => Object.hasOwn(last, name) && Object.is(options[name], last[name]))
  );
}

/**
 * The one manager of flags that there is. Options other than those of the last call make a new one of it, with an empty cache; a worker, whose
 * environment comes with each request, may pass the same ones each time.
 */
export const getFeatureFlagManager: (options?: FlagManagerOptions) => FeatureFlagManager = single(createFeatureFlagManager);

/** The one manager of rollouts that there is. Options other than those of the last call make a new one of it. */
export const getPilotRolloutManager: (options?: RolloutManagerOptions) => PilotRolloutManager = single(createPilotRolloutManager);

/** What the widget is told for a customer. */
export function getCustomerFlags(customerId: string): Promise<ChatWidgetFeatureFlags> {
  return getFeatureFlagManager().getCustomerFlags(customerId);
}
