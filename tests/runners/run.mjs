/**
 * Any runner, from standard input: `node tests/runners/run.mjs RUNTIME [--digest] < lines`.
 *
 * Prints the answers; with `--digest` only how many there were and the SHA-256 of them, each followed by a line feed.
 */
import { createHash } from 'node:crypto';
import { linesOf } from './lines.mjs';
import { openAny } from './open.mjs';

const [runtime] = process.argv.slice(2);
const digests = process.argv.includes('--digest');
const KEEP = 20_000;

const runner = await openAny(runtime);
const hash = createHash('sha256');
let count = 0,
  taken = 0;
const deliver = async () => {
  const answers = await runner.flush();
  count += answers.length;
  if (answers.length === 0) return;
  const text = `${answers.join('\n')}\n`;
  if (digests) hash.update(text);
  else if (!process.stdout.write(text)) await new Promise(resolve => process.stdout.once('drain', resolve));
};
for await (const line of linesOf(process.stdin)) {
  await runner.take(line);
  if (++taken % KEEP === 0) await deliver();
}
await deliver();
await runner.close();
if (digests) console.log(JSON.stringify({ runtime, answers: count, sha256: hash.digest('hex') }));
