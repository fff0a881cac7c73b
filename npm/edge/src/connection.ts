/** Questions to the worker: each ends in time, and what goes wrong is an error with a code. */
import { TwinflagError } from './error.js';
import { type Asked, exchangeWith, notOurs, parsed } from './exchange.js';
import type { ConnectionOptions, Credential } from './options.js';

export type { ConnectionOptions, Credential } from './options.js';

/** Asks the worker once, with a credential; the answer's body, or a {@link TwinflagError}. */
export type Ask = <T>(asked: Asked) => Promise<T>;

/** @param name the variable of the environment that has the credential where none is given */
export function connect(options: ConnectionOptions, credential: Credential | undefined, name: string): Ask {
  const exchange = exchangeWith(options, credential, name);
  return async <T>(asked: Asked) => {
    const { status, text } = await exchange(asked);
    const answer = parsed(text);
    if (answer === undefined) throw new TwinflagError({ status, code: 'GENERAL', detail: notOurs(status) });
    return answer as T;
  };
}

/** Tells on the console what went wrong, where no caller listens. */
export function complain(error: TwinflagError): void {
  console.error(`twinflag: ${error.message}`);
}
