/** What the edge is told of a visitor: the attributes whose absence counts too. All others stay in the page. */
import type { EvaluationContext } from './types.js';

/** Those that always count; a key whose identities are pinned or signed has the edge name more. */
export const OWNERS: readonly string[] = ['customerId', 'organizationId'];

/** The body of a request for a program; for what is no context, nobody's: the engine says so of every flag, whatever the program. Equal bodies get equal programs, so it is also the program's name. */
export function requestOf(context: EvaluationContext | null, names = OWNERS): string {
  // Of owners null is absence; of the others it may be something else.
  const known = names.map(name => [name, OWNERS.includes(name) ? (context?.[name] ?? undefined) : context?.[name]]);
  return JSON.stringify({ context: Object.fromEntries(known) });
}
