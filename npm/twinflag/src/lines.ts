/** Lines of bytes in parts that are small enough for one request. */

/** The most lines of a part, and the bytes behind which a part ends. */
const MOST_LINES = 20_000;
const MOST_BYTES = 4_000_000;
/** The longest line that is waited for; the server takes none of more than 64 kB. */
const LONGEST_LINE = 1_000_000;
const LINE_END = 0x0a;

/** Whole lines that follow each other. */
export interface Part {
  /** The number of the first line, from 1. */
  readonly first: number;
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The text of the last line, without its end. */
  readonly last: string;
}

/**
 * Cuts a stream into parts. Only U+000A ends a line: JSON may hold every other separator.
 *
 * @param eager true to end a part with each piece of the stream, so that nothing waits
 */
export async function* partsOf(source: AsyncIterable<Uint8Array | string>, eager = false): AsyncGenerator<Part> {
  let first = 1;
  let held: Uint8Array[] = [];
  let bytes = 0;
  let count = 0;
  const part = (): Part => {
    const whole = Buffer.concat(held);
    const end = whole.at(-1) === LINE_END ? whole.length - 1 : whole.length;
    const made = {
      first,
      count,
      bytes: new Uint8Array(whole),
      last: whole.toString('utf8', whole.lastIndexOf(LINE_END, end - 1) + 1, end),
    };
    [first, held, bytes, count] = [first + count, [], 0, 0];
    return made;
  };
  /** The beginning of a line whose end did not come yet. */
  let rest: Uint8Array[] = [];
  for await (const piece of source) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      held.push(...rest, chunk.subarray(from, end + 1));
      bytes += rest.reduce((sum, { length }) => sum + length, end + 1 - from);
      rest = [];
      count++;
      from = end + 1;
      if (count >= MOST_LINES || bytes >= MOST_BYTES) yield part();
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
    if (rest.reduce((sum, { length }) => sum + length, 0) > LONGEST_LINE)
      throw new Error(`line ${first + count} has more than ${LONGEST_LINE} bytes`);
    if (eager && count > 0) yield part();
  }
  if (rest.length > 0) {
    held.push(...rest);
    count++;
  }
  if (count > 0) yield part();
}
