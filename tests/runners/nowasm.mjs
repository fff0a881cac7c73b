/**
 * The engine as a script, in a realm of Node that has neither WebAssembly nor BigInt. Documents are compiled outside of it: only the engine is
 * made for runtimes without WebAssembly.
 */
import { createContext, runInContext } from 'node:vm';
import { scriptText } from './script.mjs';

/** A fresh engine of that realm, which also tells steps. */
export async function engineWithoutWasm() {
  const realm = createContext({ TextDecoder, TextEncoder });
  runInContext('delete globalThis.WebAssembly; delete globalThis.BigInt;', realm);
  runInContext(await scriptText(['npm/client/dist/bundle/script-engine.js']), realm);
  const left = runInContext('[typeof WebAssembly, typeof BigInt]', realm);
  if (left.some(type => type !== 'undefined')) throw new Error('the realm has WebAssembly or BigInt');
  return runInContext('runners.loadScriptEngine({ step: true })', realm);
}
