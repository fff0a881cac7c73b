/** For Node: the engine is read from the package. */
import { readFile } from 'node:fs/promises';

import { openClient } from '../client.js';
import type { Client, ClientOptions } from '../flag-client.js';
import { once } from '../once.js';
import { instancesOf, pageEngine } from '../page-engine.js';

export * from './index.js';

const compiled = once(async () => WebAssembly.compile(await readFile(new URL('../engine/engine.wasm', import.meta.url))));

/** A client of this process, which asks the edge at once. */
export function createClient(options: ClientOptions): Client {
  return openClient(async () => pageEngine(instancesOf(await compiled())), options);
}
