// Starts workerd without `cargo xtask dev`: the worker as an operator hosts it, or a test's own configuration.
import { createHmac } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { outputOf } from '../output.mjs';
import { freePort, requesters } from '../server.mjs';
import { spawnTied } from '../tied.mjs';

const EDGE = fileURLToPath(new URL('../../edge-worker/', import.meta.url));
/** The credentials of the deployments in these tests. */
export const KEYS = { JWT_SECRET: 'a secret of the tests, 32 bytes or more', CLIENT_KEY: 'tf_client_test', SERVER_KEY: 'tf_server_test' };
/** The settings of all tests; those about rate limits set them. With `FAST_WAY=off` in the environment, all tests take the long way. */
const SETTINGS = { ...KEYS, RATE_LIMITS: 'off', FAST_WAY: process.env.FAST_WAY ?? '' };
/** The folder of the pages, which mutants of the dashboard have elsewhere. */
const ASSETS = process.env.TWINFLAG_ASSETS ?? join(EDGE, 'dist/assets');
const PATIENCE_MS = 30_000;
/** The path of workerd for this machine, which npm installed. */
export const WORKERD = createRequire(new URL('../../npm/package.json', import.meta.url))('workerd').default;

/**
 * Starts the worker on a folder. Without `document` the store stays empty until a test imports one.
 *
 * @param {{ data: string, document?: string, settings?: Record<string, string>, json?: Record<string, unknown> }} options `settings`: bindings
 *   that come from the environment; one with a `STORE` has the worker that is built for Postgres. `json`: bindings that are JSON, as
 *   `vars` of `wrangler.jsonc` without quotes are.
 */
export async function hostWorker({ data, document, settings = {}, json = {} }) {
  for (const folder of ['store', 'import']) await mkdir(join(data, folder), { recursive: true });
  if (document !== undefined) await writeFile(join(data, 'import', 'flags.json'), document);
  const folders = { store: join(data, 'store'), import: join(data, 'import'), assets: ASSETS };
  const options = Object.entries(folders).map(([name, path]) => `--directory-path=${name}=${path}`);
  const isCustom = Object.keys(json).length > 0 || settings.STORE?.startsWith('postgres://');
  const worker = settings.STORE?.startsWith('postgres://') ? 'postgres' : 'worker';
  const config = isCustom ? await configuration({ json, worker, folder: data }) : join(EDGE, 'workerd.capnp');
  return opened(await startWorkerd(config, { options, env: { ...SETTINGS, ...settings } }));
}

/** The configuration of a worker, in a folder, with bindings that are JSON in place of those from the environment. */
async function configuration({ json, worker, folder }) {
  const ours = await readFile(join(EDGE, 'workerd.capnp'), 'utf8');
  let text = ours.replaceAll('embed "dist/worker/', `embed "${relative(folder, EDGE)}/dist/${worker}/`);
  for (const [name, value] of Object.entries(json)) {
    const bound = `fromEnvironment = "${name}"`;
    if (!text.includes(bound)) throw new Error(`workerd.capnp does not bind ${name}`);
    text = text.replace(bound, () => `json = ${JSON.stringify(JSON.stringify(value))}`);
  }
  const file = join(folder, 'workerd.capnp');
  await writeFile(file, text);
  return file;
}

/** Starts a configuration of a test's own on the store of a folder. */
export async function startOn({ config, data, settings = {} }) {
  const store = join(data, 'store');
  await mkdir(store, { recursive: true });
  return opened(
    await startWorkerd(fileURLToPath(config), { options: [`--directory-path=store=${store}`], env: { ...SETTINGS, ...settings } }),
  );
}

function opened(started) {
  const admin = { sub: 'tester', exp: Math.floor(Date.now() / 1000) + 86_400, app_metadata: { role: 'service' } };
  const server = { ...started, adminToken: token(admin), clientKey: KEYS.CLIENT_KEY, serverKey: KEYS.SERVER_KEY };
  return { ...server, ...requesters(server) };
}

/** A token with these claims and this header, signed with the secret of these tests by HS256, whatever the header names. */
export function token(claims, header = { alg: 'HS256', typ: 'JWT' }) {
  const signed = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', KEYS.JWT_SECRET).update(signed).digest('base64url')}`;
}

/** Starts the worker on the store of a folder, and does not wait for it. */
export async function spawnOn({ config, data, settings = {} }) {
  return spawnWorkerd(fileURLToPath(config), {
    options: [`--directory-path=store=${join(data, 'store')}`],
    env: { ...SETTINGS, ...settings },
  });
}

/** Starts a configuration whose socket is called `http`, and waits until it answers anything. */
export async function startWorkerd(config, given) {
  const { isOver, ...started } = await spawnWorkerd(config, given);
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end && !isOver(); ) {
    try {
      await fetch(`${started.url}/health`, { signal: AbortSignal.timeout(5_000) });
      return started;
    } catch {
      // It does not listen yet.
    }
  }
  await started.stop();
  throw new Error(`workerd did not start\n${started.said()}`);
}

async function spawnWorkerd(config, { options = [], env = {} } = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawnTied(WORKERD, ['serve', config, `--socket-addr=http=127.0.0.1:${port}`, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const output = outputOf(child);
  // Not only over, but heard out.
  const ended = new Promise(resolve => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { url, port, pid: child.pid, stop, ...output, isOver: () => child.exitCode !== null || child.signalCode !== null };
}
