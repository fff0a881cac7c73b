/** Values of many flags, of any type, by one request. */
import { breakerOf } from './breaker.js';
import { type ConnectionOptions, type Credential, complain, connect } from './connection.js';
import { asTwinflagError, TwinflagError } from './error.js';
import { addressOf } from './exchange.js';
import { isOff } from './off-switch.js';

/** The options of an evaluation of many flags. */
export interface ValuesOptions extends ConnectionOptions {
  /** A server key: a client key is refused. @default TWINFLAG_SERVER_KEY of the environment */
  readonly serverKey?: Credential | undefined;
  /** Further attributes of the user. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** The longest that the request may take, in milliseconds. @default 1000 */
  readonly timeoutMs?: number | undefined;
}

/** A default as the type that the flag's values have: any string for `'a'`. */
type Widened<T> = T extends boolean ? boolean : T extends string ? string : T extends number ? number : T;

interface Answers {
  readonly results: readonly { readonly value?: unknown; readonly errorCode?: string }[];
}

/**
 * The values of up to 1,000 flags for a user, by one request.
 *
 * Never throws: a flag that does not exist or has another type than its default, and all flags if the worker refuses or does not answer in
 * time, have their defaults, and `onError` gets the reason.
 *
 * @param defaults the default of each flag, by the flag's key or alias; its type is the type that the flag must have
 */
export async function getFeatureFlags<T extends Readonly<Record<string, unknown>>>(
  userId: string,
  defaults: T,
  options: ValuesOptions = {},
): Promise<{ [Key in keyof T]: Widened<T[Key]> }> {
  const { context, timeoutMs = 1000, onError = complain } = options;
  const names = Object.keys(defaults);
  const values = new Map(Object.entries(defaults));
  if (!isOff(options.enabled) && names.length > 0) {
    const ask = connect({ ...options, timeoutMs }, options.serverKey, 'TWINFLAG_SERVER_KEY');
    const known = { targetingKey: userId, userId, ...context };
    try {
      const body = { evaluations: names.map(flag => ({ flag, context: known, default: defaults[flag] })) };
      const { results } = await breakerOf(addressOf(options)).guard(() => ask<Answers>({ method: 'POST', path: '/v1/evaluate', body }));
      for (const [place, { value, errorCode }] of results.entries()) {
        if (errorCode !== undefined) onError(new TwinflagError({ status: 200, code: errorCode, detail: names[place]! }));
        else if (value !== undefined) values.set(names[place]!, value);
      }
    } catch (thrown) {
      onError(asTwinflagError(thrown));
    }
  }
  return Object.fromEntries(values) as { [Key in keyof T]: Widened<T[Key]> };
}
