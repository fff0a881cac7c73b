/** The runner in Node. */
import { readFileSync } from 'node:fs';
import { openRunner } from './runner.mjs';
import { fullRuntime, programRuntime } from './runtimes.mjs';

const client = new URL('../../npm/client/dist/', import.meta.url);

/** A runner on the wasm that is built in `npm/client/dist`. */
export async function nodeRunner(runtime) {
  const { loadFull } = await import(new URL('bundle/full.js', client).href);
  const full = loadFull(readFileSync(new URL('full/full_bg.wasm', client)));
  if (runtime === 'node') return openRunner(fullRuntime(full));
  const { loadEngine } = await import(new URL('bundle/engine.js', client).href);
  return openRunner(programRuntime(full, loadEngine(readFileSync(new URL('engine/engine.wasm', client)), { step: true })));
}
