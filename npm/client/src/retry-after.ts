/** The shortest and the longest time for which the header `Retry-After` is obeyed. */
const SHORTEST_MS = 1000,
  LONGEST_MS = 300_000;

/**
 * The milliseconds for which an answer asks to be left alone, by its header `Retry-After` (RFC 9110, section 10.2.3): whole seconds, or a
 * date. Between 1 s and 5 minutes; 0 if there is no such header, or none that can be read.
 */
export function retryAfterMs(headers: Headers): number {
  const text = headers.get('retry-after') ?? '';
  // Any text with a number in it is a date to some engine; an HTTP date begins with the day's name.
  const asked = /^\d+$/.test(text) ? 1000 * Number(text) : /^[A-Z]/i.test(text) ? Date.parse(text) - Date.now() : NaN;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, SHORTEST_MS), LONGEST_MS);
}
