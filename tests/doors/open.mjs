/** A door of any runtime. */
import { dataFolder, startServer } from '../server.mjs';
import { chromiumDoor } from './chromium.mjs';
import { edgeDoor } from './edge.mjs';
import { nodeDoor } from './node.mjs';
import { edgeOfrepDoor, nativeOfrepDoor } from './ofrep.mjs';

/** The runtimes that are doors here; the native one is a program of its own. */
export const RUNTIMES = ['node', 'program', 'chromium', 'chromium-program', 'edge'];

/**
 * Opens a door: `take` a line, `flush` the answers so far, `close`.
 *
 * Besides {@link RUNTIMES} there are `edge-ofrep` and `native-ofrep`, which answer in the words of OpenFeature's protocol.
 */
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
    case 'edge':
    case 'edge-ofrep': {
      const folder = await dataFolder();
      const server = await startServer({ data: folder.path });
      const door = runtime === 'edge' ? edgeDoor(server) : edgeOfrepDoor(server);
      return { ...door, close: async () => { await server.stop(); await folder.remove(); } };
    }
    case 'native-ofrep':
      return nativeOfrepDoor(process.env.TWINFLAG_DOOR, Date.now());
  }
  throw new Error(`no runtime ${runtime}; there are: ${RUNTIMES.join(', ')}`);
}

