/**
 * The engine of a page: one program, one context, and the answers.
 *
 * ```ts
 * const engine = createEngine(wasm);            // wasm-bindgen's Engine and its memory
 * engine.load(program);                          // the bytes that POST /v1/program answered
 * engine.identify({ customerId: 'c-1', plan: 'pro' });
 * engine.value('new_checkout', false);           // a look-up, no call into WASM
 * ```
 */
import type { Engine } from '../dist/engine/engine.js';
import { writeContext } from './context.js';
import { TYPES, freeze, requestedType } from './values.js';
import type { ErrorCode, EvaluationContext, EvaluationDetails, FlagValue, Layer, Reason } from './types.js';

export type * from './types.js';

// In the order of their numbers in `sdk-core/src/details.rs`.
const REASONS: readonly Reason[] = ['STATIC', 'DEFAULT', 'TARGETING_MATCH', 'SPLIT', 'DISABLED', 'PREREQUISITE_FAILED', 'ERROR'];
const CODES: readonly ErrorCode[] = ['FLAG_NOT_FOUND', 'TYPE_MISMATCH', 'TARGETING_KEY_MISSING', 'INVALID_CONTEXT', 'PROVIDER_NOT_READY'];
const LAYERS: readonly Layer[] = ['kill', 'customer', 'organization', 'rollout', 'target', 'rule', 'environment', 'default'];
const REFUSALS: readonly string[] = ['these bytes are no program', 'a format that is not read here', 'cut off, or longer than it says', 'a wrong checksum', 'it refers to what is not in it'];

const VARIANT = 0xfffff;
/** The bits of an answer to an unknown flag. */
const NO_FLAG = 0xffffffff;

/** A program that was refused; the one before stays in force. */
export class ProgramRefused extends Error {
  override readonly name = 'ProgramRefused';
}

/** The engine of a page. */
export interface FlagEngine {
  /** Takes a program; the context in force is asked again. @throws {ProgramRefused} and keeps the one before. */
  load(program: Uint8Array): void;
  /** Answers all flags for a context and a moment (milliseconds since 1970). @default now: the clock's */
  identify(context: EvaluationContext, now?: number): void;
  /** The value of a flag for the context in force, or the default: of another type, an unknown flag, an error. */
  value<T extends FlagValue>(flagKey: string, defaultValue: T): T;
  /** The same with variant, reason, error code and layer. */
  details<T extends FlagValue | null | undefined>(flagKey: string, defaultValue: T): EvaluationDetails<T>;
  /** One flag for another context; the one in force stays. */
  ask<T extends FlagValue | null | undefined>(flagKey: string, defaultValue: T, context: EvaluationContext, now?: number): EvaluationDetails<T>;
  /** As {@link FlagEngine.ask}, the value alone. */
  askValue<T extends FlagValue>(flagKey: string, defaultValue: T, context: EvaluationContext, now?: number): T;
  /** All flag keys of the program. */
  flagKeys(): string[];
  /** Frees the engine's memory. */
  close(): void;
}

/** Wraps wasm-bindgen's `Engine`. */
export function createEngine(engine: Engine, memory: WebAssembly.Memory): FlagEngine {
  // A byte order mark is part of a value like any other character.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let flags = 0;
  /** Flag numbers by key and alias. */
  let numbers = new Map<string, number>();
  /** By flag: its type's number, and its values and names as far as they were asked for. */
  let kinds: number[] = [], values: FlagValue[][] = [], names: string[][] = [];
  /** Two words a flag: decision, compared bucket + 1. */
  let answers = new Uint32Array(0), answersAt = 0;
  let context: EvaluationContext = {}, now = 0;
  /** Whether the engine holds the context in force, rather than one that was asked about. */
  let current = true;
  let capacity = 1024, buffer = new Uint8Array(0);

  const room = (bytes: number) => {
    capacity = Math.max(capacity, bytes);
    return (buffer = new Uint8Array(memory.buffer, engine.contextBuffer(capacity), capacity));
  };
  const put = (next: unknown, at: number) => engine.identify(writeContext(next, room, buffer.length > 0 ? buffer : room(capacity)), at);
  const text = (at: number) => decoder.decode(new Uint8Array(memory.buffer, at, engine.length()));

  const answerAll = () => {
    put(context, now);
    answersAt = engine.evaluateAll();
    answers = new Uint32Array(memory.buffer, answersAt, 2 * flags);
    current = true;
  };
  /** The answers where they stand. When memory has grown, a view of the old one has no length; asking for the new one each time is slow. */
  const held = () => (answers.length === 2 * flags ? answers : (answers = new Uint32Array(memory.buffer, answersAt, 2 * flags)));

  const valueOf = (flag: number, variant: number): FlagValue => {
    const known = (values[flag] ??= []);
    return (known[variant] ??= readValue(engine.variantValue(flag, variant)));
  };
  const readValue = (at: number): FlagValue => {
    const view = new DataView(memory.buffer, at, engine.length());
    const tag = view.getUint8(0);
    if (tag < 3) return tag === 2;
    if (tag === 3) return view.getFloat64(1, true);
    let start = 1;
    while (view.getUint8(start++) > 127);
    const written = decoder.decode(new Uint8Array(memory.buffer, at + start, view.byteLength - start));
    return tag === 4 ? written : freeze(JSON.parse(written) as object);
  };
  const nameOf = (flag: number, variant: number): string => ((names[flag] ??= [])[variant] ??= text(engine.variantName(flag, variant)));

  const spell = <T>(flag: number, word: number, bucket: number, defaultValue: T): EvaluationDetails<T> => {
    const details: { -readonly [name in keyof EvaluationDetails<T>]: EvaluationDetails<T>[name] } = { value: defaultValue, reason: REASONS[((word >>> 20) & 15) - 1]! };
    const variant = (word & VARIANT) - 1;
    if (variant >= 0) {
      details.value = valueOf(flag, variant) as T;
      details.variant = nameOf(flag, variant);
    }
    const code = CODES[((word >>> 24) & 15) - 1], layer = LAYERS[(word >>> 28) - 1];
    if (code) details.errorCode = code;
    if (layer) details.layer = layer;
    if (bucket) details.bucket = bucket - 1;
    return details;
  };
  return {
    load(program) {
      const refusal = engine.load(program);
      if (refusal) throw new ProgramRefused(`program refused: ${REFUSALS[refusal - 1]}`);
      flags = engine.flags();
      kinds = [], values = [], names = [];
      numbers = new Map();
      for (let flag = 0; flag < flags; flag++) {
        numbers.set(text(engine.name(flag)), flag);
        kinds.push(engine.flagType(flag));
      }
      for (let alias = 0; alias < engine.aliases(); alias++) numbers.set(text(engine.name(flags + alias)), engine.aliasedFlag(alias));
      answerAll();
    },
    identify(next, at = Date.now()) {
      context = next;
      now = at;
      answerAll();
    },
    value(flagKey, defaultValue) {
      const flag = numbers.get(flagKey);
      if (flag === undefined) return defaultValue;
      const variant = held()[2 * flag]! & VARIANT;
      if (variant === 0 || typeof defaultValue !== TYPES[kinds[flag]! - 1]) return defaultValue;
      return valueOf(flag, variant - 1) as typeof defaultValue;
    },
    details(flagKey, defaultValue) {
      const flag = numbers.get(flagKey) ?? NO_FLAG;
      const kind = requestedType(defaultValue);
      if (flag !== NO_FLAG && (kind === 0 || kind === kinds[flag])) {
        return spell(flag, held()[2 * flag]!, held()[2 * flag + 1]!, defaultValue);
      }
      if (!current) answerAll();
      return spell(flag, engine.evaluate(flag, kind), engine.bucket(), defaultValue);
    },
    ask(flagKey, defaultValue, other, at = Date.now()) {
      current = false;
      put(other, at);
      const flag = numbers.get(flagKey) ?? NO_FLAG;
      return spell(flag, engine.evaluate(flag, requestedType(defaultValue)), engine.bucket(), defaultValue);
    },
    askValue(flagKey, defaultValue, other, at = Date.now()) {
      current = false;
      put(other, at);
      const flag = numbers.get(flagKey) ?? NO_FLAG;
      const variant = engine.evaluate(flag, requestedType(defaultValue)) & VARIANT;
      return variant === 0 ? defaultValue : (valueOf(flag, variant - 1) as typeof defaultValue);
    },
    flagKeys: () => Array.from({ length: flags }, (_, flag) => text(engine.name(flag))),
    close: () => engine.free(),
  };
}
