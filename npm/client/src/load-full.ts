/** Whole documents with the module that is handed in. */
import { bucket, initSync, Ruleset } from '../dist/full/full.js';
import type { CompiledRuleset } from './compiled-ruleset.js';
import { compile } from './full.js';

export type { CompiledRuleset } from './compiled-ruleset.js';
export type * from './types.js';

/** What the `full` build offers. */
export interface Full {
  /**
   * Compiles a document.
   *
   * @param bucketKey 32 hexadecimal digits, for a document that names none
   * @throws an `Error` with a `pointer` where it is refused whole
   */
  compile(document: string, bucketKey?: string): CompiledRuleset;
  /** The bucket of a unit, and the two halves of the salt's subkey. @throws where the key is not 32 hexadecimal digits */
  bucket(key: string, salt: string, unit: string): { bucket: number; subkey: [string, string] };
}

/** Loads the `full` build. The first call's module serves all. */
export function loadFull(module: BufferSource | WebAssembly.Module): Full {
  initSync({ module });
  return { compile: (document, bucketKey) => compile(Ruleset, document, bucketKey), bucket };
}
