/** The longest that the header is obeyed, in milliseconds. */
const LONGEST_MS = 300_000;

/**
 * The milliseconds for which an answer asks to be left alone, by its header `Retry-After` (RFC 9110, section 10.2.3): whole seconds, or a
 * date. At most 5 minutes; absent without the header, or with one that cannot be read.
 */
export function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after') ?? '';
  // Any text with a number in it is a date to some engine; an HTTP date begins with the day's name.
  const asked = /^\d+$/.test(text) ? 1000 * Number(text) : /^[A-Z]/i.test(text) ? Date.parse(text) - Date.now() : NaN;
  return Number.isNaN(asked) ? undefined : Math.min(Math.max(asked, 0), LONGEST_MS);
}
