/** The core inside of the package: a host's page has no server of ours to fetch it from. A chunk of its own, with the engine deflated in it. */
import packed from '../../../client/dist/packed/engine.deflate';
import { type Core, coreOf } from '../page-engine.js';

/** Unpacks and compiles the engine. Rejects where the policy of the page lacks `'wasm-unsafe-eval'`. */
export async function loadCore(): Promise<Core> {
  const deflated = Uint8Array.from(atob(packed), byte => byte.charCodeAt(0));
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate'));
  return coreOf(await WebAssembly.compile(await new Response(inflated).arrayBuffer()));
}
