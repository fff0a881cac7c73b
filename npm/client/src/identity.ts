/** What the edge is told of a visitor: the two attributes whose absence counts too. All others stay in the page. */
import type { EvaluationContext } from './types.js';

/** The body of a request for a program. Equal bodies get equal programs, so it is also the program's name. */
export function requestOf(context: EvaluationContext): string {
  try {
    const { customerId, organizationId } = context;
    return JSON.stringify({ context: { customerId: customerId ?? undefined, organizationId: organizationId ?? undefined } });
  } catch {
    // No JSON, hence no context: the engine says so of every flag, whatever the program.
    return '{"context":{}}';
  }
}
