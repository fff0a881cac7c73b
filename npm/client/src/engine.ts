/** The engine of a page: one program, one context, and the answers. */
import { writeContext } from './context.js';
import { CODES, LAYERS, REASONS } from './spelling.js';
import {
  ALIASES,
  ATTRIBUTES,
  CODE,
  FEW,
  FLAGS,
  INVALID_CONTEXT,
  LENGTH,
  NO_FLAG,
  NOT_READY,
  ROLLED_BACK,
  TWELVE_BITS,
  WIDE,
  WORDS,
} from './tables.js';
import type { EvaluationContext, EvaluationDetails, FlagMetadata, FlagValue } from './types.js';
import { parseFrozen, requestedType } from './values.js';

export type * from './types.js';

// A byte order mark is part of a value like any other character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A program that was refused; the one before stays in force. The engine gives its reason as a number: 1 no program, 2 an unknown format, 3 a wrong
 * length, 4 a wrong checksum, 5 unsound.
 */
export class ProgramRefused extends Error {
  override readonly name = 'ProgramRefused';
}

/** What the module of the engines exports, for each engine by its number; `sdk-wasm/src/runner.rs` says what it does. */
export interface EngineModule {
  /** Another buffer each time that the memory has grown; only a module's buffer before it is detached. */
  readonly memory: Pick<WebAssembly.Memory, 'buffer'>;
  room(engine: number, length: number): number;
  load(engine: number, length: number): number;
  identify(engine: number, length: number, now: number): void;
  all(engine: number): number;
  one(engine: number, flag: number, requested: number): number;
  close(engine: number): void;
}

/** The answer of an engine. */
export interface EngineDetails<T> extends EvaluationDetails<T> {
  /** The flag is off because its rollout was rolled back, rather than because it is disabled. */
  readonly rolledBack?: true;
}

/** The engine of a page. */
export interface PageEngine {
  /** Takes a program; from the next read on the context in force is asked again. @throws {ProgramRefused} and keeps the one before. */
  load(program: Uint8Array): void;
  /** Whether the program is for whom this is known of; it answers nobody else. */
  isFor(known: EvaluationContext): boolean;
  /**
   * Takes a context and a moment (milliseconds since 1970), for which flags are answered as they are read; after some of them,
   * all at once. @default now: the clock's
   */
  identify(context: EvaluationContext, now?: number): void;
  /** The answer for the context in force, and if it is that of a rollout that was rolled back. */
  details<T extends FlagValue | null | undefined>(flagKey: string, defaultValue: T): EngineDetails<T>;
  /** All flag keys of the program. */
  flagKeys(): string[];
  /** Frees the engine's memory; call it once. */
  close(): void;
}

/**
 * Steps of an answer, for what is built on an engine and is not part of every page. Flags stand for their numbers. They come in an order rather
 * than by names, which a page's script would hold.
 */
export type EngineParts = readonly [
  /** Finds the number of the flag with a key or alias; `NO_FLAG` if there is none. */
  numberOf: (flagKey: string) => number,
  /** The decision about a flag for the context in force. */
  decide: (flag: number) => number,
  /** The decision about a flag for the context that was put last; times 2^32, the compared bucket + 1. */
  one: (flag: number, requested: number) => number,
  /** Puts a context other than the one in force, which comes back by itself. */
  put: (context: unknown, now: number) => void,
  /** The value of a decision, if it has one of the default's type. */
  pick: <T>(flag: number, decision: number, defaultValue: T) => T,
  /** Spells out what `one` answers. */
  spell: <T>(flag: number, answer: number, defaultValue: T) => EvaluationDetails<T>,
];

/** How an engine answers. */
export interface EngineOptions {
  /** Whether details tell the step that answered: for tools that compare runtimes. @default false */
  readonly step?: boolean;
}

/**
 * A fresh engine of an instantiated module, without a program yet, and its parts.
 *
 * @param free the numbers of the instance's free engines, at least one: the engine takes one and gives it back when it is closed
 */
export function createEngine(wasm: EngineModule, free: number[], { step: isTold }: EngineOptions = {}): [PageEngine, EngineParts] {
  const { memory } = wasm;
  const id = free.pop()!;
  /** How many flags there are, and how many keys and aliases. */
  let flags = 0,
    names = 0;
  /** Where the program's words and texts stand, as `sdk-core/src/program/wire.rs` and `model/image.rs` lay them. */
  let tables: number, texts: number;
  /** Flag numbers by key and alias, as far as somebody looked for one, and how many are there. */
  let numbers = new Map<string, number>(),
    listed = 0;
  /**
   * By flag: its variants' values and names in turn, and at -1 the metadata or `false`, as far as they were asked for; by their place, for
   * flags that have the same.
   */
  let variants: FlagValue[][], places: Record<number, FlagValue[]>;
  /** Two words a flag for the context in force: decision, compared bucket + 1; 0 where it was not asked for yet. None until a flag is. */
  let answers: Uint32Array | undefined;
  /** The number of flags that were asked for one by one since a context was put in force. */
  let asked = 0;
  let context: EvaluationContext = {},
    now = 0;
  /** Whether the engine holds the context in force, rather than one that was asked about or none. */
  let current = true;
  let capacity = 1024,
    buffer: Uint8Array | undefined;

  const bytes = (at: number, length: number) => new Uint8Array(memory.buffer, at, length);
  /** The engine's room; asked for before the memory is looked at, which may grow for it. */
  const take = (needed: number) => {
    const at = wasm.room(id, needed);
    if (!at) throw new RangeError('out of memory');
    return at;
  };
  const room = (needed: number) => (buffer = bytes(take((capacity = needed)), needed));
  const put = (next: unknown, at: number) => {
    current = false;
    wasm.identify(id, writeContext(next, room, buffer?.length ? buffer : room(capacity)), at);
  };
  /** Puts the context in force back, after another was asked about. */
  const hold = () => {
    if (!current) put(context, now);
    current = true;
  };
  const word = (index: number) => new DataView(memory.buffer).getUint32(tables + 4 * index, true);
  const decode = (at: number, length: number) => decoder.decode(bytes(at, length));
  /** The text whose place and length stand at a word. */
  const text = (at: number) => decode(texts + word(at), word(at + 1) & LENGTH);
  const record = (flag: number) => word(CODE) + 4 * flag;

  const one = (flag: number, requested: number) => wasm.one(id, flag, requested);
  const numberOf = (key: string) => numbers.get(key) ?? search(key);
  /** Reads keys and then aliases, no further than to the one that is looked for: to read all of them takes as long as to load. */
  const search = (key: string): number => {
    while (listed < names) {
      const alias = listed - flags,
        at = alias < 0 ? record(listed) : record(flags) + 2 * word(ATTRIBUTES) + 3 * alias;
      const name = text(at),
        flag = alias < 0 ? listed : word(at + 2);
      listed++;
      // Without a name is what others wait for and nobody may ask about.
      if (name) {
        numbers.set(name, flag);
        if (name === key) return flag;
      }
    }
    return NO_FLAG;
  };

  /** The decision about a flag for the context in force; its bucket stands in `answers` then. */
  const decide = (flag: number): number => {
    if (!(answers ??= new Uint32Array(2 * flags))[2 * flag]) {
      hold();
      if ((asked++) ** FEW < flags) {
        const answer = one(flag, 0);
        answers[2 * flag] = answer;
        answers[2 * flag + 1] = answer / WIDE;
      } else new Uint8Array(answers.buffer).set(bytes(wasm.all(id), 8 * flags));
    }
    return answers[2 * flag]!;
  };

  const variantAt = (flag: number, variant: number) => word(record(flag) + 2) + 1 + 3 * variant;
  const variantsOf = (flag: number) => (variants[flag] ??= places[variantAt(flag, 0)] ??= []);
  const variantValue = (flag: number, variant: number): FlagValue =>
    (variantsOf(flag)[2 * variant] ??= readValue(texts + word(variantAt(flag, variant) + 2)));
  /** A place and a length stand behind the variants, if the upper bit of their count says so. */
  const readMetadata = (flag: number, count = word(variantAt(flag, 0) - 1)): FlagMetadata | false =>
    count >>> 31 > 0 && (parseFrozen(text(variantAt(flag, count & LENGTH))) as FlagMetadata);
  /** The value of a decision, if it has one of the default's type. */
  const pick = <T>(flag: number, decision: number, defaultValue: T): T => {
    const variant = decision & TWELVE_BITS,
      value = variant ? variantValue(flag, variant - 1) : undefined;
    return typeof value === typeof defaultValue ? (value as T) : defaultValue;
  };
  const readValue = (at: number): FlagValue => {
    const view = new DataView(memory.buffer);
    const tag = view.getUint8(at++);
    if (tag < 3) return tag === 2;
    if (tag === 3) return view.getFloat64(at, true);
    let length = 0,
      byte = 128;
    for (let shift = 0; byte > 127; shift += 7) {
      byte = view.getUint8(at++);
      length |= (byte & 127) << shift;
    }
    const written = decode(at, length);
    return tag === 4 ? written : (parseFrozen(written) as FlagValue);
  };

  /** Spells out a decision; times 2^32, the compared bucket + 1. */
  const spell = <T>(flag: number, answer: number, defaultValue: T): EngineDetails<T> => {
    const layer = LAYERS[(answer >>> 28) - 1],
      number = (answer >>> 24) & 15;
    const details: { -readonly [name in keyof EngineDetails<T>]: EngineDetails<T>[name] } = {
      value: defaultValue,
      reason: layer ? REASONS[number - 1]! : 'ERROR',
    };
    const variant = (answer & TWELVE_BITS) - 1,
      step = (answer >>> 12) & TWELVE_BITS,
      bucket = Math.floor(answer / WIDE);
    if (variant >= 0) {
      details.value = variantValue(flag, variant) as T;
      details.variant = (variantsOf(flag)[2 * variant + 1] ??= text(variantAt(flag, variant))) as string;
    }
    if (layer) details.layer = layer;
    else details.errorCode = CODES[number - 1]!;
    if (bucket) details.bucket = bucket - 1;
    if (layer === 'kill' && step === ROLLED_BACK) details.rolledBack = true;
    if (isTold && step) details.step = step - 1;
    const told =
      flag >= 0 && (layer || number < INVALID_CONTEXT) && ((variantsOf(flag)[-1] ??= readMetadata(flag)) as FlagMetadata | false);
    if (told) details.metadata = told;
    return details;
  };
  const engine: PageEngine = {
    load(program) {
      const at = take(program.length);
      new Uint8Array(memory.buffer).set(program, at);
      // Whether or not it is taken, the room is another one and holds no context.
      buffer = undefined;
      current = false;
      const loaded = wasm.load(id, program.length);
      if (loaded < 8) throw new ProgramRefused(`program refused: ${loaded}`);
      texts = loaded;
      tables = at + WORDS;
      flags = word(FLAGS);
      names = flags + word(ALIASES);
      numbers = new Map();
      listed = 0;
      variants = [];
      places = {};
      answers = undefined;
    },
    isFor(known) {
      put(known, 0);
      return one(NO_FLAG, 0) >>> 24 !== NOT_READY;
    },
    identify(next, at = Date.now()) {
      put(next, at);
      context = next;
      now = at;
      current = true;
      asked = 0;
      answers?.fill(0);
    },
    details(flagKey, defaultValue) {
      const flag = numberOf(flagKey),
        kind = requestedType(defaultValue);
      if (flag >= 0 && (!kind || kind === word(record(flag) + 1) >>> 28))
        return spell(flag, decide(flag) + answers![2 * flag + 1]! * WIDE, defaultValue);
      hold();
      return spell(flag, one(flag, kind), defaultValue);
    },
    flagKeys: () => [...Array(flags).keys()].map(flag => text(record(flag))).filter(Boolean),
    close() {
      wasm.close(id);
      free.push(id);
    },
  };
  return [engine, [numberOf, decide, one, put, pick, spell]];
}
