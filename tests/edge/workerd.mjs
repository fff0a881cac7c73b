// The worker as somebody hosts it: workerd with `workerd.capnp` and what that one sets, no development server around it.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { doors, freePort } from '../server.mjs';

const EDGE = fileURLToPath(new URL('../../edge-worker/', import.meta.url));
const KEYS = { ADMIN_TOKEN: 'tf_admin_test', CLIENT_KEY: 'tf_client_test', SERVER_KEY: 'tf_server_test' };
const PATIENCE_MS = 30_000;

/** The program that npm brought for this machine. */
export const WORKERD = createRequire(new URL('../../npm/package.json', import.meta.url))('workerd').default;

/**
 * Starts workerd and waits until it answers at all. No document: nothing is served until one is imported.
 *
 * @param {{ data: string, document?: string, settings?: Record<string, string> }} options `settings`: bindings that come from the environment.
 */
export async function hostWorker({ data, document, settings = {} }) {
  for (const folder of ['store', 'import']) await mkdir(join(data, folder), { recursive: true });
  if (document !== undefined) await writeFile(join(data, 'import', 'flags.json'), document);
  const port = await freePort();
  const folders = { store: join(data, 'store'), import: join(data, 'import'), assets: join(EDGE, 'dist/assets') };
  const options = Object.entries(folders).map(([name, path]) => `--directory-path=${name}=${path}`);
  const child = spawn(WORKERD, ['serve', join(EDGE, 'workerd.capnp'), `--socket-addr=http=127.0.0.1:${port}`, ...options], {
    stdio: 'ignore', env: { ...KEYS, ...settings },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const server = {
    pid: child.pid, url: `http://127.0.0.1:${port}`, stop,
    adminToken: KEYS.ADMIN_TOKEN, clientKey: KEYS.CLIENT_KEY, serverKey: KEYS.SERVER_KEY,
  };
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    try {
      await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(5_000) });
      return { ...server, ...doors(server) };
    } catch {
      if (child.exitCode !== null) break;
    }
  }
  await stop();
  throw new Error('workerd did not start');
}
