/** For Node: the engine is read from the package, as a script where there is no WebAssembly (`--jitless`). */
import { readFile } from 'node:fs/promises';

import { openClient } from '../client.js';
import type { Client, ClientOptions } from '../flag-client.js';
import { once } from '../once.js';
import { instancesOf, loadScript, pageEngine } from '../page-engine.js';

export * from './index.js';

const compiled = async () => instancesOf(await WebAssembly.compile(await readFile(new URL('../engine/engine.wasm', import.meta.url))));
const instances = once(() => compiled().catch(loadScript));

/** A client of this process, which asks the edge at once. */
export function createClient(options: ClientOptions): Client {
  return openClient(async () => pageEngine(await instances()), options);
}
