/** The engine with the module that is handed in; as bytes or compiled, whichever the runtime allows. */
import { initSync } from '../dist/engine/engine.js';
import { createEngine, type FlagEngine } from './engine.js';

export { ProgramRefused, type FlagEngine } from './engine.js';
export type * from './types.js';

/** A fresh engine, without a program yet. The first call's module serves all. */
export function loadEngine(module: BufferSource | WebAssembly.Module): FlagEngine {
  return createEngine(initSync({ module }));
}
