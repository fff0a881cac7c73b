/** What the edge is told of a visitor: the attributes whose absence counts too. All others stay in the page. */
import type { EvaluationContext } from './types.js';

/** Those that always count; a key whose identities are pinned or signed has the edge name more. */
export const OWNERS: readonly string[] = ['customerId', 'organizationId'];

/** The body of a request for a program. Equal bodies get equal programs, so it is also the program's name. */
export function requestOf(context: EvaluationContext, names = OWNERS): string {
  try {
    // Of owners null is absence; of the others it may be something else.
    return JSON.stringify({
      context: Object.fromEntries(names.map(name => [name, OWNERS.includes(name) ? (context[name] ?? undefined) : context[name]])),
    });
  } catch {
    // No JSON, hence no context: the engine says so of every flag, whatever the program.
    return '{"context":{}}';
  }
}
