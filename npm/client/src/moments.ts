/** The moments that a program names, read from its bytes; `sdk-core/src/model/image.rs` says where they stand. */

/** The bytes before the code, and words counted back from there that hold how many words of code and how many records there are. */
const CODE_AT = 72, HEAD = -13;
/** The words of a record: code, flag, attribute, alias, known attribute; the moments follow. */
const RECORDS = [1, 4, 2, 3, 4];

/**
 * The first moment after `now`, in milliseconds since 1970, at which a condition on `now` may change its answer. Before the first and
 * between two of them, every answer stays the same. Infinity behind the last.
 *
 * @param program one that an engine has taken
 */
export function nextMoment(program: Uint8Array, now: number): number {
  const view = new DataView(program.buffer, program.byteOffset);
  const head = (index: number) => view.getUint32(CODE_AT + 4 * (HEAD + index), true);
  let at = CODE_AT + 4 * RECORDS.reduce((words, size, index) => words + size * head(index), 0);
  for (let left = head(RECORDS.length); left > 0; left--, at += 8) {
    const moment = Number(view.getBigInt64(at, true));
    if (moment > now) return moment;
  }
  return Infinity;
}
