/**
 * The answers that a rendering server wrote into its page. A client reads them synchronously, without the engine and without a request.
 *
 * ```ts
 * import { createClient } from '@twinflag/client';
 * import { pageBootstrap } from '@twinflag/client/bootstrap';
 *
 * const flags = createClient({ url, clientKey, context: { customerId: 'c-1' }, bootstrap: pageBootstrap() });
 * flags.isEnabled('new_checkout');  // at once, as the server answered
 * ```
 */
import { createAnswers } from './answers.js';
import { type FirstAnswers, noAnswer } from './first-answers.js';
import type { FlagDetails } from './flag-client.js';
import type { EvaluationDetails, FlagValue } from './types.js';
import { freeze, requestedType } from './values.js';

export { type FirstAnswers, noAnswers } from './first-answers.js';

/** Answers for one visitor, as JSON; `bootstrap` of `@twinflag/server` makes them. */
export interface Bootstrap {
  /** The version that the server answered from, `<epoch>.<number>`; absent if it has no rules. */
  readonly version?: string;
  /** Present if the flag server could not confirm the answers. */
  readonly stale?: true;
  /** The answers by flag key; of a flag without a variant, `value` is absent and the caller's default counts. */
  readonly flags: Readonly<Record<string, Omit<EvaluationDetails, 'value'> & { readonly value?: FlagValue; readonly rolledBack?: true }>>;
}

/** The most flags, as in a program; and the most UTF-16 units of the text. */
const MOST_FLAGS = 5000,
  LONGEST = 2_000_000;

/**
 * The option `bootstrap` of `createClient`.
 *
 * @param given answers, also as JSON text; made for the context that the client is created with
 * @returns undefined for nothing, and with a warning on the console for anything that is no bootstrap, has more than 5,000 flags or, as text, is
 *   longer than 2,000,000 UTF-16 units
 */
export function bootstrap(given: Bootstrap | string | null | undefined): FirstAnswers | undefined {
  if (given == null) return undefined;
  try {
    return read(given);
  } catch (reason) {
    console.warn(`twinflag: the bootstrap is left out: ${(reason as Error).message}`);
    return undefined;
  }
}

/** The bootstrap that `bootstrapScript` of `@twinflag/server` wrote into this page; undefined if there is none, and on a server. */
export function pageBootstrap(id = 'twinflag'): FirstAnswers | undefined {
  return bootstrap((globalThis as Partial<typeof globalThis>).document?.getElementById(id)?.textContent);
}

function read(given: Bootstrap | string): FirstAnswers | undefined {
  if (typeof given === 'string' && given.length > LONGEST) throw new RangeError(`its text is longer than ${LONGEST}`);
  const { flags, version, stale } = (typeof given === 'string' ? JSON.parse(given) : given) as Bootstrap;
  if (typeof flags !== 'object' || !flags) throw new TypeError('it has no object `flags`');
  const count = Object.keys(flags).length;
  if (count > MOST_FLAGS) throw new RangeError(`it has ${count} flags; it may have ${MOST_FLAGS}`);
  if (count === 0) return undefined;
  return {
    status: stale ? 'stale' : 'ready',
    version,
    get: createAnswers((flagKey, sample) => details(flags[flagKey], sample, stale) ?? noAnswer()).get,
  };
}

/** One answer, with its members in the order in which the engine writes them; undefined if it is none. */
function details(own: Bootstrap['flags'][string] | undefined, sample: unknown, stale: true | undefined): FlagDetails | undefined {
  if (typeof own?.reason !== 'string') return undefined;
  const { value, reason, variant, layer, errorCode, bucket, rolledBack, metadata } = own;
  const kind = requestedType(sample);
  const told = { ...(metadata && { metadata: freeze(metadata) }), ...(stale && { stale }) };
  if (variant !== undefined && kind && kind !== requestedType(value))
    return { value: sample, reason: 'ERROR', errorCode: 'TYPE_MISMATCH', ...told };
  return {
    value: variant === undefined ? sample : typeof value === 'object' && value ? freeze(value) : value,
    reason,
    ...(variant !== undefined && { variant }),
    ...(layer && { layer }),
    ...(errorCode && { errorCode }),
    ...(bucket !== undefined && { bucket }),
    ...(rolledBack && { rolledBack }),
    ...told,
  };
}
