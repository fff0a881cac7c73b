/** The doors in Node. */
import { readFileSync } from 'node:fs';
import { openDoor } from './door.mjs';
import { fullRuntime, programRuntime } from './runtimes.mjs';

const client = new URL('../../npm/client/dist/', import.meta.url);

/** A door on the wasm that is built in `npm/client/dist`. */
export async function nodeDoor(runtime) {
  const { loadFull } = await import(new URL('bundle/full.js', client).href);
  const full = loadFull(readFileSync(new URL('full/full_bg.wasm', client)));
  if (runtime === 'node') return openDoor(fullRuntime(full));
  const { loadEngine } = await import(new URL('bundle/engine.js', client).href);
  return openDoor(programRuntime(full, loadEngine(readFileSync(new URL('engine/engine.wasm', client)), { step: true })));
}
