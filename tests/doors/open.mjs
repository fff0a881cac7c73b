/** A door of any runtime. */
import { dataFolder, startServer } from '../server.mjs';
import { chromiumDoor } from './chromium.mjs';
import { edgeDoor } from './edge.mjs';
import { nodeDoor } from './node.mjs';

/** The runtimes that are doors here; the native one is a program of its own. */
export const RUNTIMES = ['node', 'program', 'chromium', 'chromium-program', 'edge'];

/** Opens a door: `take` a line, `flush` the answers so far, `close`. */
export async function openAny(runtime) {
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
  throw new Error(`no runtime ${runtime}; there are: ${RUNTIMES.join(', ')}`);
}

