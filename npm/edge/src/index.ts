/**
 * One check, for an edge function:
 *
 * ```ts
 * import { checkFeatureFlag } from '@twinflag/edge';
 *
 * if (await checkFeatureFlag(user.id, 'booking_agent_enabled')) …
 * ```
 */
import { breakerOf } from './breaker.js';
import { type ConnectionOptions, type Credential, complain, connect } from './connection.js';
import { asTwinflagError } from './error.js';
import { addressOf } from './exchange.js';
import { askFlag } from './flag.js';
import { isOff } from './off-switch.js';
import { setting } from './setting.js';

export { getFeatureFlagHash, isEnabled, type LocalFlag, userInBucket } from './bucket.js';
export type { ConnectionOptions, Credential } from './connection.js';
export { TwinflagError } from './error.js';
export { getFeatureFlags, type ValuesOptions } from './values.js';

/** How a flag is checked. */
export interface CheckOptions extends ConnectionOptions {
  /** A server key or a client key. @default TWINFLAG_SERVER_KEY, or else TWINFLAG_CLIENT_KEY, of the environment */
  readonly key?: Credential | undefined;
  /** What else is known of the user. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** The answer where there is none. @default false */
  readonly default?: boolean | undefined;
  /** How long it may take, in milliseconds. @default 1000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * Whether a flag is on for a user.
 *
 * Never throws: a flag that does not exist, a worker that does not answer in time or refuses is the default, and `onError` is told. After five
 * failures in a row the checks of this process leave the worker alone for up to a minute, and answer the default at once.
 */
export async function checkFeatureFlag(userId: string, flagName: string, options: CheckOptions = {}): Promise<boolean> {
  const { key = setting('TWINFLAG_SERVER_KEY'), context, default: otherwise = false, timeoutMs = 1000, onError = complain } = options;
  if (isOff(options.enabled)) return otherwise;
  const ask = connect({ ...options, timeoutMs }, key, 'TWINFLAG_CLIENT_KEY');
  try {
    const send = () => askFlag(ask, flagName, { targetingKey: userId, userId, ...context });
    return (await breakerOf(addressOf(options)).guard(send)) ?? otherwise;
  } catch (thrown) {
    onError(asTwinflagError(thrown));
    return otherwise;
  }
}
