/**
 * Whole documents: compile, evaluate, explain, and make programs. For Node, tools and playgrounds; a page loads the engine.
 *
 * ```ts
 * initSync({ module: bytes });                   // wasm-bindgen's, of dist/full
 * const ruleset = compile(Ruleset, text);        // throws where the document is refused whole
 * ruleset.evaluate('new_checkout', false, { customerId: 'c-1' });
 * ```
 */
import type { Ruleset } from '../dist/full/full.js';
import type { CompiledRuleset } from './compiled-ruleset.js';
import { writeContext } from './context.js';
import type { FlagMetadata } from './types.js';
import { freeze, requestedType } from './values.js';

export type { CompiledRuleset } from './compiled-ruleset.js';
export type * from './types.js';

/** Compiles a document. @throws an `Error` with a `pointer` where the document is refused whole */
export function compile(RulesetClass: new (document: string) => Ruleset, document: string): CompiledRuleset {
  const ruleset = new RulesetClass(document);
  return {
    errors: ruleset.errors(),
    errorCount: ruleset.errorCount(),
    warnings: ruleset.warnings(),
    flagKeys: () => ruleset.flagKeys(),
    moments: () => [...ruleset.moments()],
    evaluate(flagKey, defaultValue, context, now = Date.now()) {
      const { json, value, metadata, ...rest } = ruleset.evaluate(flagKey, encodeContext(context), requestedType(defaultValue), now);
      const answered = json === undefined ? value : freeze(JSON.parse(json) as object);
      return {
        value: (answered ?? defaultValue) as typeof defaultValue,
        ...rest,
        ...(metadata !== undefined && { metadata: freeze(JSON.parse(metadata) as FlagMetadata) }),
      };
    },
    explain: (flagKey, defaultValue, context, now = Date.now()) =>
      ruleset.explain(flagKey, encodeContext(context), requestedType(defaultValue), now),
    program: known => ruleset.specialise(encodeContext(known)),
    close: () => ruleset.free(),
  };
}

let room = new Uint8Array(1024);

/** A context in the byte form that crosses. */
export function encodeContext(context: unknown): Uint8Array {
  const grow = (bytes: number) => {
    const larger = new Uint8Array(bytes);
    larger.set(room);
    return (room = larger);
  };
  const length = writeContext(context, grow, room);
  return room.slice(0, length);
}
