// A server's own answers equal those of the worker at the same version.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { open } from './client.mjs';
import { DOCUMENT, MEMBERS, question, random } from './document.mjs';

const server = ownServer({ document: DOCUMENT });
let flags;
/** Run by the first test: hooks at the root of a file do not wait for each other. */
async function begin() {
  for (const [customerId, organizationId] of Object.entries(MEMBERS)) {
    const answer = await server.asAdmin('/api/admin/customers', { body: { customerId, organizationId, reason: 'a test' } });
    assert.equal(answer.status, 200, answer.text);
  }
  flags = await open(server);
}

/** The worker's answers, in the words of the package. */
async function ofWorker(questions) {
  const evaluations = questions.map(({ flagKey, defaultValue, context }) => ({
    flag: flagKey,
    context,
    ...(defaultValue !== undefined && { default: defaultValue }),
    bucket: true,
    step: true,
    metadata: true,
  }));
  return server.evaluate(...evaluations);
}

const told = ({ version, rolledBack, ...details }) => JSON.parse(JSON.stringify(details));

test('answers to random questions equal those of the worker', async () => {
  await begin();
  const draw = random(2026);
  let different = 0;
  for (let round = 0; round < 20; round++) {
    const questions = Array.from({ length: 500 }, () => question(draw));
    const [own, expected] = [await flags.getMany(questions), await ofWorker(questions)];
    for (const [place, details] of own.entries()) {
      try {
        assert.deepEqual(told(details), expected[place]);
      } catch (error) {
        if (different++ === 0) console.log(JSON.stringify(questions[place]), error.message);
      }
    }
  }
  assert.equal(different, 0);
  assert.deepEqual(flags.errors, []);
});

test('a question of each kind of answer has its value, reason and layer', async () => {
  const cases = [
    ['plain', false, {}, true, 'STATIC', 'default'],
    ['killed', true, {}, false, 'DISABLED', 'kill'],
    ['gift', false, { customerId: 'c-1' }, true, 'TARGETING_MATCH', 'customer'],
    ['gift', true, { customerId: 'c-2' }, false, 'TARGETING_MATCH', 'customer'],
    // The flag server knows the organization of c-2 and c-5; the context does not name it.
    ['plain', true, { customerId: 'c-2' }, false, 'TARGETING_MATCH', 'organization'],
    ['gift', false, { customerId: 'c-5' }, true, 'TARGETING_MATCH', 'organization'],
    ['gift', false, { organizationId: 'o-1' }, true, 'TARGETING_MATCH', 'organization'],
    ['gift', false, { customerId: 'c-9', organizationId: 'o-1' }, true, 'TARGETING_MATCH', 'organization'],
    ['model', 'none', {}, 'bm25', 'DEFAULT', 'default'],
    ['limit', 0, { age: 18 }, 2.5, 'TARGETING_MATCH', 'rule'],
    ['absent', 'x', {}, 'x', 'ERROR', undefined],
    ['plain', 'x', {}, 'x', 'ERROR', undefined],
    ['callers', true, {}, true, 'DEFAULT', 'default'],
  ];
  for (const [flag, fallback, context, value, reason, layer] of cases) {
    const details = await flags.getDetails(flag, fallback, context);
    assert.deepEqual([details.value, details.reason, details.layer, details.stale], [value, reason, layer, undefined], flag);
    assert.equal(await flags.getValue(flag, fallback, context), value);
  }
  assert.equal((await flags.getDetails('rolledBack', true, {})).rolledBack, true);
  assert.equal(flags.version, (await flags.getDetails('plain', true)).version);
  assert.deepEqual(Object.keys(await flags.getValue('button', {}, {})), Object.keys({ label: 'Pay', 2: 'b', 1: 'a' }));
});

test('a context that says that a customer belongs to another organization is refused', async () => {
  const context = { customerId: 'c-2', organizationId: 'o-2' };
  const { value, errorCode } = await flags.getDetails('plain', 'none', context);
  assert.deepEqual([value, errorCode], ['none', 'INVALID_CONTEXT']);
  const answer = await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'plain', context }] } });
  assert.equal(answer.status, 400);
});

test('contexts that cannot be used answer the default, and throw nothing', async () => {
  const cycle = {};
  cycle.self = cycle;
  const throwing = {
    get customerId() {
      throw new Error('no');
    },
  };
  for (const context of [
    null,
    'c-1',
    [],
    { a: NaN },
    { a: 1n },
    { a: '\ud800' },
    { a: '\0' },
    cycle,
    throwing,
    { a: 'x'.repeat(70_000) },
  ]) {
    const { value, errorCode } = await flags.getDetails('plain', false, context);
    assert.deepEqual([value, errorCode], [false, 'INVALID_CONTEXT']);
  }
});

test('a getter is read once', async () => {
  let reads = 0;
  const context = {
    get customerId() {
      return ['c-1', 'c-2'][reads++];
    },
  };
  assert.equal(flags.peek('gift', false, context).value, true);
});

test('an answer at once about an unknown customer is marked, and the next one has the overrides', async () => {
  const own = await open(server);
  const first = own.peek('gift', false, { customerId: 'c-1' });
  assert.deepEqual([first.value, first.stale], [false, true]);
  assert.equal(await own.getValue('gift', false, { customerId: 'c-1' }), true);
  const then = own.peek('gift', false, { customerId: 'c-1' });
  assert.deepEqual([then.value, then.stale], [true, undefined]);
});

test('a thousand checks at the same time ask about their customers in one request', async () => {
  const requests = [];
  const own = await open(server, {
    fetch: (url, init) => {
      requests.push(new URL(url).pathname);
      return fetch(url, init);
    },
  });
  const values = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => own.getValue('gift', false, { customerId: `c-${index % 500}` })),
  );
  assert.deepEqual([values[1], values[2], values[3], values[5]], [true, false, false, true]);
  assert.deepEqual(requests, ['/v1/ruleset', '/v1/overrides']);
  assert.deepEqual(own.errors, []);
});

test('overrides that are too many are held up to the bound, and the answers stay right', async () => {
  const own = await open(server, { maxOwnerBytes: 3000 });
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 60; index++) {
      const value = await own.getValue('gift', false, { customerId: `c-${index}` });
      assert.equal(value, index === 1 || index === 5, `c-${index}`);
    }
  }
});

test('options outside their bounds are refused', async () => {
  for (const options of [{ refreshMs: 1 }, { refreshMs: Infinity }, { readyMs: 0 }, { maxRulesBytes: NaN }, { maxOwnerBytes: -1 }])
    await assert.rejects(open(server, options), RangeError);
});
