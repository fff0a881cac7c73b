/** Answers for a page, as the client in it reads them before it has asked the flag server. */
import type { FlagValue } from '@twinflag/client';
import type { Bootstrap } from '@twinflag/client/bootstrap';

import type { ServerDetails } from './server-client.js';

/** The most flags of a page, as the client takes them. */
const MOST_FLAGS = 5000;

/** The options of the element that carries answers into a page. */
export interface BootstrapScriptOptions {
  /** The element's id, which the page's client looks for: a letter, then letters, digits, `-` and `_`. @default 'twinflag' */
  readonly id?: string;
}

/** The keys once each. @throws {RangeError} for more than 5,000 */
export function checkedKeys(flagKeys: readonly string[]): string[] {
  const keys = [...new Set(flagKeys)];
  if (keys.length > MOST_FLAGS) throw new RangeError(`bootstrap of ${keys.length} flags; a page may have ${MOST_FLAGS}`);
  return keys;
}

/** The answers as JSON. Without rules there are none: the page's client waits for the flag server then. */
export function bootstrapOf(answers: readonly (readonly [flagKey: string, ServerDetails<unknown>])[]): Bootstrap {
  const known = answers.filter(([, { errorCode }]) => errorCode !== 'PROVIDER_NOT_READY');
  const version = known.find(([, details]) => details.version)?.[1].version;
  return {
    ...(version !== undefined && { version }),
    ...(known.some(([, { stale }]) => stale) && { stale: true }),
    flags: Object.fromEntries(known.map(([flagKey, details]) => [flagKey, told(details)])),
  };
}

/** An answer without what a page's own client does not tell: the step that answered, and what holds for all answers. */
function told({ version: _, stale: __, step: ___, value, ...details }: ServerDetails<unknown>): Bootstrap['flags'][string] {
  // Without a variant the caller's default counts, and the callers are in the page.
  return details.variant === undefined ? details : { ...details, value: value as FlagValue };
}

/**
 * The element that carries answers into a page: a data block, which no content security policy refuses. The text of a flag's value cannot end it.
 *
 * @throws {RangeError} for another id
 */
export function bootstrapScript(bootstrap: Bootstrap, { id = 'twinflag' }: BootstrapScriptOptions = {}): string {
  if (!/^[A-Za-z][\w-]{0,99}$/.test(id)) throw new RangeError('bootstrapScript: an id is a letter, then letters, digits, - and _');
  return `<script type="application/json" id="${id}">${JSON.stringify(bootstrap).replaceAll('<', '\\u003c')}</script>`;
}
