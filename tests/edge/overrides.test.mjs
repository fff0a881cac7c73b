// Overrides of thousands of customers, which the edge fetches from the hub in pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const KEY = '000102030405060708090a0b0c0d0e0f';
const OWNERS = 5_000;

const server = ownServer();

const put = (body, query = '?state=replace') => server.asAdmin(`/api/admin/document${query}`, { method: 'PUT', body });
const document = overrides => ({
  schema: 'twinflag/1',
  bucketKey: KEY,
  flags: { 'a.b': { aliases: ['ab'] }, text: { type: 'string', variants: { x: 'X', y: 'Y' }, on: 'x', off: 'x' } },
  overrides,
});
/** A customer's overrides: every third turns the flag on by its key, every fifth turns it off by its alias, the others set the text. */
const tree = index => (index % 3 === 0 ? { a: { b: true } } : index % 5 === 0 ? { ab: 'off' } : { text: 'y' });
const many = of => Object.fromEntries(Array.from({ length: OWNERS }, (_, index) => [`c-${index}`, of(index)]));

/** The answers for `count` customers, starting with the number `from`. */
async function ask(flag, from, count) {
  return server.evaluate(
    ...Array.from({ length: count }, (_, index) => ({ flag, context: { customerId: `c-${from + index}`, organizationId: 'o-1' } })),
  );
}

test('right after an import each of five thousand customers is answered by its own overrides', async () => {
  const given = document({ customers: many(tree), organizations: { 'o-1': { text: 'y' }, 'o-2': {} } });
  const answer = await put(given);
  assert.deepEqual(answer.json().errors, []);
  assert.equal(
    answer.json().changes.filter(({ kind, pointer }) => kind === 'added' && pointer.startsWith('/overrides/customers/')).length,
    OWNERS,
  );
  for (let from = 0; from <= OWNERS; from += 1_000) {
    const count = from === OWNERS ? 3 : 1_000;
    const [flags, texts] = [await ask('a.b', from, count), await ask('text', from, count)];
    for (let index = 0; index < count; index++) {
      const own = from + index < OWNERS ? tree(from + index) : {};
      const expected = 'a' in own || 'ab' in own ? [Boolean(own.a?.b), 'customer'] : [false, 'default'];
      assert.deepEqual([flags[index].value, flags[index].layer], expected, `c-${from + index}`);
      assert.deepEqual([texts[index].value, texts[index].layer], ['Y', 'text' in own ? 'customer' : 'organization'], `c-${from + index}`);
    }
  }
  assert.deepEqual((await server.asAdmin('/api/admin/document', { method: 'GET' })).json(), { ...given, environment: 'production' });
});

test("a change of one customer's overrides is reported as one change, and the next answer has it", async () => {
  const given = document({
    customers: many(index => (index === 7 ? { text: 'x' } : tree(index))),
    organizations: { 'o-1': { text: 'y' }, 'o-2': {} },
  });
  assert.deepEqual((await put(given)).json().changes, [{ kind: 'changed', pointer: '/overrides/customers/c-7' }]);
  assert.deepEqual(
    (await ask('text', 6, 3)).map(({ value }) => value),
    ['Y', 'X', 'Y'],
  );
  const { 'c-7': _, ...rest } = given.overrides.customers;
  assert.deepEqual((await put(document({ ...given.overrides, customers: rest }))).json().changes, [
    { kind: 'removed', pointer: '/overrides/customers/c-7' },
  ]);
  assert.deepEqual(
    (await ask('text', 7, 1)).map(({ value, layer }) => [value, layer]),
    [['Y', 'organization']],
  );
});

test('one flag, all flags and a program have the overrides too', async () => {
  await put(document({ customers: { 42: { a: { b: true } }, 'ü/~"\\': { ab: true } } }));
  for (const customerId of [42, '42', 'ü/~"\\']) {
    const body = { context: { customerId } };
    assert.equal((await server.asClient('/ofrep/v1/evaluate/flags/ab', { body })).json().metadata.layer, 'customer');
    const all = (await server.asClient('/ofrep/v1/evaluate/flags', { body })).json().flags;
    assert.equal(all.find(({ key }) => key === 'a.b').value, true);
    const program = (await server.asClient('/v1/program', { body, headers: { accept: 'application/json' } })).json();
    assert.equal(JSON.stringify(program.flags['a.b']).includes('customer'), true);
  }
});

test('a wrong override is reported with its pointer, and the others apply', async () => {
  const customers = { good: { ab: true }, mixed: { ab: true, text: 'z', nowhere: 1 }, none: 7, twice: { a: { b: false }, ab: true } };
  const answer = (await put(document({ customers, organizations: [] }))).json();
  assert.deepEqual(answer.errors.map(({ pointer }) => pointer).sort(), [
    '/overrides/customers/mixed/nowhere',
    '/overrides/customers/mixed/text',
    '/overrides/customers/none',
    '/overrides/customers/twice/ab',
    '/overrides/organizations',
  ]);
  // Two leaves name the flag, and neither is its key as one name: the first one applies.
  const answers = await server.evaluate(...Object.keys(customers).map(customerId => ({ flag: 'a.b', context: { customerId } })));
  assert.deepEqual(
    answers.map(({ value, layer }) => [value, layer]),
    [
      [true, 'customer'],
      [true, 'customer'],
      [false, 'default'],
      [false, 'customer'],
    ],
  );
});

test('an import adds the overrides of a new flag and keeps the stored ones of other flags', async () => {
  await put(document({ customers: { c: { ab: true } } }));
  const more = document({ customers: { c: { ab: false, fresh: true }, d: { fresh: true } } });
  more.flags.fresh = {};
  const answer = (await put(more, '')).json();
  assert.deepEqual(answer.kept, [{ pointer: '/overrides/customers/c' }]);
  const answers = await server.evaluate(
    ...['c', 'd'].flatMap(customerId => ['ab', 'fresh'].map(flag => ({ flag, context: { customerId } }))),
  );
  assert.deepEqual(
    answers.map(({ value }) => value),
    [true, true, false, true],
  );
});
