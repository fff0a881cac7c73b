/** Attributes of a visitor, pasted by an operator: the context that a page gives its client, also as the page sends it. */

/** The most characters of a pasted text; the server takes no longer question. */
export const MOST_TEXT = 100_000;

export interface Pasted {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The customer that the text is about, if it names one. */
  readonly customerId?: string;
}

/** Reads a context, or an object with `context`. Throws an `Error` that says what was expected. */
export function readAttributes(text: string): Pasted {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`The text is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (isObject(value) && typeof value.at === 'string' && isObject(value.flags))
    throw new Error('A report of the client has no attributes. Paste the context that the page gives the client.');
  const context = isObject(value) && isObject(value.context) ? value.context : value;
  if (!isObject(context)) throw new Error('Expected an object: a context, or one with "context".');
  const { customerId, organizationId: _, ...attributes } = context;
  return { attributes, ...(typeof customerId === 'string' && { customerId }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
