/**
 * Help for developers, of which a build for production has nothing: its bundler replaces `process.env.NODE_ENV` by `"production"`, and each
 * function here becomes an empty one. A browser without a bundler has no `process`, and gets none of it; Node does unless `NODE_ENV` is
 * `production`.
 */
import type { FlagDetails, Logger } from './flag-client.js';
import { EdgeRefused } from './program-request.js';
import type { FlagValue } from './types.js';
import { requestedType } from './values.js';

/** The part of Node's `process` that bundlers replace; a browser has none. */
declare const process: { readonly env: { readonly NODE_ENV?: string } };

/** The most flags that are warned of in a page: a page that makes up keys fills no console. */
const MOST_WARNINGS = 100;

/** The warnings that a page has given already: it gives each of them once. */
const told = new Set<string>();

/** Tells a developer, once, that the edge refuses the client key (401, 403), and what to do; of other failures nothing. */
export function warnOfKey(reason: unknown, url: string, clientKey: string | undefined, logger: Logger | undefined): void {
  try {
    if (process.env.NODE_ENV !== 'production') {
      const status = reason instanceof EdgeRefused ? reason.status : 0;
      if ((status !== 401 && status !== 403) || told.has('')) return;
      told.add('');
      const why = !clientKey
        ? 'no clientKey was given'
        : status === 401
          ? 'it knows no such client key, or the key was revoked or has expired'
          : 'the client key is not for this origin, or not for this visitor';
      (logger ?? console).warn(
        `twinflag: ${url} answers ${status}: ${why}. Flags have the defaults of the code. A server prints its client key at its first start; its operators list and make keys at /api/admin/keys.`,
      );
    }
  } catch {
    // There is no `process`: a browser without a bundler.
  }
}

/** Tells a developer, once for each flag, that the code asks for a flag that the server does not have, or with a default of another type. */
export function warnOfFlag(details: FlagDetails, flagKey: string, defaultValue: unknown, logger: Logger | undefined): void {
  try {
    if (process.env.NODE_ENV !== 'production') {
      const { errorCode } = details;
      const isUnknown = errorCode === 'FLAG_NOT_FOUND';
      if ((!isUnknown && errorCode !== 'TYPE_MISMATCH') || told.size > MOST_WARNINGS || told.has(flagKey || ' ')) return;
      told.add(flagKey || ' ');
      (logger ?? console).warn(
        isUnknown
          ? `twinflag: the server has no flag ${JSON.stringify(flagKey)}; the default of the code answers. Make the flag, or mend its key: \`twinflag list\` prints all of them.`
          : `twinflag: the values of the flag ${JSON.stringify(flagKey)} are not of the type ${typeof defaultValue}; the default of the code answers. Give a default of the flag's type: \`twinflag types\` writes them for TypeScript.`,
      );
    }
  } catch {
    // There is no `process`: a browser without a bundler.
  }
}

/** The answers that a developer forces, by flag. */
export type Forced = Map<string, FlagDetails>;

/** No answers yet; absent where none can be forced. */
export function createForced(): Forced | undefined {
  try {
    if (process.env.NODE_ENV !== 'production') return new Map();
  } catch {
    // There is no `process`: a browser without a bundler.
  }
}

/** Forces an answer, or lets the flag answer again, and then runs `settle`; true if that is possible here. */
export function force(
  forced: Forced | undefined,
  flagKey: string,
  variant: string | undefined,
  value: FlagValue | undefined,
  settle: () => void,
): true | undefined {
  try {
    if (process.env.NODE_ENV !== 'production') {
      // A program has no variants that its visitor cannot get: its values cannot be looked up.
      const known = value ?? { on: true, off: false }[variant as 'on' | 'off'];
      if (!forced || (variant !== undefined && known === undefined)) return;
      if (variant === undefined) forced.delete(flagKey);
      else forced.set(flagKey, { value: known, variant, reason: 'STATIC' });
      settle();
      return true;
    }
  } catch {
    // There is no `process`: a browser without a bundler.
  }
}

/** The forced answer, if it is of the default's type. */
export function forcedDetails(forced: Forced | undefined, flagKey: string, defaultValue: unknown): FlagDetails | undefined {
  try {
    if (process.env.NODE_ENV !== 'production') {
      const details = forced?.get(flagKey),
        kind = requestedType(defaultValue);
      return details && kind && kind !== requestedType(details.value) ? undefined : details;
    }
  } catch {
    // There is no `process`: a browser without a bundler.
  }
}
