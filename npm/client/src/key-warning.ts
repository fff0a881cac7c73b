/** A warning for developers: without it a page with a wrong client key shows its defaults, and says nothing. */

/** The part of Node's `process` that bundlers replace; a browser has none. */
declare const process: { readonly env: { readonly NODE_ENV?: string } };

let isTold = false;

/**
 * Tells a developer on the console, once, that the edge refuses the client key, and what to do.
 *
 * A build for production has nothing of it: its bundler replaces `process.env.NODE_ENV` by `"production"`. Without a bundler a browser has no
 * `process`, and hears nothing; Node does unless `NODE_ENV` is `production`.
 *
 * @param status 401 for a key that opens nothing, 403 for one that is not for this page or this visitor
 */
export function warnOfKey(status: number, url: string, clientKey: string | undefined): void {
  try {
    if (process.env.NODE_ENV !== 'production' && !isTold) {
      isTold = true;
      const why = !clientKey
        ? 'no clientKey was given'
        : status === 401
          ? 'it knows no such client key, or the key was revoked or has expired'
          : 'the client key is not for this origin, or not for this visitor';
      console.warn(
        `twinflag: ${url} answers ${status}: ${why}. Flags have the defaults of the code. A server prints its client key at its first start; its operators list and make keys at /api/admin/keys.`,
      );
    }
  } catch {
    // There is no `process`: a browser without a bundler.
  }
}
