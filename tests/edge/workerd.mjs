// Starts workerd without `cargo xtask dev`: the worker as an operator hosts it, or a test's own configuration.
import { createHmac } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
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
/**
 * Has V8 leave a module as its first compiler makes it. The second one takes longer for what a test calls often than most tests last, and answers the
 * same.
 */
const UNOPTIMISED = 'v8Flags = ["--liftoff-only"]';
/** The path of workerd for this machine, which npm installed. */
export const WORKERD = createRequire(new URL('../../npm/package.json', import.meta.url))('workerd').default;

/**
 * Starts the worker on a folder. Without `document` the store stays empty until a test imports one.
 *
 * @param {{ data: string, document?: string, settings?: Record<string, string>, json?: Record<string, unknown>, isMeasured?: boolean }} options
 *   `settings`: bindings that come from the environment; one with a `STORE` has the worker that is built for Postgres. `json`: bindings that
 *   are JSON, as `vars` of `wrangler.jsonc` without quotes are. `isMeasured`: V8 optimises the worker, as it does for operators.
 */
export async function hostWorker({ data, document, settings = {}, json = {}, isMeasured = false }) {
  for (const folder of ['store', 'import']) await mkdir(join(data, folder), { recursive: true });
  if (document !== undefined) await writeFile(join(data, 'import', 'flags.json'), document);
  const folders = { store: join(data, 'store'), import: join(data, 'import'), assets: ASSETS };
  const options = Object.entries(folders).map(([name, path]) => `--directory-path=${name}=${path}`);
  const worker = settings.STORE?.startsWith('postgres://') ? 'postgres' : 'worker';
  const config = await configuration({ config: join(EDGE, 'workerd.capnp'), folder: data, json, worker, isMeasured });
  return opened(await startWorkerd(config, { options, env: { ...SETTINGS, ...settings } }));
}

/** Writes a configuration into a folder, with bindings that are JSON in place of those from the environment. */
async function configuration({ config, folder, json = {}, worker = 'worker', isMeasured = false }) {
  let text = await readFile(config, 'utf8');
  const replace = (before, after) => {
    if (!text.includes(before)) throw new Error(`${config} has no ${before}`);
    text = text.replace(before, () => after);
  };
  for (const [name, value] of Object.entries(json))
    replace(`fromEnvironment = "${name}"`, `json = ${JSON.stringify(JSON.stringify(value))}`);
  if (!isMeasured) replace(':Workerd.Config = (', `:Workerd.Config = (${UNOPTIMISED}, `);
  // Embedded files are named from the folder of their configuration.
  text = text.replaceAll('dist/worker/', `dist/${worker}/`);
  text = text.replaceAll(/embed "([^"]+)"/g, (_, path) => `embed "${relative(folder, join(dirname(config), path))}"`);
  const file = join(folder, 'workerd.capnp');
  await writeFile(file, text);
  return file;
}

/** Starts a configuration of a test's own on the store of a folder. */
export async function startOn({ config, data, settings = {} }) {
  await mkdir(join(data, 'store'), { recursive: true });
  return opened(await startWorkerd(...(await onStore({ config, data, settings }))));
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
  return spawnWorkerd(...(await onStore({ config, data, settings })));
}

async function onStore({ config, data, settings }) {
  const own = await configuration({ config: fileURLToPath(config), folder: data });
  return [own, { options: [`--directory-path=store=${join(data, 'store')}`], env: { ...SETTINGS, ...settings } }];
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
