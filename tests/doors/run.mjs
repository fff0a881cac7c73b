/**
 * Any door, from standard input: `node tests/doors/run.mjs RUNTIME [--digest] < lines`.
 *
 * Prints the answers; with `--digest` only how many there were and the SHA-256 of them, each followed by a line feed.
 */
import { createHash } from 'node:crypto';
import { dataFolder, startServer } from '../server.mjs';
import { chromiumDoor } from './chromium.mjs';
import { edgeDoor } from './edge.mjs';
import { linesOf } from './lines.mjs';
import { nodeDoor } from './node.mjs';

const [runtime] = process.argv.slice(2);
const digests = process.argv.includes('--digest');
const KEEP = 20_000;

/** A door of any runtime as `take`, `flush` and `close`. */
async function open() {
  switch (runtime) {
    case 'node':
    case 'program': {
      const door = await nodeDoor(runtime);
      let answers = [];
      return {
        take: (line) => {
          const answer = door(line);
          if (answer !== null) answers.push(answer);
        },
        flush: () => {
          const done = answers;
          answers = [];
          return done;
        },
        close: () => {},
      };
    }
    case 'chromium':
    case 'chromium-program':
      return chromiumDoor(runtime);
    case 'edge': {
      const folder = await dataFolder();
      const server = await startServer({ data: folder.path });
      return { ...edgeDoor(server), close: async () => { await server.stop(); await folder.remove(); } };
    }
  }
  throw new Error(`no runtime ${runtime}; there are: node, program, chromium, chromium-program, edge`);
}

const door = await open();
const hash = createHash('sha256');
let count = 0, taken = 0;
const deliver = async () => {
  const answers = await door.flush();
  count += answers.length;
  if (answers.length === 0) return;
  const text = `${answers.join('\n')}\n`;
  if (digests) hash.update(text);
  else if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
};
for await (const line of linesOf(process.stdin)) {
  await door.take(line);
  if (++taken % KEEP === 0) await deliver();
}
await deliver();
await door.close();
if (digests) console.log(JSON.stringify({ runtime, answers: count, sha256: hash.digest('hex') }));
