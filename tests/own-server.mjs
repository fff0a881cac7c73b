// A server of a test file's own, there before its first test and gone after its last.
import { after, before } from 'node:test';

import { dataFolder, startServer } from './server.mjs';

/**
 * The server of this file: empty until its tests run, then what {@link startServer} answers.
 *
 * @param {{ document?: object | string, rateLimits?: string }} options as of {@link startServer}.
 */
export function ownServer(options = {}) {
  const own = {};
  let folder;
  before(async () => {
    folder = await dataFolder();
    Object.assign(own, await startServer({ data: folder.path, ...options }));
  });
  after(async () => {
    await own.stop?.();
    await folder?.remove();
  });
  return own;
}
