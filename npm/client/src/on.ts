/** Events of a client, each over one subscription; a bundler drops them where they are not used. */
import { EXPOSURES } from './exposures.js';
import type { Client, ClientChange, Unsubscribe } from './flag-client.js';
import type { Exposure } from './outcomes.js';

/** The argument that the listener of each event receives. */
export interface ClientEvents {
  /** Answers have changed, of flags that were ever asked for. */
  readonly change: ClientChange;
  /** The answers are those of the context again, and confirmed. */
  readonly ready: ClientChange;
  /** Older answers are in force. */
  readonly stale: ClientChange;
  /** A request failed; the client asks again by itself. */
  readonly error: Error;
  /**
   * A rollout was rolled back, by an operator or by the guard: the flag's answer is its off variant now. Once for each flag and rollback, however
   * often the answers become stale and are confirmed.
   */
  readonly rolledBack: { readonly flagKey: string };
  /** A visitor saw a variant for the first time; only with the option `outcomes`. */
  readonly exposure: Exposure;
}

/** Calls the listener at each of these events from now on. */
export function on<Name extends keyof ClientEvents>(
  client: Client,
  event: Name,
  listener: (event: ClientEvents[Name]) => void,
): Unsubscribe {
  const hear = listener as (event: unknown) => void;
  if (event === 'exposure') return client.subscribe(EXPOSURES, hear);
  let { status, error, version } = client;
  /** The flags that are rolled back as far as the listener knows. */
  const told = new Set<string>();
  return client.subscribe(change => {
    const [before, failure, last] = [status, error, version];
    ({ status, error, version } = client);
    if (event === 'change') {
      if (change.flagKeys.length > 0) hear(change);
    } else if (event === 'rolledBack') {
      for (const flagKey of change.flagKeys) {
        const { rolledBack, errorCode } = client.inspect(flagKey);
        // An error hides a rollback, and does not end it.
        if (!rolledBack) errorCode || told.delete(flagKey);
        else if (!told.has(flagKey)) {
          told.add(flagKey);
          // A rollback makes a version: in the same one the answer was rolled back before, and is confirmed or doubted now.
          if (version === undefined || version !== last) hear({ flagKey });
        }
      }
    } else if (event === 'error') {
      if (error && error !== failure) hear(error);
    } else if (status === event && before !== status) hear(change);
  });
}
