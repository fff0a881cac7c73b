/** The engine with the module that is handed in; as bytes or compiled, whichever the runtime allows. */
import { createEngine, type EngineModule, type EngineOptions, type FlagEngine } from './engine.js';

export { type EngineOptions, type FlagEngine, ProgramRefused } from './engine.js';
export type * from './types.js';

/** The length of `ENGINES` in `sdk-wasm/src/runner.rs`: an instance of the module answers nothing to a higher number. */
const ENGINES = 64;

/** The module, and its instances, each with the numbers of the engines that are free. */
let compiled: WebAssembly.Module | undefined;
const instances: [wasm: EngineModule, free: number[]][] = [];

/**
 * A fresh engine, without a program yet. The first call's module serves all.
 *
 * An instance of the module has 64 engines; a further instance is made when all of them are in use, and its engines serve again once closed.
 */
export function loadEngine(module: BufferSource | WebAssembly.Module, options?: EngineOptions): FlagEngine {
  let instance = instances.find(([, free]) => free.length);
  if (!instance) {
    compiled ??= module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module);
    // The module asks for nothing: it has no imports.
    instances.push((instance = [new WebAssembly.Instance(compiled).exports as unknown as EngineModule, [...Array(ENGINES).keys()]]));
  }
  return createEngine(...instance, options);
}
