/** The runner in Node. */
import { readFileSync } from 'node:fs';
import { engineWithoutWasm } from './nowasm.mjs';
import { openRunner } from './runner.mjs';
import { fullRuntime, programRuntime } from './runtimes.mjs';

const client = new URL('../../npm/client/dist/', import.meta.url);

/**
 * A runner on what is built in `npm/client/dist`.
 *
 * @param runtime `node` for whole documents, `program` for programs, or `nowasm-program`: then the engine is the script
 */
export async function nodeRunner(runtime) {
  const { loadFull } = await import(new URL('bundle/full.js', client).href);
  const full = loadFull(readFileSync(new URL('full/full_bg.wasm', client)));
  if (runtime === 'node') return openRunner(fullRuntime(full));
  if (runtime === 'nowasm-program') return openRunner(programRuntime(full, await engineWithoutWasm()));
  const { loadEngine } = await import(new URL('bundle/engine.js', client).href);
  return openRunner(programRuntime(full, loadEngine(readFileSync(new URL('engine/engine.wasm', client)), { step: true })));
}
