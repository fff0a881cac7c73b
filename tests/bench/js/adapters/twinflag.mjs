/** Ours, through what a page loads: the bundled script, the engine's module, a program made with nothing known. */
import fs from 'node:fs';

import { loadEngine } from '../../../../npm/client/dist/bundle/engine.js';

const client = new URL('../../../../npm/client/dist/', import.meta.url);
const dist = new URL('../dist/', import.meta.url);

export const name = 'Twinflag';

// As a page has it long before a program arrives; the others' modules are loaded by now as well.
const module = new WebAssembly.Module(fs.readFileSync(new URL('engine/engine.wasm', client)));
loadEngine(module).close();

/** The native core made it from the document of `workload.mjs`. */
export const rules = flags => new Uint8Array(fs.readFileSync(new URL(`program-${flags.length}.bin`, dist)));

/** @param engine a fresh engine: the module's, if it is not named */
export function load(program, keys, engine = loadEngine(module)) {
  engine.load(program);
  return {
    context: user => ({ targetingKey: user.id, plan: user.plan, country: user.country, org: user.org }),
    /** Once for each context; then every flag is read. */
    identify: context => engine.identify(context),
    read: key => engine.value(key, false),
    one: (key, context) => engine.askValue(key, false, context),
    all(context) {
      engine.identify(context);
      let count = 0;
      for (const key of keys) if (engine.value(key, false)) count++;
      return count;
    },
  };
}
