/** The core in this page, a script of its own that the playground alone loads: it runs the program of a visitor and answers like the edge. */
import { type FlagEngine, loadEngine } from '@twinflag/client/engine';

export type { FlagEngine } from '@twinflag/client/engine';

/** The engine of this page. */
export interface Core {
  /** The format of programs that it reads: `FORMAT` in `sdk-core/src/program/wire.rs`. */
  readonly format: number;
  /** A fresh engine, without a program yet. */
  readonly open: () => FlagEngine;
}

/** Fetches the engine, which the server has beside this script. */
export async function loadCore(): Promise<Core> {
  const response = await fetch('/dashboard/engine.wasm', { credentials: 'omit' });
  if (!response.ok) throw new Error(`the core cannot be loaded: the server answered ${response.status}`);
  const module = await response.arrayBuffer();
  return { format: 2, open: () => loadEngine(module) };
}
