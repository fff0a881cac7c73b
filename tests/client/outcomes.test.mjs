// Outcomes of a page: what is reported of whom, with which proof, and what happens while the server is away.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { evaluationEvent, outcomes } from '../../npm/client/dist/entry/outcomes.js';
import { counted, featureOf, startRollout, until } from '../edge/reported.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { asPage } from './refresh/edge.mjs';

const document = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    checkout: { unit: 'customerId' },
    search: { default: 'on' },
    size: { type: 'string', variants: { s: 'S', l: 'L' }, on: 'l', off: 's' },
  },
};

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document });
  await startRollout(server);
});
after(async () => {
  await server?.stop();
  await folder.remove();
});

/** The batches that left, and the requests for programs; `refuse` may answer a batch in the server's place. */
let batches, programs, refuse, arrived, answered;
beforeEach(() => {
  batches = [];
  programs = [];
  refuse = undefined;
  arrived = () => undefined;
  answered = 0;
});
const door = async (url, init) => {
  if (url.includes('/v1/program')) programs.push(init);
  if (!url.endsWith('/v1/outcomes')) return fetch(url, init);
  batches.push({ ...init, outcomes: JSON.parse(init.body).outcomes });
  // An answer that comes after its test has ended is none of the next test's.
  const tell = arrived;
  const answer = (await refuse?.(init)) ?? (await fetch(url, { ...init, keepalive: false }));
  answered++;
  queueMicrotask(tell);
  return answer;
};
const left = () => new Promise(resolve => (arrived = resolve));
const open = async (context, options, more) => {
  const client = createClient({
    url: server.url,
    clientKey: server.clientKey,
    fetch: door,
    context,
    outcomes: outcomes({ flushMs: 1, ...options }),
    ...more,
  });
  await client.ready();
  return client;
};
const SESSION = { customerId: 'c-1', userId: 'ü-1', sessionId: 'session-1' };

test("an exposure counts for the rollout, by the session's receipt", async t => {
  const client = await open(SESSION);
  t.after(() => client.close());
  assert.equal(programs[0].headers['twinflag-unit'], 'session-1');
  assert.equal(client.isEnabled('checkout'), true);
  const { statistics } = await counted(server, 1);
  assert.equal(statistics.exposures, 1);
  const [{ id, at, receipt, ...rest }] = batches[0].outcomes;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.ok(Math.abs(at - Date.now()) < 60_000);
  assert.match(receipt, /^1\./);
  assert.deepEqual(rest, { flag: 'checkout', event: 'enabled', unit: 'session-1', variant: 'on', customerId: 'c-1' });
});

test('a failing side is reported as an error, and the other side answers', async t => {
  const client = await open({ ...SESSION, sessionId: 'session-2' });
  t.after(() => client.close());
  const sides = { on: () => assert.fail('the quota is full'), off: () => 'old' };
  assert.equal(client.run('checkout', sides), 'old');
  assert.equal(await client.run('checkout', { ...sides, on: async () => sides.on() }), 'old');
  assert.equal(client.run('checkout', { on: () => 'new', off: sides.on }), 'new');
  assert.equal(client.run('unknown', { on: sides.on, off: () => 'old' }), 'old');
  const { statistics } = await until(
    () => featureOf(server),
    found => found.statistics.errors >= 1,
  );
  assert.equal(statistics.errors, 1);
  const errors = batches.flatMap(batch => batch.outcomes).filter(({ event }) => event === 'error');
  assert.deepEqual(
    errors.map(({ flag, variant, unit, metadata }) => ({ flag, variant, unit, metadata })),
    Array(2).fill({
      flag: 'checkout',
      variant: 'on',
      unit: 'session-2',
      metadata: { name: 'AssertionError', message: 'the quota is full' },
    }),
  );
});

test('a unit is exposed once to a variant, and each unit for itself', async t => {
  const exposures = [];
  const client = await open({ userId: 'u-1' }, { flushMs: 60_000, onExposure: exposure => exposures.push(exposure) });
  t.after(() => client.close());
  client.subscribe('size', () => undefined);
  for (let time = 0; time < 3; time++) {
    client.get('search', false);
    client.isEnabled('search');
    client.get('unknown', false);
  }
  await client.setContext({ userId: 'u-2' });
  client.isEnabled('search');
  await client.setContext({ userId: 'u-1' });
  client.isEnabled('search');
  await Promise.resolve();
  assert.deepEqual(
    exposures.map(({ flagKey, unit, details }) => [flagKey, unit, details.variant]),
    [
      ['search', 'u-1', 'on'],
      ['search', 'u-2', 'on'],
    ],
  );
  assert.deepEqual(evaluationEvent(exposures[0]), {
    eventName: 'feature_flag.evaluation',
    attributes: {
      'feature_flag.key': 'search',
      'feature_flag.provider.name': 'twinflag',
      'feature_flag.context.id': 'u-1',
      'feature_flag.result.reason': 'static',
      'feature_flag.result.variant': 'on',
    },
  });
});

test('another visitor gets a receipt of their own', async t => {
  const client = await open({ userId: 'u-1' });
  t.after(() => client.close());
  await client.setContext({ userId: 'ü-2' });
  assert.deepEqual(
    programs.map(({ headers }) => headers['twinflag-unit']),
    ['u-1', '%C3%BC-2'],
  );
  await client.ready();
  const sent = left();
  client.isEnabled('search');
  await sent;
  assert.equal(batches[0].outcomes[0].unit, 'ü-2');
  assert.match(batches[0].outcomes[0].receipt, /^1\./);
});

test('without a unit, and without the option, nothing is reported or named', async () => {
  const contexts = [{}, { customerId: 'c-1' }, { userId: 'a'.repeat(257) }, { userId: '\ud800' }, { userId: 'a\nb' }];
  for (const context of contexts) {
    const client = await open(context);
    client.isEnabled('search');
    client.fail('search', new Error());
    client.close();
  }
  const client = await open({ userId: 'u-1' }, {}, { outcomes: undefined });
  assert.equal(
    client.run('search', {
      on: () => {
        throw new Error();
      },
      off: () => 1,
    }),
    1,
  );
  client.track('bought');
  client.close();
  assert.deepEqual(
    [batches.length, programs.length, programs.some(({ headers }) => 'twinflag-unit' in headers)],
    [0, contexts.length + 1, false],
  );
});

test('a server that knows no receipts gets outcomes without', async t => {
  const client = await open(
    { userId: 'u-1' },
    {},
    {
      fetch: async (url, init) => {
        const answer = await door(url, init);
        if (!url.includes('/v1/program')) return answer;
        const headers = new Headers(answer.headers);
        headers.delete('twinflag-receipt');
        return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
      },
    },
  );
  t.after(() => client.close());
  const sent = left();
  client.isEnabled('search');
  await sent;
  assert.equal(batches[0].outcomes[0].receipt, undefined);
});

test('an own event goes to the flags that the visitor saw, or to the one it names', async t => {
  const client = await open({ userId: 'u-1' }, { flushMs: 60_000, exposures: false });
  t.after(() => client.close());
  client.isEnabled('search');
  client.getValue('size', 'S');
  client.track('bought', { total: 5, note: `a${'\ud800'}b\0` });
  client.track('seen', { long: 'x'.repeat(4000) }, 'checkout');
  const cycle = {};
  cycle.cycle = cycle;
  client.track('seen', cycle, 'search');
  client.track('', {}, 'search');
  client.track('x'.repeat(257), {}, 'search');
  const sent = left();
  client.close();
  await sent;
  assert.deepEqual(
    batches[0].outcomes.map(({ flag, event, metadata }) => [flag, event, metadata]),
    [
      ['size', 'bought', { total: 5, note: 'a\ufffdb\ufffd' }],
      ['search', 'bought', { total: 5, note: 'a\ufffdb\ufffd' }],
      ['checkout', 'seen', undefined],
      ['search', 'seen', undefined],
    ],
  );
});

test('outcomes of a time without the server are sent afterwards, under the same ids', async t => {
  t.mock.method(Math, 'random', () => 0.001);
  const failures = [() => Promise.reject(new TypeError('fetch failed')), () => new Response(null, { status: 503 })];
  refuse = () => failures.shift()?.();
  const client = await open({ userId: 'u-1' });
  t.after(() => client.close());
  client.isEnabled('search');
  // The second batch is refused, and the third one taken.
  await until(
    () => answered,
    count => count === 2,
  );
  assert.equal(batches.length, 3);
  assert.equal(new Set(batches.map(batch => batch.outcomes[0].id)).size, 1);
  client.fail('search', 'other');
  // The answer to the third one may still be under way.
  await until(
    () => batches.length,
    count => count === 4,
  );
  assert.deepEqual(
    batches.slice(3).map(batch => batch.outcomes.map(({ event }) => event)),
    [['error']],
  );
});

test('a batch that the server refuses is not sent again', async t => {
  refuse = () => new Response(null, { status: 401 });
  const client = await open({ userId: 'u-1' });
  t.after(() => client.close());
  let sent = left();
  client.isEnabled('search');
  await sent;
  sent = left();
  client.fail('search', 'x');
  await sent;
  assert.deepEqual(
    batches.map(batch => batch.outcomes.map(({ event }) => event)),
    [['enabled'], ['error']],
  );
});

test('a page that is hidden sends what waits at once, in a request that outlives it, of 64 KiB at most', async t => {
  const page = asPage(t);
  const client = await open({ userId: 'u-1' }, { flushMs: 60_000 }, { refresh: { push: false } });
  t.after(() => client.close());
  client.isEnabled('search');
  for (let number = 0; number < 60; number++) client.track('seen', { number, text: 'é'.repeat(1900) }, 'search');
  const sent = left();
  page.show('hidden');
  await sent;
  assert.equal(batches[0].keepalive, true);
  assert.ok(Buffer.byteLength(batches[0].body) <= 65_536);
  assert.ok(batches[0].outcomes.length > 10);
  await until(
    () => batches.flatMap(batch => batch.outcomes),
    all => all.length >= 61,
  );
  const ids = batches.flatMap(batch => batch.outcomes).map(({ id }) => id);
  assert.deepEqual([ids.length, new Set(ids).size], [61, 61]);
});

test('of more than 1,000 outcomes that wait, the oldest are let go', async t => {
  refuse = () => new Promise(() => undefined);
  const client = await open({ userId: 'u-1' }, { flushMs: 60_000, exposures: false });
  t.after(() => client.close());
  for (let number = 0; number < 1500; number++) client.track('seen', { number }, 'search');
  refuse = undefined;
  const sent = left();
  client.close();
  await sent;
  assert.equal(batches.at(-1).outcomes[0].metadata.number, 500);
});

test('a bad interval is refused when the option is made', () => {
  for (const flushMs of [0, -1, NaN, Infinity, 86_400_001]) assert.throws(() => outcomes({ flushMs }), RangeError);
});
