/**
 * For browsers: the engine is a file of its own, compiled while it arrives.
 *
 * Vite and webpack find the file by themselves; others serve `@twinflag/client/engine.wasm` as `application/wasm` and name it. A page without
 * WebAssembly, or under the policy `script-src 'self'`, loads a script in its place.
 */
import { openClient } from '../client.js';
import type { Client, ClientOptions } from '../flag-client.js';
import { once } from '../once.js';
import { instancesOf, loadScript, pageEngine } from '../page-engine.js';

export * from './index.js';

export interface UrlClientOptions extends ClientOptions {
  /** Where `engine.wasm` is served; of several clients the first one's counts. @default where the bundler put it */
  readonly engineUrl?: string | URL;
}

let address: string | URL | undefined;
/** The least module: its compilation tells, without a request, if the page may compile any. */
const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const instances = once(async () => {
  try {
    new WebAssembly.Module(EMPTY);
  } catch {
    return loadScript();
  }
  return instancesOf(await WebAssembly.compileStreaming(fetch(address ?? new URL('../engine/engine.wasm', import.meta.url))));
});

/** A client of this page, which asks the edge at once. */
export function createClient(options: UrlClientOptions): Client {
  address ??= options.engineUrl;
  return openClient(async () => pageEngine(await instances()), options);
}
