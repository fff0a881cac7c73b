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
import type { CompiledRuleset, RulesetDetails } from './compiled-ruleset.js';
import { writeContext } from './context.js';
import { CODES, LAYERS, REASONS } from './spelling.js';
import { INVALID_CONTEXT, TWELVE_BITS, WIDE } from './tables.js';
import type { FlagMetadata, FlagValue } from './types.js';
import { freeze, requestedType } from './values.js';

export type { CompiledRuleset } from './compiled-ruleset.js';
export type * from './types.js';

/** The number that no flag has. */
const NO_FLAG = 0xffffffff;
/** The step that answers for a flag whose rollout was rolled back. */
const ROLLED_BACK = 1;

/**
 * Compiles a document.
 *
 * @param bucketKey 32 hexadecimal digits, for a document that names none
 * @throws an `Error` with a `pointer` where the document is refused whole
 */
export function compile(
  RulesetClass: new (document: string, bucketKey?: string) => Ruleset,
  document: string,
  bucketKey?: string,
): CompiledRuleset {
  const ruleset = new RulesetClass(document, bucketKey);
  const flags = createFlags(ruleset);
  return {
    errors: ruleset.errors(),
    errorCount: ruleset.errorCount(),
    warnings: ruleset.warnings(),
    flagKeys: () => ruleset.flagKeys(),
    moments: () => [...ruleset.moments()],
    evaluate(flagKey, defaultValue, context, now = Date.now()) {
      const flag = flags.numberOf(flagKey);
      return flags.spell(flag, ruleset.decide(flag, encodeContext(context), requestedType(defaultValue), now), defaultValue);
    },
    explain: (flagKey, defaultValue, context, now = Date.now()) =>
      ruleset.explain(flagKey, encodeContext(context), requestedType(defaultValue), now),
    program: known => ruleset.specialise(encodeContext(known)),
    setOwner: (kind, id, tree) => ruleset.setOwner(kind === 'customer', id, tree),
    close: () => ruleset.free(),
  };
}

/** A flag as its answers show it. */
interface Flag {
  readonly variants: readonly { readonly name: string; readonly value: FlagValue }[];
  readonly metadata: FlagMetadata | undefined;
}

/** The flags of a ruleset, each read when it is first asked for. */
function createFlags(ruleset: Ruleset) {
  /** By key and alias. A key that no flag has is not kept: callers may ask for any number of them. */
  const numbers = new Map<string, number>();
  const flags: Flag[] = [];

  const read = (flag: number): Flag => {
    const { variants, metadata } = ruleset.describe(flag)!;
    return {
      variants: variants.map(({ name, value, json }) => ({ name, value: value ?? freeze(JSON.parse(json!) as object) })),
      metadata: metadata === undefined ? undefined : freeze(JSON.parse(metadata) as FlagMetadata),
    };
  };

  return {
    numberOf(flagKey: string): number {
      const known = numbers.get(flagKey);
      if (known !== undefined) return known;
      const found = ruleset.flagNumber(flagKey);
      if (found !== undefined) numbers.set(flagKey, found);
      return found ?? NO_FLAG;
    },
    /** Spells out a decision; times 2^32, the compared bucket + 1. */
    spell<T>(flag: number, decision: number, defaultValue: T): RulesetDetails<T> {
      const layer = LAYERS[(decision >>> 28) - 1],
        number = (decision >>> 24) & 15;
      const details: { -readonly [name in keyof RulesetDetails<T>]: RulesetDetails<T>[name] } = {
        value: defaultValue,
        reason: layer ? REASONS[number - 1]! : 'ERROR',
      };
      const variant = (decision & TWELVE_BITS) - 1,
        step = ((decision >>> 12) & TWELVE_BITS) - 1,
        bucket = Math.floor(decision / WIDE) - 1;
      const isTold = flag !== NO_FLAG && (layer !== undefined || number < INVALID_CONTEXT);
      const known = isTold ? (flags[flag] ??= read(flag)) : undefined;
      if (variant >= 0) {
        details.value = known!.variants[variant]!.value as T;
        details.variant = known!.variants[variant]!.name;
      }
      if (layer) details.layer = layer;
      else details.errorCode = CODES[number - 1]!;
      if (bucket >= 0) details.bucket = bucket;
      if (step >= 0) details.step = step;
      if (layer === 'kill' && step === ROLLED_BACK) details.rolledBack = true;
      if (known?.metadata) details.metadata = known.metadata;
      return details;
    },
  };
}

let room = new Uint8Array(1024);
/** Bytes that are no context: an encoded context begins with the tag of a name. */
const REFUSED = Uint8Array.of(255);

/** A context in the byte form that crosses. */
export function encodeContext(context: unknown): Uint8Array {
  const grow = (bytes: number) => {
    const larger = new Uint8Array(bytes);
    larger.set(room);
    return (room = larger);
  };
  const length = writeContext(context, grow, room);
  // Of a refused context the room may hold a part, or nothing but the context before.
  return length < 0 ? REFUSED : room.slice(0, length);
}
