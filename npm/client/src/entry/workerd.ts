/**
 * For workerd, which compiles no WASM at run time: the module is imported.
 *
 * What a request began may not be awaited by another one, so each makes its own client, and closes it. Such a client does not refresh.
 */

import { openClient } from '../client.js';
import module from '../engine/engine.wasm';
import type { Client, ClientOptions } from '../flag-client.js';
import { instancesOf, pageEngine } from '../page-engine.js';

export * from './index.js';

/** A client of this request, which asks the edge at once. */
export function createClient(options: ClientOptions): Client {
  return openClient(async () => pageEngine(instancesOf(module)), { refresh: false, ...options });
}
