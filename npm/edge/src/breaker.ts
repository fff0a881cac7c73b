/** Keeps callers from asking a worker that does not answer: a request that would only fail costs its caller the whole time-out. */
import { TwinflagError } from './error.js';

/** The failures in a row after which requests are held back. */
const OPENS_AT = 5;
/** The longest that `Retry-After` is obeyed, in milliseconds. */
const LONGEST_RETRY_AFTER_MS = 300_000;

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
  /** The failures in a row; 0 after an answer. */
  readonly failures: number;
  /** The milliseconds to wait before the next request after a failure: a random part of a pause that doubles with each failure. */
  readonly pauseMs: number;
}

export function createBreaker({ firstMs = 1000, longestMs = 60_000, isShared = false }: BreakerOptions = {}): Breaker {
  let failures = 0,
    pauseMs = 0;
  /** Since when, by the clock, and for how long requests are held back. */
  let since = 0,
    heldMs = 0;

  // A clock that was set back ends the pause: the worker is asked too soon rather than too late.
  const isHeld = () => Math.abs(Date.now() - since) < heldMs;
  const hold = (ms: number) => {
    since = Date.now();
    heldMs = ms;
  };

  return {
    async guard(send) {
      if (isHeld()) throw new TwinflagError({ code: 'CIRCUIT_OPEN', detail: 'the worker did not answer, and is left alone for a while' });
      // The request that goes out now tries for the others.
      if (failures >= OPENS_AT) hold(firstMs);
      try {
        const answer = await send();
        failures = pauseMs = heldMs = 0;
        return answer;
      } catch (thrown) {
        if (thrown instanceof TwinflagError && thrown.isPassing && !(isShared && thrown.status === 429)) {
          failures++;
          const wished = Math.min(thrown.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
          const longest = Math.min(longestMs, firstMs * 2 ** (failures - 1));
          pauseMs = Math.max(wished, Math.random() * longest);
          hold(failures >= OPENS_AT ? Math.max(wished, longest / 2 + (Math.random() * longest) / 2) : wished);
        } else failures = pauseMs = heldMs = 0;
        throw thrown;
      }
    },
    get failures() {
      return failures;
    },
    get pauseMs() {
      return pauseMs;
    },
  };
}

/** The most workers whose breakers are kept. */
const MOST = 64;
const breakers = new Map<string, Breaker>();

/** The breaker that all checks in this process share for a worker's address. */
export function breakerOf(url: string): Breaker {
  const known = breakers.get(url);
  if (known) return known;
  for (const oldest of breakers.keys()) if (breakers.size >= MOST) breakers.delete(oldest);
  const breaker = createBreaker({ isShared: true });
  breakers.set(url, breaker);
  return breaker;
}
