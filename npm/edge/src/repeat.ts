/** Sends a write again while nothing was answered. */
import type { Ask } from './connection.js';
import { asTwinflagError, type TwinflagError } from './error.js';
import type { Asked } from './exchange.js';

/** The most times that a write is sent; its idempotency key, or the id of what it tells, has it done once. */
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 100;
/** If the worker asks to be left alone for longer, in milliseconds, the request is not sent again. */
const LONGEST_PAUSE_MS = 5000;

/** Asks up to three times, with growing pauses. @throws {TwinflagError} the last one */
export async function askRepeatedly<T>(ask: Ask, asked: Asked): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask<T>(asked);
    } catch (thrown) {
      const error = asTwinflagError(thrown);
      const pauseMs = pauseAfter(error, attempt);
      if (pauseMs === undefined || attempt >= ATTEMPTS) throw error;
      await new Promise(resolve => setTimeout(resolve, pauseMs));
    }
  }
}

/** The time to wait before asking again; `undefined` where that would lead nowhere. */
function pauseAfter(error: TwinflagError, attempt: number): number | undefined {
  if (!error.isPassing) return undefined;
  const longest = FIRST_PAUSE_MS * 2 ** (attempt - 1);
  const pauseMs = (error.retryAfterMs ?? 0) + Math.random() * longest;
  return pauseMs > LONGEST_PAUSE_MS ? undefined : pauseMs;
}
