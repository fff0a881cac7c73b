/** Requests to the worker: each ends in time, and what goes wrong is an error with a code. */
import { asTwinflagError, TwinflagError } from './error.js';
import { type Asked, exchangeWith, parsed } from './exchange.js';
import type { ConnectionOptions, Credential } from './options.js';

export type { ConnectionOptions, Credential } from './options.js';

/** Asks the worker as somebody; the answer's body, or a {@link TwinflagError}. */
export type Ask = <T>(asked: Asked) => Promise<T>;

/** How often a write is sent; its idempotency key, or the id of what it tells, sees to it that it is done once. */
export const WRITE_ATTEMPTS = 3;

const FIRST_PAUSE_MS = 100;
/** If the worker asks to be left alone for longer, in milliseconds, the request is not sent again. */
const LONGEST_PAUSE_MS = 5000;

/** @param name the variable of the environment that has the credential where none is given */
export function connect(options: ConnectionOptions, credential: Credential | undefined, name: string): Ask {
  const exchange = exchangeWith(options, credential, name);

  const once = async <T>(asked: Asked): Promise<T> => {
    const { status, text } = await exchange(asked);
    const answer = parsed(text);
    if (answer === undefined) throw new TwinflagError({ status, code: 'GENERAL', detail: `the answer was ${status}, and not a worker's` });
    return answer as T;
  };

  return async asked => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(asked);
      } catch (thrown) {
        const error = asTwinflagError(thrown);
        const pauseMs = pauseAfter(error, attempt);
        if (pauseMs === undefined || attempt >= (asked.attempts ?? 1)) throw error;
        await new Promise(resolve => setTimeout(resolve, pauseMs));
      }
    }
  };
}

/** How long to wait before asking again; `undefined` where that would lead nowhere. */
function pauseAfter(error: TwinflagError, attempt: number): number | undefined {
  if (!error.isPassing) return undefined;
  const longest = FIRST_PAUSE_MS * 2 ** (attempt - 1);
  const pauseMs = (error.retryAfterMs ?? 0) + Math.random() * longest;
  return pauseMs > LONGEST_PAUSE_MS ? undefined : pauseMs;
}

/** Says what went wrong where nobody else listens. */
export function complain(error: TwinflagError): void {
  console.error(`twinflag: ${error.message}`);
}
