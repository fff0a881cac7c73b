/** The report that a user may send to support: the client's status and its answers. A bundler drops it where a page does not use it. */
import type { Client } from './flag-client.js';
import type { ErrorCode, Layer, Reason } from './types.js';

/** One flag in a report: how it was answered, without its value. */
export interface ReportedFlag {
  readonly variant?: string;
  readonly reason: Reason;
  readonly layer?: Layer;
  readonly errorCode?: ErrorCode;
}

export interface ClientReport {
  readonly at: string;
  readonly status: Client['status'];
  /** The name and the text of the last request's failure; absent after a request that did not fail. */
  readonly error?: string;
  /** The version of the flags, `<epoch>.<number>`; absent before the first answer. */
  readonly version?: string;
  readonly isOnline?: boolean;
  readonly visibility?: string;
  readonly flags: Readonly<Record<string, ReportedFlag>>;
}

/** The most flags in a report. */
const MOST_FLAGS = 5_000;

/** A report for support, to be written as JSON. It holds no key, no attribute of the visitor, and no value; making it is no exposure. */
export function report(client: Client): ClientReport {
  const { status, error, version } = client;
  const { navigator, document } = globalThis as Partial<typeof globalThis>;
  const flags = client
    .flagKeys()
    .slice(0, MOST_FLAGS)
    .map((flagKey): [string, ReportedFlag] => {
      const { variant, reason, layer, errorCode } = client.inspect(flagKey);
      return [flagKey, { ...(variant !== undefined && { variant }), reason, ...(layer && { layer }), ...(errorCode && { errorCode }) }];
    });
  return {
    at: new Date().toISOString(),
    status,
    ...(error && { error: `${error.name}: ${error.message}` }),
    ...(version !== undefined && { version }),
    ...(navigator?.onLine !== undefined && { isOnline: navigator.onLine }),
    ...(document && { visibility: document.visibilityState }),
    flags: Object.fromEntries(flags),
  };
}
