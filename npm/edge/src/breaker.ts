/** Keeps callers from asking a worker that does not answer: a request that would only fail costs its caller the whole time-out. */
import { TwinflagError } from './error.js';
import { MOST_BREAKERS, OPENS_AT } from './limits.js';

/** How long requests are held back. */
export interface BreakerOptions {
  /** The longest pause after one failure, in milliseconds; twice as long after each further one. @default 1000 */
  readonly firstMs?: number | undefined;
  /** The longest pause after any number of failures, in milliseconds. @default 60_000 */
  readonly longestMs?: number | undefined;
  /** True if the requests are of several keys: a 429 then limits one of them, and holds back none. @default false */
  readonly isShared?: boolean | undefined;
}

/** The requests to one worker. */
export interface Breaker {
  /**
   * Sends a request, unless the worker asked to be left alone or failed five times in a row; then one request in each pause is sent, and the
   * others throw `CIRCUIT_OPEN` at once. Failures that the same request would meet again count as answers.
   */
  guard<T>(send: () => Promise<T>): Promise<T>;
  /** The milliseconds to wait before the next request after a failure: a random part of a pause that doubles with each failure. */
  readonly pauseMs: number;
}

export function createBreaker({ firstMs = 1000, longestMs = 60_000, isShared = false }: BreakerOptions = {}): Breaker {
  let failures = 0,
    pauseMs = 0;
  /** Since when, by the clock, and for how long requests are held back. */
  let since = 0,
    heldMs = 0;

  const hold = (ms: number) => {
    since = Date.now();
    heldMs = ms;
  };

  return {
    async guard(send) {
      // A clock that was set back ends the pause: the worker is asked too soon rather than too late.
      if (Math.abs(Date.now() - since) < heldMs)
        throw new TwinflagError({ code: 'CIRCUIT_OPEN', detail: 'the worker failed, and is left alone for a while' });
      // The request that goes out now tries for the others.
      if (failures >= OPENS_AT) hold(firstMs);
      let error: unknown;
      try {
        return await send();
      } catch (thrown) {
        throw (error = thrown);
      } finally {
        if (error instanceof TwinflagError && error.isPassing && !(isShared && error.status === 429)) {
          const wished = error.retryAfterMs ?? 0,
            longest = Math.min(longestMs, firstMs * 2 ** failures++);
          pauseMs = Math.max(wished, Math.random() * longest);
          hold(failures >= OPENS_AT ? Math.max(wished, longest * (0.5 + Math.random() / 2)) : wished);
        } else failures = pauseMs = heldMs = 0;
      }
    },
    get pauseMs() {
      return pauseMs;
    },
  };
}

const breakers = new Map<string, Breaker>();

/** The breaker that all checks in this process share for a worker's address. */
export function breakerOf(url: string): Breaker {
  const known = breakers.get(url);
  if (known) return known;
  for (const oldest of breakers.keys()) if (breakers.size >= MOST_BREAKERS) breakers.delete(oldest);
  const breaker = createBreaker({ isShared: true });
  breakers.set(url, breaker);
  return breaker;
}
