// The example function `get-personalization-data` on workerd, as its folder says, beside a worker of its own.
import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { dataFolder } from '../server.mjs';
import { hostWorker, startWorkerd, token } from './workerd.mjs';

const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));
const EXAMPLE = join(NPM, 'examples/get-personalization-data');
/** The edge may be slow where many tests run at once; no test is about that. */
const PATIENCE_MS = '25000';
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { profile_ui_revamp: { unit: 'userId', targets: [{ attribute: 'userId', values: ['ada'], variant: 'on' }] } },
};

/**
 * Starts the function and a worker whose users may send 30 requests a minute. `ada` has the enhanced profile.
 *
 * @param {{ document?: object, settings?: Record<string, string> }} options `settings`: of the worker.
 */
export async function startFunction({ document = DOCUMENT, settings = {} } = {}) {
  const folder = await dataFolder();
  const server = await hostWorker({
    data: folder.path,
    document: JSON.stringify(document),
    settings: { RATE_LIMITS: 'user=30', ...settings },
  });
  const bundle = ['--bundle', '--format=esm', '--log-level=warning', `--outfile=${join(folder.path, 'dist/index.js')}`];
  await promisify(execFile)(join(NPM, 'node_modules/.bin/esbuild'), [join(EXAMPLE, 'index.ts'), ...bundle], { cwd: NPM });
  const config = join(folder.path, 'workerd.capnp');
  await copyFile(join(EXAMPLE, 'workerd.capnp'), config);
  const env = { TWINFLAG_URL: server.url, TWINFLAG_SERVER_KEY: server.serverKey, FLAG_PATIENCE_MS: PATIENCE_MS };
  const own = await startWorkerd(config, { env });
  return {
    server,
    url: own.url,
    said: own.said,
    stop: async () => {
      await own.stop();
      await server.stop();
      await folder.remove();
    },
  };
}

/** A token of a user without a role, for `seconds` from now on. */
export const userToken = (sub, seconds = 600) => token({ sub, exp: Math.floor(Date.now() / 1000) + seconds });
