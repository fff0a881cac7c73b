/** Attributes of a visitor, pasted by an operator: a page's report, or a context. */

/** The most characters of a pasted text; the server takes no longer question. */
export const MOST_TEXT = 100_000;

export interface Pasted {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The customer that the text is about, if it names one. */
  readonly customerId?: string;
}

/** Reads a report (an object with `context`) or a context. Throws an `Error` that says what was expected. */
export function readAttributes(text: string): Pasted {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`The text is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const context = isObject(value) && isObject(value.context) ? value.context : value;
  if (!isObject(context)) throw new Error('Expected an object: a report with "context", or a context.');
  const { customerId, organizationId: _, ...attributes } = context;
  return { attributes, ...(typeof customerId === 'string' && { customerId }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
