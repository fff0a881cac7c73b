/**
 * For browsers and whatever else compiles WASM: the engine is part of the script, deflated, since base64 of what is not
 * compressed yet travels a fifth larger. Where the module cannot be unpacked or compiled, as under the policy `script-src 'self'`, the engine is
 * another script, which is loaded then.
 *
 * ```ts
 * const flags = createClient({ url: 'https://flags.example.com', clientKey: 'tf_client_…', context: { customerId: 'c-1' } });
 * await flags.ready();
 * if (flags.isEnabled('new_checkout')) …
 * ```
 */
import packed from './packed-engine.js';

// Behind the engine, whose text compresses best at a script's beginning.

import { openClient } from '../client.js';
import type { Client, ClientOptions } from '../flag-client.js';
import { once } from '../once.js';
import { instancesOf, loadScript, pageEngine } from '../page-engine.js';

export * from './index.js';

const instances = once(async () => {
  try {
    const deflated = Uint8Array.from(atob(packed), byte => byte.charCodeAt(0));
    const inflated = new Response(new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate')));
    return instancesOf(await WebAssembly.compile(await inflated.arrayBuffer()));
  } catch {
    return loadScript();
  }
});

/** A client of this page, which asks the edge at once. */
export function createClient(options: ClientOptions): Client {
  return openClient(async () => pageEngine(await instances()), options);
}
