// The engine of a page, as it is built, as a module and as a script: values of every type, programs that are refused, several engines side by side.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const client = new URL('../../npm/client/dist/', import.meta.url);
const { loadEngine } = await import(new URL('bundle/engine.js', client).href);
const { loadScriptEngine } = await import(new URL('bundle/script-engine.js', client).href);
const full = await import(new URL('full/full.js', client).href);
full.initSync({ module: readFileSync(new URL('full/full_bg.wasm', client)) });
const module = readFileSync(new URL('engine/engine.wasm', client));
/** How to open an engine, by its form. */
const FORMS = { module: () => loadEngine(module), script: () => loadScriptEngine() };
/** Each bundle has a class of its own. */
const REFUSED = { name: 'ProgramRefused' };

/** A test of the engine in each of its forms. */
function each(name, run) {
  for (const [form, open] of Object.entries(FORMS)) test(`${name}, by the ${form}`, () => run(open));
}

const variants = of => ({
  variants: of,
  on: 'a',
  off: 'a',
  default: 'a',
  rules: [{ if: { attribute: 'plan', op: 'in', value: ['PRO', 'Größe'], ignoreCase: true }, serve: 'b' }],
});
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    boolean: { type: 'boolean', ...variants({ a: false, b: true }) },
    string: { type: 'string', ...variants({ a: '', b: 'ä'.repeat(100) }) },
    number: { type: 'number', ...variants({ a: -0.5, b: 1e300 }) },
    object: { type: 'object', ...variants({ a: { list: [1, 'two', null] }, b: { __proto__: 'not' } }) },
  },
};

/** Bytes of a program for an empty context. */
function program(document) {
  const ruleset = new full.Ruleset(JSON.stringify(document));
  assert.deepEqual(ruleset.errors(), []);
  return ruleset.specialise(new Uint8Array(0));
}

each('values of every type', open => {
  const engine = open();
  engine.load(program(DOCUMENT));
  assert.deepEqual(engine.flagKeys(), ['boolean', 'string', 'number', 'object']);
  engine.identify({ plan: 'free' });
  assert.equal(engine.value('boolean', true), false);
  assert.equal(engine.value('string', 'x'), '');
  assert.equal(engine.value('number', 7), -0.5);
  assert.deepEqual(engine.value('object', {}), { list: [1, 'two', null] });
  for (const plan of ['pro', 'grÖßE']) {
    engine.identify({ plan });
    assert.equal(engine.value('boolean', false), true);
    assert.equal(engine.value('string', 'x'), 'ä'.repeat(100));
    assert.equal(engine.value('number', 7), 1e300);
    const details = engine.details('number', 7);
    assert.deepEqual(details, { value: 1e300, variant: 'b', reason: 'TARGETING_MATCH', layer: 'rule' });
  }
  assert.equal(engine.value('boolean', 'text'), 'text');
  assert.equal(engine.details('boolean', 'text').errorCode, 'TYPE_MISMATCH');
  assert.equal(engine.details('nobody', 1).errorCode, 'FLAG_NOT_FOUND');
  engine.close();
});

each('more flags than are asked one by one, in any order', open => {
  const names = Array.from({ length: 40 }, (_, index) => `flag-${index}`);
  const flags = Object.fromEntries(names.map((name, index) => [name, { type: 'number', ...variants({ a: -1 - index, b: 1 + index }) }]));
  const engine = open();
  engine.load(program({ ...DOCUMENT, flags }));
  for (const plan of ['pro', 'free', 'pro']) {
    engine.identify({ plan });
    const sign = plan === 'pro' ? 1 : -1;
    for (const [index, name] of [...names.entries()].reverse()) {
      // Asking for somebody else between two questions changes neither answer.
      assert.equal(engine.askValue('flag-7', 0.5, { plan: 'other' }), -8);
      assert.equal(engine.value(name, 0.5), sign * (1 + index));
      assert.equal(engine.details(name, 0.5).value, sign * (1 + index));
    }
    assert.equal(engine.value('flag-39', 0.5), sign * 40);
  }
  engine.close();
});

each('metadata with every answer about a flag but those of a context that cannot be used', open => {
  const metadata = { team: 'chät', weight: 0.5, beta: true };
  const on = { default: 'on' },
    draw = { unit: 'userId', rollout: { status: 'active', percentage: 50 } };
  const flags = {
    told: { ...on, metadata },
    same: { ...on, metadata },
    plain: on,
    drawn: { ...draw, metadata: { draw: 1 } },
    many: { type: 'string', ...variants({ a: '', b: 'b', c: 'c' }), metadata: { many: 3 } },
  };
  const engine = open();
  engine.load(program({ ...DOCUMENT, flags }));
  engine.identify({});
  const told = engine.details('told', true);
  assert.deepEqual(told, { value: true, variant: 'on', reason: 'STATIC', layer: 'default', metadata });
  assert.ok(Object.isFrozen(told.metadata));
  assert.equal(engine.details('told', false).metadata, told.metadata);
  assert.deepEqual(engine.details('same', true).metadata, metadata);
  assert.equal('metadata' in engine.details('plain', true), false);
  assert.deepEqual(engine.details('told', 1), { value: 1, reason: 'ERROR', errorCode: 'TYPE_MISMATCH', metadata });
  assert.deepEqual(engine.details('drawn', false), {
    value: false,
    reason: 'ERROR',
    errorCode: 'TARGETING_KEY_MISSING',
    metadata: { draw: 1 },
  });
  assert.deepEqual(engine.ask('many', '', { plan: 'PRO' }).metadata, { many: 3 });
  assert.deepEqual(engine.details('nobody', 1), { value: 1, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' });
  assert.deepEqual(engine.ask('drawn', false, { userId: [] }), { value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
  assert.deepEqual(engine.ask('told', false, { plan: NaN }), { value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
  assert.deepEqual(engine.ask('told', false, { customerId: 'c' }), { value: false, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' });
  // Of another program nothing is kept.
  engine.load(program({ ...DOCUMENT, flags: { told: on } }));
  assert.equal('metadata' in engine.details('told', true), false);
  engine.close();
});

each('a context that cannot be read leaves the one in force', open => {
  const engine = open();
  engine.load(program(DOCUMENT));
  engine.identify({ plan: 'pro' });
  assert.throws(
    () =>
      engine.identify({
        get plan() {
          throw new Error('unreadable');
        },
      }),
    /unreadable/,
  );
  assert.equal(engine.value('boolean', false), true);
  assert.equal(engine.value('number', 7), 1e300);
  engine.close();
});

each('one flag for another context leaves the one in force', open => {
  const engine = open();
  engine.load(program(DOCUMENT));
  engine.identify({ plan: 'pro' });
  assert.equal(engine.askValue('boolean', true, { plan: 'free' }), false);
  assert.equal(engine.ask('boolean', true, { plan: NaN }).errorCode, 'INVALID_CONTEXT');
  assert.equal(engine.value('boolean', false), true);
  assert.equal(engine.details('nobody', 1).errorCode, 'FLAG_NOT_FOUND');
  engine.close();
});

each('a context is refused one step beyond each limit, and taken at it', open => {
  const engine = open();
  engine.load(program(DOCUMENT));
  const members = (count, value) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, value ?? at]));
  const nested = (levels, wrap) => ({ a: Array.from({ length: levels - 1 }).reduce(wrap, 1) });
  /** Text of so many bytes, in scalar values of so many. */
  const text = (bytes, scalar) => scalar.repeat(bytes / Buffer.byteLength(scalar)) + 'y'.repeat(bytes % Buffer.byteLength(scalar));
  const limits = [
    [16, levels => nested(levels, inner => [inner])],
    [16, levels => nested(levels, inner => ({ a: inner }))],
    [1000, count => members(count)],
    [1000, count => ({ a: [members(500), members(count - 501)] })],
    [10_000, count => ({ a: new Array(count).fill(1) })],
    [10_000, count => ({ a: [new Array(count - 1)] })],
    [10_000, count => ({ a: new Array(5000).fill(null), b: { c: new Array(count - 5000).fill('') } })],
    ...['x', 'ж', '日', '😀'].flatMap(scalar => [
      [65_536, bytes => ({ a: text(bytes - 1, scalar) })],
      [65_536, bytes => ({ [text(bytes - 1, scalar)]: 'a' })],
      [65_536, bytes => ({ a: [text(1000, scalar), { b: text(bytes - 1002, scalar) }] })],
    ]),
    [65_536, bytes => ({ a: new Array(655).fill('x'.repeat(100)), b: 'x'.repeat(bytes - 65_502) })],
  ];
  for (const [limit, make] of limits) {
    for (const [context, code] of [
      [make(limit), undefined],
      [make(limit + 1), 'INVALID_CONTEXT'],
      [{ ...make(limit), n7: undefined }, undefined],
    ]) {
      engine.identify(context);
      assert.equal(engine.details('boolean', true).errorCode, code, String(make));
    }
  }
  // Nothing is kept of what was counted for another context.
  for (let round = 0; round < 3; round++) {
    engine.identify({ ...members(999), plan: 'pro' });
    assert.equal(engine.value('boolean', false), true);
  }
  engine.close();
});

each('objects that say themselves what JSON they are', open => {
  const engine = open();
  engine.load(program(DOCUMENT));
  const again = { toJSON: () => again, plan: 'free' };
  const other = { toJSON: () => ({ toJSON: () => 1 }) };
  for (const [context, code] of [
    [{ at: new Date(0) }, undefined],
    [{ again }, 'INVALID_CONTEXT'],
    [{ other }, 'INVALID_CONTEXT'],
    [{ a: { toJSON: () => null } }, undefined],
    [{ a: { toJSON: () => NaN } }, 'INVALID_CONTEXT'],
  ]) {
    engine.identify(context);
    assert.equal(engine.details('boolean', true).errorCode, code);
  }
  engine.identify({ plan: { toJSON: () => 'pro' } });
  assert.equal(engine.value('boolean', false), true);
  engine.close();
});

each('after a load the context in force is asked again, whatever is asked first', open => {
  const aliased = { ...DOCUMENT.flags.boolean, aliases: ['BOOLEAN'] };
  const turned = { ...DOCUMENT, flags: { first: DOCUMENT.flags.string, boolean: { ...aliased, off: 'b', default: 'b', rules: [] } } };
  const engine = open();
  for (const first of [
    () => undefined,
    () => engine.value('nobody', 1),
    () => engine.details('nobody', 1),
    () => engine.details('boolean', 'text'),
    () => engine.askValue('boolean', false, { plan: 'pro' }),
    () => assert.throws(() => engine.load(new Uint8Array(8)), REFUSED),
  ]) {
    engine.load(program(DOCUMENT));
    engine.identify({ plan: 'free' });
    assert.equal(engine.value('boolean', true), false);
    engine.load(program(turned));
    first();
    assert.equal(engine.value('BOOLEAN', false), true);
    assert.equal(engine.details('boolean', false).reason, 'STATIC');
    assert.equal(engine.value('first', 'x'), '');
    engine.load(program(DOCUMENT));
    assert.equal(engine.value('BOOLEAN', true), true, 'an alias of the program before');
    assert.equal(engine.details('boolean', true).variant, 'a');
  }
  engine.load(program(DOCUMENT));
  engine.identify({ plan: NaN });
  engine.load(program(turned));
  assert.equal(engine.details('nobody', 1).errorCode, 'INVALID_CONTEXT');
  assert.equal(engine.details('first', 'x').errorCode, 'INVALID_CONTEXT');
  engine.close();
});

each('a damaged program is refused and the one before stays', open => {
  const engine = open();
  const bytes = program(DOCUMENT);
  assert.throws(() => engine.load(new Uint8Array(0)), REFUSED);
  engine.load(bytes);
  engine.identify({ plan: 'pro' });
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 1 << (at & 7);
    assert.throws(() => engine.load(damaged), REFUSED);
    assert.throws(() => engine.load(bytes.subarray(0, at)), REFUSED);
  }
  assert.equal(engine.value('string', 'x'), 'ä'.repeat(100));
  assert.equal(engine.details('number', 7).value, 1e300);
  assert.equal(engine.details('nobody', 1).errorCode, 'FLAG_NOT_FOUND');
  engine.identify({ plan: 'free' });
  assert.equal(engine.value('number', 7), -0.5);
  engine.close();
});

each('engines side by side, and memory that does not grow with use', open => {
  const [one, other] = [open(), open()];
  one.load(program(DOCUMENT));
  other.load(
    program({ ...DOCUMENT, flags: { boolean: { type: 'boolean', variants: { a: false, b: true }, on: 'b', off: 'a', default: 'b' } } }),
  );
  one.identify({});
  other.identify({});
  assert.deepEqual([one.value('boolean', true), other.value('boolean', false)], [false, true]);
  other.close();
  const again = open();
  assert.deepEqual(again.flagKeys(), []);
  assert.equal(again.details('boolean', true).errorCode, 'FLAG_NOT_FOUND');
  const bytes = program(DOCUMENT);
  for (let round = 0; round < 20_000; round++) {
    again.load(bytes);
    again.identify({ plan: 'x'.repeat(round % 3000), number: round });
  }
  assert.equal(again.value('boolean', true), false);
  assert.equal(one.value('boolean', true), false);
  one.close();
  again.close();
});

each('memory that grows while a context is in force', open => {
  const [one, other] = [open(), open()];
  one.load(program(DOCUMENT));
  one.identify({ plan: 'pro' });
  assert.equal(one.value('boolean', false), true);
  // Twice the room of all before, so that the instance's memory becomes another buffer under the first engine's hands.
  assert.throws(() => other.load(new Uint8Array(3_000_000)), REFUSED);
  for (const plan of ['free', 'pro', 'free']) {
    assert.equal(one.askValue('boolean', plan === 'free', { plan }), plan === 'pro');
    one.identify({ plan });
    assert.equal(one.value('boolean', plan === 'free'), plan === 'pro');
    assert.throws(() => other.load(new Uint8Array(3_000_000 * (plan === 'pro' ? 4 : 2))), REFUSED);
  }
  one.close();
  other.close();
});
