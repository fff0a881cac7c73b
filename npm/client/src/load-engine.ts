/**
 * The engine with the module that is handed in; as bytes or compiled, whichever the runtime allows.
 *
 * ```ts
 * const engine = loadEngine(module);             // dist/engine/engine.wasm
 * engine.load(program);                          // the bytes that POST /v1/program answered
 * engine.identify({ customerId: 'c-1', plan: 'pro' });
 * engine.value('new_checkout', false);           // from the second read on a look-up, no call into WASM
 * ```
 */
import type { EngineOptions } from './engine.js';
import { type FlagEngine, flagEngine } from './flag-engine.js';
import { engineWithParts, instancesOf } from './page-engine.js';

export { type EngineOptions, ProgramRefused } from './engine.js';
export type { FlagEngine } from './flag-engine.js';
export type * from './types.js';

let compiled: WebAssembly.Module | undefined;

/** A fresh engine, without a program yet. The first call's module serves all. */
export function loadEngine(module: BufferSource | WebAssembly.Module, options?: EngineOptions): FlagEngine {
  const instantiate = () => instancesOf((compiled ??= module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module)))();
  return flagEngine(engineWithParts(instantiate, options));
}
