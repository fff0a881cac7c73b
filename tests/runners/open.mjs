/** A runner of any runtime. */
import { dataFolder, startServer } from '../server.mjs';
import { startMigrated } from '../sql/postgres.mjs';
import { chromiumRunner } from './chromium.mjs';
import { edgeRunner } from './edge.mjs';
import { nodeRunner } from './node.mjs';
import { edgeOfrepRunner, nativeOfrepRunner } from './ofrep.mjs';
import { sqlRunner } from './sql.mjs';

/** The runtimes with a runner here; the native runner is a program of its own. */
export const RUNTIMES = ['node', 'program', 'nowasm-program', 'chromium', 'chromium-program', 'chromium-nowasm-program', 'edge', 'sql'];

/**
 * Opens a runner: `take` a line, `flush` the answers so far, `close`.
 *
 * Besides {@link RUNTIMES} there are `edge-ofrep` and `native-ofrep`, which answer in the words of OpenFeature's protocol.
 */
export async function openAny(runtime) {
  switch (runtime) {
    case 'node':
    case 'program':
    case 'nowasm-program': {
      const runner = await nodeRunner(runtime);
      let answers = [];
      return {
        take: line => {
          const answer = runner(line);
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
    case 'chromium-nowasm-program':
      return chromiumRunner(runtime);
    case 'edge':
    case 'edge-ofrep': {
      const folder = await dataFolder();
      const server = await startServer({ data: folder.path });
      const runner = runtime === 'edge' ? edgeRunner(server) : edgeOfrepRunner(server);
      return {
        ...runner,
        close: async () => {
          await server.stop();
          await folder.remove();
        },
      };
    }
    case 'sql': {
      const postgres = startMigrated();
      const runner = await sqlRunner(postgres, process.env.TWINFLAG_ROWS);
      return {
        ...runner,
        close: async () => {
          await runner.close();
          postgres.stop();
        },
      };
    }
    case 'native-ofrep':
      return nativeOfrepRunner(process.env.TWINFLAG_RUNNER, Date.now());
  }
  throw new Error(`no runtime ${runtime}; there are: ${RUNTIMES.join(', ')}`);
}
