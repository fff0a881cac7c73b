/** The lines of a stream of UTF-8. Only a line feed ends one: Node's own reader also splits at U+2028, which text may hold. */
export async function* linesOf(stream) {
  stream.setEncoding('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
  if (rest !== '') yield rest;
}
