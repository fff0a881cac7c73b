// workerd with a configuration of a test's own, killed without notice at the end.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { doors, freePort } from './server.mjs';

const PLATFORM = `${process.platform}-${process.arch === 'x64' ? '64' : process.arch}`;
const WORKERD = fileURLToPath(new URL(`../npm/node_modules/@cloudflare/workerd-${PLATFORM}/bin/workerd`, import.meta.url));
const SETPRIV = '/usr/bin/setpriv';
const PATIENCE_MS = 30_000;
const KEYS = { adminToken: 'test-admin', clientKey: 'tf_client_test', serverKey: 'tf_server_test' };

/** Starts workerd and waits until it takes connections. `config` is a file's URL; its disk `store` is `data`/store. */
export async function startWorkerd({ config, data }) {
  const port = await freePort();
  const store = join(data, 'store');
  await mkdir(store, { recursive: true });
  const options = ['serve', fileURLToPath(config), `--socket-addr=http=127.0.0.1:${port}`, `--directory-path=store=${store}`];
  // Where the kernel can be asked to, workerd dies with this process, however this one dies.
  const [program, ...first] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', WORKERD] : [WORKERD];
  const env = { ...process.env, ADMIN_TOKEN: KEYS.adminToken, CLIENT_KEY: KEYS.clientKey, SERVER_KEY: KEYS.serverKey };
  const child = spawn(program, [...first, ...options], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk) => { said += chunk; });
  child.stderr.on('data', (chunk) => { said += chunk; });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end && child.exitCode === null; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (await fetch(url, { signal: AbortSignal.timeout(1_000) }).then(() => true, () => false)) return { url, stop, said: () => said, ...doors({ url, ...KEYS }) };
  }
  await stop();
  throw new Error(`workerd did not start\n${said}`);
}
