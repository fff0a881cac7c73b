/** Asks the engine in this page. The only file of the demo that knows its API. */
import type { Answer, Context } from './edge.js';

/** `undefined` while there is no engine to ask. */
export async function askEngine(_flag: string, _context: Context): Promise<Answer | undefined> {
  return undefined;
}
