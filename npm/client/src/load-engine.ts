/** The engine with the module that is handed in; as bytes or compiled, whichever the runtime allows. */
import { createEngine, type EngineModule, type EngineOptions, type FlagEngine } from './engine.js';

export { type EngineOptions, type FlagEngine, ProgramRefused } from './engine.js';
export type * from './types.js';

let engines: EngineModule | undefined;

/** A fresh engine, without a program yet. The first call's module serves all. */
export function loadEngine(module: BufferSource | WebAssembly.Module, options?: EngineOptions): FlagEngine {
  // The module asks for nothing: it has no imports.
  engines ??= new WebAssembly.Instance(module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module))
    .exports as unknown as EngineModule;
  return createEngine(engines, options);
}
