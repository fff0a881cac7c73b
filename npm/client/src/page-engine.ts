/** Engines of pages and processes: an instance of the module has several, and further instances are made when all of them are in use. */
import { createEngine, type EngineModule, type EngineOptions, type EngineParts, type PageEngine } from './engine.js';
import { ENGINES } from './limits.js';

/** The instances of the module, each with the numbers of the engines that are free. */
const instances: [wasm: EngineModule, free: number[]][] = [];

/**
 * A fresh engine, without a program yet, and its parts; the engine's number serves again once it is closed.
 *
 * @param instantiate makes another instance of the module, which is the same for all engines; or of the script that stands for it
 */
export function engineWithParts(instantiate: () => EngineModule, options?: EngineOptions): [PageEngine, EngineParts] {
  let instance = instances.find(([, free]) => free.length);
  if (!instance) instances.push((instance = [instantiate(), [...Array(ENGINES).keys()]]));
  return createEngine(...instance, options);
}

/** As {@link engineWithParts}, the engine alone. */
export const pageEngine = (instantiate: () => EngineModule): PageEngine => engineWithParts(instantiate)[0];

/** Instances of a compiled module, which asks for nothing: it has no imports. */
export const instancesOf = (module: WebAssembly.Module) => () => new WebAssembly.Instance(module).exports as unknown as EngineModule;

/** Loads the engine as a script, and returns what makes instances of it. */
export const loadScript = async () => (await import('./entry/script-engine.js')).default;
