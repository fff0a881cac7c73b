/** How a server's flags work. */
import type { ConnectionOptions, Credential, TwinflagError } from '@twinflag/edge/internal';

import type { SnapshotStore } from './snapshot.js';

export interface ServerOptions extends Omit<ConnectionOptions, 'enabled'> {
  /** The server key, `tf_server_…`, or a function that knows it. @default TWINFLAG_SERVER_KEY of the environment */
  readonly serverKey?: Credential | undefined;
  /**
   * How often the flag server is asked whether the rules still hold, in milliseconds, from 1 s to a day; 0 asks only at `refresh()`.
   * Each interval is shortened at random by up to a tenth, so that a fleet does not ask at once. @default 30_000
   */
  readonly refreshMs?: number | undefined;
  /** How long `ready()` waits at most, in milliseconds. @default 3000 */
  readonly readyMs?: number | undefined;
  /** The most bytes of the rules' document. @default 32_000_000 */
  readonly maxRulesBytes?: number | undefined;
  /** The most bytes of customers' and organizations' overrides; beyond that those go whose last use is the longest ago. @default 16_000_000 */
  readonly maxOwnerBytes?: number | undefined;
  /** Where the last known rules and overrides are kept across restarts. @default nowhere */
  readonly snapshot?: SnapshotStore | undefined;
  /** How outcomes are reported; `false` for not at all. */
  readonly outcomes?: OutcomeOptions | false | undefined;
  /** Keeps a runtime that ends with its response alive for work behind it: `ctx.waitUntil` of a worker. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Told of what goes wrong behind an answer. @default `console.error` */
  readonly onError?: ((error: TwinflagError) => void) | undefined;
}

/** How outcomes are reported. */
export interface OutcomeOptions {
  /** Whether an answer that a rollout drew is reported once for each unit and variant, so that its guard can judge it. @default true */
  readonly exposures?: boolean | undefined;
  /** Whether the number of answers is reported each minute by flag and variant, as the event `usage`. @default false */
  readonly usage?: boolean | undefined;
  /** How long outcomes are collected before they are sent, in milliseconds. @default 5000 */
  readonly flushMs?: number | undefined;
  /** How many outcomes wait at most; beyond that the oldest is dropped, and `onError` told. @default 10_000 */
  readonly most?: number | undefined;
}

/** A number within bounds, or the default. @throws {RangeError} for anything else */
export function bounded(name: string, given: number | undefined, otherwise: number, least: number, most: number): number {
  if (given === undefined) return otherwise;
  if (Number.isFinite(given) && given >= least && given <= most) return given;
  throw new RangeError(`expected ${name} from ${least} to ${most}, found ${given}`);
}
