/** A check in a server's process, by each SDK in a process of its own: in three rounds, in a new order each; the smallest figure counts. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { dataFolder, startServer } from '../../server.mjs';
import { document, flags } from '../js/workload.mjs';

const ROUNDS = 3;
const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

const folder = await dataFolder();
const server = await startServer({ data: folder.path, document: document(flags(1000)) });
const measured = {};
try {
  const adapters = (await readdir(`${here}adapters`)).map(file => file.replace('.mjs', ''));
  for (let round = 0; round < ROUNDS; round++) {
    for (const adapter of adapters.sort(() => Math.random() - 0.5)) {
      const { stdout } = await run(process.execPath, ['check.mjs', adapter, server.url, server.serverKey], { cwd: here, timeout: 240_000 });
      const { name, check } = JSON.parse(stdout.trim().split('\n').pop());
      measured[name] = Math.min(measured[name] ?? Infinity, check);
    }
    console.error(`round ${round + 1} of ${ROUNDS}`);
  }
} finally {
  await server.stop();
  await folder.remove();
}
console.log(JSON.stringify(measured));
