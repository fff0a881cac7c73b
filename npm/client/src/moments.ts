/** The moments that a program names, read from its bytes; `sdk-core/src/model/image.rs` says where they stand. */

/** The bytes before the head, whose words count words of code, flags, attributes, aliases, known attributes and moments; and before the code. */
const HEAD_AT = 20,
  CODE_AT = 72;

/**
 * The first moment after `now`, in milliseconds since 1970, at which a condition on `now` may change its answer. Before the first and
 * between two of them, every answer stays the same. Infinity behind the last.
 *
 * @param program one that an engine has taken
 */
export function nextMoment(program: Uint8Array, now: number): number {
  const view = new DataView(program.buffer, program.byteOffset);
  const count = (index: number) => view.getUint32(HEAD_AT + 4 * index, true);
  // The moments stand behind the records, each of which has so many words.
  let at = CODE_AT + 4 * (count(0) + 4 * count(1) + 2 * count(2) + 3 * count(3) + 4 * count(4));
  for (let left = count(5); left > 0; left--, at += 8) {
    // Some engines have no BigInt.
    const moment = view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
    if (moment > now) return moment;
  }
  return Infinity;
}
