/** The times at which an open page, or a running process, asks the edge if its answers still hold. */
export interface RefreshOptions {
  /**
   * The milliseconds from one question to the next, at most; at least 1,000 and at most a day. 0 asks at no interval, but still when the
   * page is seen again, or online. @default 30000
   */
  readonly intervalMs?: number | undefined;
  /** The share of the interval, 0 to 1, by which it is shortened at random, so that pages do not come at once. @default 0.2 */
  readonly jitter?: number | undefined;
  /**
   * Whether the edge tells of changes as they are made, over one stream for as long as the page is seen. While it is open, the edge is
   * asked every 5 minutes at most. @default true in a page; false in Node, where the stream keeps the process alive until `close()`
   */
  readonly push?: boolean | undefined;
}

export const DEFAULT_INTERVAL_MS = 30_000;
/** The least interval while a stream tells of changes. */
export const PUSHED_INTERVAL_MS = 300_000;
const DEFAULT_JITTER = 0.2,
  SHORTEST_MS = 1000,
  LONGEST_MS = 86_400_000;

/** The options with what was left out. @throws {RangeError} for a number outside its bounds */
export function checkedRefresh({ intervalMs = DEFAULT_INTERVAL_MS, jitter = DEFAULT_JITTER }: RefreshOptions): {
  readonly intervalMs: number;
  readonly jitter: number;
} {
  if (intervalMs !== 0) check('refresh.intervalMs', intervalMs, SHORTEST_MS, LONGEST_MS);
  check('refresh.jitter', jitter, 0, 1);
  return { intervalMs, jitter };
}

/** Checks options in milliseconds, of which a timer takes no other: 1 to a day. @throws {RangeError} for NaN and anything else */
export function checkMs(options: Readonly<Record<string, number>>): void {
  for (const name in options) check(name, options[name]!, 1, LONGEST_MS);
}

function check(name: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) throw new RangeError(`${name} is ${value}; it must be from ${least} to ${most}`);
}
