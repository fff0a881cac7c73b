/** The core in a page, which the playground alone loads: it runs the program of a visitor and answers like the edge. */
import { type FlagEngine, loadEngine } from '@twinflag/client/engine';

export type { FlagEngine } from '@twinflag/client/engine';

/** The engine of a page. */
export interface Core {
  /** The format of programs that it reads: `FORMAT` in `sdk-core/src/program/wire.rs`. */
  readonly format: number;
  /** A fresh engine, without a program yet. */
  readonly open: () => FlagEngine;
}

/** The core of a module. */
export const coreOf = (module: BufferSource | WebAssembly.Module): Core => ({ format: 2, open: () => loadEngine(module) });

/** Fetches the engine, which the dashboard's server has beside this script. */
export async function loadCore(): Promise<Core> {
  const response = await fetch('/dashboard/engine.wasm', { credentials: 'omit' });
  if (!response.ok) throw new Error(`the core cannot be loaded: the server answered ${response.status}`);
  return coreOf(await response.arrayBuffer());
}
