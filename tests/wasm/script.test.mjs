// The engine as a script beside the module: what a trap would be in WebAssembly, and programs that nobody made.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { random } from '../edge/malformed/random.mjs';

const client = new URL('../../npm/client/dist/', import.meta.url);
const { loadEngine } = await import(new URL('bundle/engine.js', client).href);
const { loadScriptEngine } = await import(new URL('bundle/script-engine.js', client).href);
const { loadFull } = await import(new URL('bundle/full.js', client).href);
const { default: instantiate } = await import(new URL('script/engine.js', client).href);
const module = new WebAssembly.Module(readFileSync(new URL('engine/engine.wasm', client)));
const full = loadFull(readFileSync(new URL('full/full_bg.wasm', client)));

const SEED = 1;
const EACH = 400;
const HEAD = 20;
const MASK = (1n << 64n) - 1n;

/** The checksum of `sdk-core/src/program/wire.rs`: 64-bit words, and the last bytes one by one. */
function checksum(bytes) {
  let sum = BigInt(bytes.length);
  const step = word => {
    const mixed = ((sum ^ word) * 0x9e3779b97f4a7c15n) & MASK;
    sum = ((mixed << 29n) | (mixed >> 35n)) & MASK;
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) step(view.getBigUint64(at, true));
  for (; at < bytes.length; at++) step(BigInt(bytes[at]));
  return sum;
}

/** Makes length and checksum right again, so that only the tables themselves can tell that they are damaged. */
function sealed(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(8, bytes.length, true);
  view.setBigUint64(12, checksum(bytes.subarray(HEAD)), true);
  return bytes;
}

const DAMAGE = {
  'one bit': (r, bytes) => {
    bytes[HEAD + r.below(bytes.length - HEAD)] ^= 1 << r.below(8);
    return bytes;
  },
  'a word': (r, bytes) => {
    const word = r.pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, r.below(1 << 30)]);
    new DataView(bytes.buffer).setUint32(4 * (5 + r.below((bytes.length - HEAD) >> 2)), word, true);
    return bytes;
  },
  'a word of the head': (r, bytes) => {
    new DataView(bytes.buffer).setUint32(HEAD + 4 * r.below(13), r.pick([0, 1, 2, 0x7fffffff, 0xffffffff, r.below(1 << 20)]), true);
    return bytes;
  },
  'words that changed places': (r, bytes) => {
    const place = () => 4 * (5 + r.below((bytes.length - HEAD) >> 2)),
      [one, other] = [place(), place()];
    const held = bytes.slice(one, one + 4);
    bytes.copyWithin(one, other, other + 4);
    bytes.set(held, other);
    return bytes;
  },
  truncated: (r, bytes) => bytes.slice(0, HEAD + r.below(bytes.length - HEAD)),
  zeros: (r, bytes) => {
    const at = HEAD + r.below(bytes.length - HEAD);
    return bytes.fill(0, at, at + r.below(64));
  },
};

/** What an engine says to a program: that it is refused, or every answer; errors as text. */
function said(engine, program, context) {
  const tell = ask => {
    try {
      return ask();
    } catch (error) {
      // No other error is one that the scripts around the engine throw: a trap is a `WebAssembly.RuntimeError`.
      if (!['ProgramRefused', 'RangeError', 'SyntaxError'].includes(error.name)) throw error;
      return `${error.name}: ${error.message}`;
    }
  };
  const refused = tell(() => engine.load(program));
  if (refused) return refused;
  tell(() => engine.identify(context, 1_767_225_600_000));
  const keys = tell(() => engine.flagKeys());
  const flags = Array.isArray(keys) ? keys : [];
  return JSON.stringify([keys, flags.map(key => [tell(() => engine.details(key, undefined)), tell(() => engine.ask(key, true, {}, 0))])]);
}

/** The documents of all vectors. */
function documents() {
  const folder = new URL('../vectors/', import.meta.url);
  const topics = readdirSync(folder).filter(name => /^\d\d-.*\.json$/.test(name));
  return topics.flatMap(name => Object.values(JSON.parse(readFileSync(new URL(name, folder), 'utf8')).documents ?? {}));
}

test('damaged programs with a right checksum: refused alike, or answered alike', t => {
  const engines = [loadEngine(module, { step: true }), loadScriptEngine({ step: true })];
  const context = {
    customerId: 'c-1',
    userId: 'u-1',
    plan: 'pro',
    version: '1.2.3',
    address: '10.1.2.3',
    at: '2026-01-01T00:00:00Z',
    n: 5,
  };
  const programs = documents().flatMap(document => {
    try {
      const ruleset = full.compile(typeof document === 'string' ? document : JSON.stringify(document));
      const program = ruleset.program({ customerId: 'c-1' });
      ruleset.close();
      return [program];
    } catch {
      // A document that is refused whole has no program.
      return [];
    }
  });
  assert.ok(programs.length > 60, `${programs.length} programs`);
  const counts = { taken: 0, refused: 0 };
  let number = 0;
  for (const damage of Object.values(DAMAGE)) {
    for (let left = EACH; left > 0; left--, number++) {
      const r = random(SEED, number);
      const bytes = sealed(damage(r, Uint8Array.from(r.pick(programs))));
      const [byModule, byScript] = engines.map(engine => said(engine, bytes, context));
      assert.equal(byScript, byModule, `program ${number}`);
      counts[byScript.startsWith('ProgramRefused') ? 'refused' : 'taken']++;
    }
  }
  // And sound ones in between are answered as ever.
  for (const program of programs) assert.equal(...engines.map(engine => said(engine, program, context)));
  assert.ok(counts.taken > 300 && counts.refused > 300, JSON.stringify(counts));
  t.diagnostic(`${number} programs of ${Object.keys(DAMAGE).length} kinds of damage: ${JSON.stringify(counts)}`);
});

test('memory that runs out is told, and what was there stays', () => {
  const ruleset = full.compile('{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"f":{"default":"on"}}}');
  const program = ruleset.program({});
  const Whole = globalThis.ArrayBuffer;
  for (const [form, engine] of Object.entries({ module: new WebAssembly.Instance(module).exports, script: instantiate() })) {
    const at = engine.room(0, program.length);
    new Uint8Array(engine.memory.buffer).set(program, at);
    assert.ok(engine.load(0, program.length) > 8, form);
    engine.identify(0, 0, 0);
    const answer = engine.one(0, 0, 0);
    // More than there are addresses, and as many as there are.
    for (const bytes of [2 ** 32 - 1, 2 ** 32 - 65_537, 2 ** 31 + 65_536]) assert.equal(engine.room(0, bytes), 0, `${form}: ${bytes}`);
    assert.equal(engine.one(0, 0, 0), answer, form);
    assert.ok(engine.room(1, 70_000) > 0, form);
  }
  const { room, memory } = instantiate();
  try {
    globalThis.ArrayBuffer = class extends Whole {
      constructor(length) {
        if (length > 4e6) throw new RangeError('Array buffer allocation failed');
        super(length);
      }
    };
    assert.equal(room(0, 8_000_000), 0);
    assert.ok(room(0, 1_000_000) > 0);
  } finally {
    globalThis.ArrayBuffer = Whole;
  }
  assert.ok(memory.buffer.byteLength < 4e6);
  assert.ok(room(0, 8_000_000) > 0);
  // As the instruction `memory.grow` answers: more than a buffer can have leaves the memory as it is.
  const pages = memory.buffer.byteLength / 65_536;
  for (const more of [-1, 32_767, 65_535, 65_536, 2 ** 31 - 1]) assert.equal(memory.grow(more), -1, `${more} pages`);
  assert.equal(memory.grow(0), pages);
  assert.equal(memory.buffer.byteLength / 65_536, pages);
});

test('instances have their own memory', () => {
  const [one, other] = [instantiate(), instantiate()];
  const at = one.room(0, 8);
  assert.equal(other.room(0, 8), at);
  new Uint8Array(one.memory.buffer).fill(7, at, at + 8);
  assert.deepEqual([...new Uint8Array(other.memory.buffer, at, 8)], new Array(8).fill(0));
});
