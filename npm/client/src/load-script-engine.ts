/**
 * The engine as a script, for runtimes without WebAssembly; it answers as the module does.
 *
 * ```ts
 * const engine = loadScriptEngine();
 * engine.load(program);                          // the bytes that POST /v1/program answered
 * engine.identify({ customerId: 'c-1', plan: 'pro' });
 * engine.value('new_checkout', false);
 * ```
 */
import instantiate from '../dist/script/engine.js';
import type { EngineOptions } from './engine.js';
import { type FlagEngine, flagEngine } from './flag-engine.js';
import { engineWithParts } from './page-engine.js';

export { type EngineOptions, ProgramRefused } from './engine.js';
export type { FlagEngine } from './flag-engine.js';
export type * from './types.js';

/** A fresh engine, without a program yet. */
export const loadScriptEngine = (options?: EngineOptions): FlagEngine => flagEngine(engineWithParts(instantiate, options));
