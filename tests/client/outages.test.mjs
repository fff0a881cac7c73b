// A client asks an edge that fails again, as seldom as the edge wants, and tells that its answers are stale.
import assert from 'node:assert/strict';
import { register } from 'node:module';
import { test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { asPage, away, DAY, edge, edgeFetch, hangs, MINUTE, NOW, open, ownEdge, programs, refuses, SECOND } from './refresh/edge.mjs';

ownEdge();

test('Retry-After is read as seconds or a date, between a second and five minutes', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: NOW });
  const date = ms => new Date(NOW + ms).toUTCString();
  const table = [
    [undefined, 0],
    ['', 0],
    ['7', 7000],
    ['0', 1000],
    ['299', 299_000],
    ['300', 300_000],
    ['3000000', 300_000],
    ['9'.repeat(400), 300_000],
    [date(7000), 7000],
    [date(DAY), 300_000],
    [date(-DAY), 1000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 1000],
    ['-5', 0],
    ['1.5', 0],
    ['Infinity', 0],
    ['soon', 0],
    ['7 seconds', 0],
    ['0x10', 0],
  ];
  for (const [header, expected] of table) {
    edge.fails = refuses(503, header === undefined ? {} : { 'retry-after': header });
    const client = createClient({ url: 'https://flags.example', clientKey: 'tf_client_test', fetch: edgeFetch });
    await client.ready();
    assert.equal(client.error.retryAfterMs, expected, header);
    client.close();
  }
});

test('an edge that wants to be left alone is, whatever the page signals', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t);
  edge.fails = refuses(429, { 'retry-after': '60' });
  await pass(30 * SECOND);
  edge.fails = undefined;
  page.focus();
  page.connect(true);
  await pass(59 * SECOND);
  page.focus();
  assert.deepEqual([questions(), client.error.status], [2, 429]);
  await pass(SECOND);
  assert.deepEqual([questions(), client.error], [1, undefined]);
});

test('a later failure does not shorten the time for which the edge wants to be left alone', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t, { context: {} });
  for (const fails of [away, refuses(503, { 'retry-after': '7' }), refuses(403)]) {
    edge.fails = refuses(429, { 'retry-after': '300' });
    await client.refresh();
    edge.fails = fails;
    await pass(10 * SECOND);
    await client.refresh();
    await client.setContext({ customerId: 'c-2' });
    await client.setContext({});
    questions();
    page.focus();
    page.connect(true);
    await pass(290 * SECOND - 1);
    assert.equal(questions(), 0);
    edge.fails = undefined;
    await pass(1);
    assert.deepEqual([questions(), client.error], [1, undefined]);
  }
});

test('an answer ends the wish of an earlier one, and its failures', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t, { retryMs: 1000, random: 0.5, refresh: { jitter: 0 } });
  for (let failure = 0; failure < 3; failure++) {
    edge.fails = refuses(503, { 'retry-after': '300' });
    await client.refresh();
  }
  edge.fails = undefined;
  await client.refresh();
  questions();
  page.focus();
  await pass(SECOND);
  assert.equal(questions(), 1);
  edge.fails = away;
  await client.refresh();
  questions();
  await pass(499);
  assert.equal(questions(), 0);
  await pass(1);
  assert.equal(questions(), 1, 'half of the first pause, as chance has it');
  edge.fails = undefined;
  await client.refresh();
  page.show('hidden');
  await pass(DAY);
  edge.fails = hangs;
  page.show('visible');
  assert.equal(client.status, 'ready');
});

test('answers are stale after three intervals without an edge, and no longer when it is back', async t => {
  const { client, pass } = await open(t, { retryMs: 1000, random: 1, refresh: { jitter: 0 } });
  const heard = [];
  client.subscribe(({ status }) => heard.push(status));
  client.subscribe('search', () => heard.push(client.get('search', false).stale));
  assert.equal(client.isEnabled('search'), true);
  edge.fails = away;
  await pass(89 * SECOND);
  assert.deepEqual([client.status, client.error.message, client.get('search', false).stale], ['ready', 'fetch failed', undefined]);
  heard.length = 0;
  await pass(2 * SECOND);
  assert.deepEqual(
    [client.status, client.get('search', false)],
    ['stale', { value: true, variant: 'on', reason: 'STATIC', layer: 'default', stale: true }],
  );
  assert.deepEqual([heard.includes(true), heard.includes('stale')], [true, true]);
  edge.fails = undefined;
  heard.length = 0;
  await pass(MINUTE);
  assert.deepEqual([client.status, heard], ['ready', [undefined, 'ready']]);
});

test('a page that was hidden for a day is stale only if the edge is away when it is seen', async t => {
  const page = asPage(t);
  const { client, pass } = await open(t);
  page.show('hidden');
  await pass(DAY);
  edge.fails = away;
  page.show('visible');
  assert.equal(client.status, 'ready');
  await pass(0);
  assert.equal(client.status, 'stale');
});

test('a refused question is asked again after five minutes, or at a signal', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t);
  edge.fails = refuses(403);
  await pass(30 * SECOND);
  questions();
  await pass(5 * MINUTE - 1);
  assert.deepEqual([questions(), client.error.status], [0, 403]);
  await pass(1);
  assert.equal(questions(), 1);
  edge.fails = undefined;
  page.focus();
  await pass(SECOND);
  assert.deepEqual([questions(), client.status, client.error], [1, 'ready', undefined]);
});

test('going to another customer and back does not end the questions', async t => {
  const { client, pass, questions } = await open(t, { context: {} });
  edge.fails = away;
  await client.setContext({ customerId: 'c-2' });
  await client.setContext({});
  assert.deepEqual([client.status, client.error], ['ready', undefined]);
  questions();
  edge.fails = undefined;
  edge.serves = programs.killed;
  await pass(30 * SECOND);
  assert.deepEqual([questions(), client.isEnabled('checkout')], [1, false]);
});

test('in an outage, going to another customer and back does not make old answers ready', async t => {
  const { client, pass, questions } = await open(t, { context: {}, retryMs: 1000, random: 1 });
  edge.fails = away;
  await pass(2 * MINUTE);
  assert.equal(client.status, 'stale');
  for (const fails of [away, hangs]) {
    edge.fails = fails;
    const other = client.setContext({ customerId: 'c-2' });
    if (fails === away) await other;
    await client.setContext({});
    assert.deepEqual([client.status, client.get('search', false).stale], ['stale', true]);
  }
  edge.fails = undefined;
  questions();
  await pass(MINUTE);
  assert.deepEqual([questions() > 0, client.status, client.get('search', false).stale], [true, 'ready', undefined]);
});

test('in an outage, going to another customer and back does not put off when the answers are stale', async t => {
  const { client, pass } = await open(t, { context: {}, retryMs: 1000, random: 1 });
  edge.fails = away;
  await pass(89 * SECOND);
  await client.setContext({ customerId: 'c-2' });
  await client.setContext({});
  await pass(SECOND - 1);
  assert.equal(client.status, 'ready');
  await pass(1);
  assert.equal(client.status, 'stale');
});

test('after a failure about another customer, the edge is asked about the one before, even without an interval', async t => {
  const { client, pass, questions } = await open(t, { context: {}, retryMs: 1000, random: 1, refresh: { intervalMs: 0 } });
  edge.fails = away;
  await client.setContext({ customerId: 'c-2' });
  edge.fails = undefined;
  await client.setContext({});
  questions();
  await pass(SECOND);
  assert.deepEqual([questions(), client.status], [1, 'ready']);
});

test('going back to the customer before ends the question about the other one, and no later one', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t, { context: {} });
  edge.fails = hangs;
  void client.setContext({ customerId: 'c-2' });
  const [, other] = edge.asked;
  await client.setContext({});
  assert.deepEqual([other.signal.aborted, client.status, questions()], [true, 'ready', 2]);
  edge.fails = undefined;
  await pass(10 * SECOND);
  page.focus();
  await pass(0);
  assert.equal(questions(), 1);
});

test('an engine that cannot be loaded is tried again, and its program is not fetched in vain', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(Math, 'random', () => 1);
  const refused = t.mock.method(WebAssembly, 'compile', () =>
    Promise.reject(new WebAssembly.CompileError('refused by the policy of the page')),
  );
  // Nor can the script be loaded that takes its place, the first two times.
  const resolve = (specifier, context, next) => {
    if (specifier.endsWith('/script-engine.js') && globalThis.times++ < 2) throw new Error('the script cannot be loaded');
    return next(specifier, context);
  };
  register(`data:text/javascript,globalThis.times = 0; export const resolve = ${encodeURIComponent(resolve)}`);
  const fresh = await import('../../npm/client/dist/entry/node.js?fresh');
  const client = fresh.createClient({ url: 'https://flags.example', clientKey: 'tf_client_test', fetch: edgeFetch, retryMs: 1000 });
  t.after(() => client.close());
  await client.ready();
  assert.deepEqual([client.status, client.error.message], ['error', 'the script cannot be loaded']);
  t.mock.timers.tick(1000);
  await client.ready();
  assert.deepEqual([refused.mock.callCount(), edge.asked.length], [2, 1]);
  t.mock.timers.tick(2000);
  await client.ready();
  assert.deepEqual([client.status, edge.asked.length], ['ready', 2]);
});

test('a token that cannot be had is an error of the client, and of nobody else', async t => {
  const { client, pass, questions } = await open(t, {
    identityToken: () => {
      throw new Error('signed out');
    },
    refresh: { intervalMs: 0 },
    retryMs: 1000,
    random: 1,
  });
  assert.deepEqual([client.status, client.error.message, questions()], ['error', 'signed out', 0]);
  client.close();
  await pass(MINUTE);
  const closedAtOnce = createClient({ url: '', clientKey: '', fetch: edgeFetch, identityToken: () => Promise.reject(new Error('late')) });
  closedAtOnce.close();
  await pass(0);
  assert.equal(questions(), 0);
});
