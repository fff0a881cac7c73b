// A client asks the edge again after its interval, and at a page's signals.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { asPage, away, DAY, edge, edgeFetch, hangs, MINUTE, open, ownEdge, programs, SECOND } from './refresh/edge.mjs';

ownEdge();

test('a client asks every 30 seconds with its ETag, and tells of a killed flag alone', async t => {
  const { client, pass, questions } = await open(t);
  const heard = [];
  for (const flag of ['checkout', 'search']) client.subscribe(flag, ({ flagKeys }) => heard.push([flag, ...flagKeys]));
  client.subscribe(({ flagKeys, status }) => heard.push([status, ...flagKeys]));
  assert.equal(questions(), 1);
  for (let round = 0; round < 3; round++) {
    await pass(30 * SECOND - 1);
    assert.equal(questions(), 0);
    await pass(1);
    assert.equal(edge.asked[0].headers['if-none-match'], programs.live.headers.etag);
    assert.equal(questions(), 1);
  }
  assert.deepEqual(heard, [], 'an answer of 304 changes nothing');
  edge.serves = programs.killed;
  await pass(30 * SECOND);
  assert.deepEqual([client.get('checkout', true).layer, client.isEnabled('search')], ['kill', true]);
  assert.deepEqual(heard, [
    ['checkout', 'checkout'],
    ['ready', 'checkout'],
  ]);
});

test('the interval is counted from a question, however long its answer takes', async t => {
  const { pass, questions } = await open(t);
  let answer;
  edge.fails = () =>
    new Promise(resolve => {
      answer = () => resolve(new Response(null, { status: 304, headers: programs.live.headers }));
    });
  await pass(30 * SECOND);
  await pass(4 * SECOND);
  answer();
  await pass(0);
  assert.equal(questions(), 2);
  await pass(26 * SECOND - 1);
  assert.equal(questions(), 0);
  await pass(1);
  assert.equal(questions(), 1);
});

test('jitter shortens the interval, and never lengthens it', async t => {
  const longest = await open(t, { random: 0.999 });
  await longest.pass(24.1 * SECOND);
  assert.equal(longest.questions(), 2);
  longest.client.close();
});

test('interval and jitter are options', async t => {
  const { pass, questions } = await open(t, { random: 0.5, refresh: { intervalMs: 2 * MINUTE, jitter: 1 } });
  await pass(MINUTE - 1);
  assert.equal(questions(), 1);
  await pass(1);
  assert.equal(questions(), 1);
});

test('an interval of 0 asks at signals alone; `refresh: false` at none', async t => {
  const page = asPage(t);
  const first = await open(t, { refresh: { intervalMs: 0 } });
  await first.pass(DAY);
  assert.equal(first.questions(), 1);
  page.focus();
  await first.pass(0);
  assert.equal(first.questions(), 1);
  first.client.close();
  t.mock.timers.reset();
  const second = await open(t, { refresh: false });
  page.focus();
  await second.pass(DAY);
  assert.deepEqual([second.questions(), page.listeners()], [1, 0]);
});

test('numbers outside their bounds are refused when the client is made', () => {
  const make = refresh => () => createClient({ url: '', clientKey: '', refresh });
  for (const intervalMs of [-1, 1, 999, 86_400_001, NaN, Infinity])
    assert.throws(make({ intervalMs }), {
      name: 'RangeError',
      message: new RegExp(`refresh\\.intervalMs is ${intervalMs}; it must be from 1000 to 86400000`),
    });
  for (const jitter of [-0.1, 1.1, NaN])
    assert.throws(make({ jitter }), { name: 'RangeError', message: new RegExp(`refresh\\.jitter is ${jitter};`) });
});

test('a hidden page asks nothing, and at once when it is seen again', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t);
  page.show('hidden');
  await pass(DAY);
  assert.deepEqual([questions(), client.status], [1, 'ready']);
  edge.serves = programs.killed;
  page.show('visible');
  await pass(0);
  assert.deepEqual([questions(), client.isEnabled('checkout'), client.status], [1, false, 'ready']);
  await pass(30 * SECOND);
  assert.equal(questions(), 1, 'and at its interval from then on');
});

test('a page that is opened hidden gets its first answers, even after a failure', async t => {
  asPage(t, { hidden: true });
  edge.fails = away;
  const { client, pass, questions } = await open(t, { retryMs: 1000, random: 1 });
  edge.fails = undefined;
  await pass(SECOND);
  assert.deepEqual([questions(), client.status], [2, 'ready']);
  await pass(DAY);
  assert.equal(questions(), 0);
});

test('a page that is left before it has answers does not hurry', async t => {
  const page = asPage(t);
  edge.fails = away;
  const { pass, questions } = await open(t, { retryMs: 10_000, random: 1 });
  page.show('hidden');
  await pass(10 * SECOND - 1);
  assert.equal(questions(), 1);
  await pass(1);
  assert.equal(questions(), 1);
});

test('a page whose first request found no network is watched from the first answer on', async t => {
  const page = asPage(t);
  edge.fails = away;
  const { pass, questions } = await open(t, { retryMs: 1000, random: 1, refresh: { push: false } });
  assert.equal(page.listeners(), 0);
  edge.fails = undefined;
  await pass(SECOND);
  while (page.listeners() === 0) await new Promise(setImmediate);
  await pass(10 * SECOND);
  questions();
  page.focus();
  await pass(0);
  assert.equal(questions(), 1);
});

test('a page in focus asks at once; several signals are one question', async t => {
  const page = asPage(t);
  const { pass, questions } = await open(t);
  await pass(10 * SECOND);
  questions();
  page.show('visible');
  page.focus();
  page.focus();
  await pass(0);
  assert.equal(questions(), 1);
  page.focus();
  await pass(SECOND - 1);
  assert.equal(questions(), 0, 'a second one waits for a second');
  await pass(1);
  assert.equal(questions(), 1);
});

test('no signal and no interval starts a second question beside the one under way', async t => {
  const page = asPage(t);
  const { client, pass, settled, questions } = await open(t);
  edge.fails = hangs;
  await pass(30 * SECOND);
  assert.equal(questions(), 2);
  page.focus();
  page.show('visible');
  page.connect(true);
  await pass(4 * SECOND);
  assert.equal(questions(), 0);
  // The caller's own wish replaces the one under way.
  edge.fails = undefined;
  await client.refresh();
  await settled();
  assert.deepEqual([questions(), client.status, client.error], [1, 'ready', undefined]);
});

test('a `fetch` that neither ends nor heeds its signal holds nothing up', async t => {
  const { client, pass, questions } = await open(t, { timeout: 2000, retryMs: 1000, random: 1 });
  edge.fails = () => new Promise(() => {});
  await pass(30 * SECOND);
  await pass(2 * SECOND);
  assert.deepEqual([questions(), client.error?.message], [2, 'no answer within 2000 ms']);
  edge.fails = undefined;
  await pass(SECOND);
  assert.deepEqual([questions(), client.error], [1, undefined]);
});

test('without a network nothing is asked; with it, at once', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t, { random: 0.5, refresh: { jitter: 0 } });
  page.connect(false);
  await pass(89 * SECOND);
  page.focus();
  await pass(0);
  assert.deepEqual([questions(), client.status], [1, 'ready']);
  await pass(2 * SECOND);
  assert.deepEqual([questions(), client.status, client.get('search', false).stale], [0, 'stale', true]);
  page.connect(true);
  await pass(499);
  assert.equal(questions(), 0, 'spread over a second, so that an office does not come at once');
  await pass(1);
  assert.deepEqual([questions(), client.status, client.get('search', false).stale], [1, 'ready', undefined]);
});

test('a restored page asks at once, and does not wait for a request that was frozen with it', async t => {
  const page = asPage(t);
  const { client, pass, questions } = await open(t);
  page.pageshow(false);
  await pass(0);
  assert.equal(questions(), 1, 'a page that is shown for the first time has asked already');
  edge.fails = hangs;
  void client.refresh();
  const [frozen] = edge.asked;
  edge.fails = undefined;
  page.pageshow(true);
  await pass(0);
  assert.deepEqual([questions(), frozen.signal.aborted, client.status, client.error], [2, true, 'ready', undefined]);
});

test('a closed client leaves no listener and no timer', async t => {
  const page = asPage(t);
  const idle = createClient({ url: 'https://flags.example', clientKey: 'tf_client_test', fetch: edgeFetch, lazy: true });
  assert.equal(page.listeners(), 0, 'one that nobody uses has none either');
  idle.close();
  const { client, pass, questions, timers } = await open(t, { refresh: { push: false } });
  assert.deepEqual([page.listeners(), timers.set.size > 0], [4, true]);
  client.close();
  assert.equal(timers.set.size, 0);
  page.focus();
  page.connect(true);
  await pass(50 * DAY);
  assert.deepEqual([page.listeners(), questions()], [0, 1]);
});

test('two clients on one page ask for themselves alone', async t => {
  const page = asPage(t);
  const one = await open(t);
  const other = createClient({
    url: 'https://flags.example',
    clientKey: 'tf_client_test',
    fetch: edgeFetch,
    refresh: { intervalMs: MINUTE, push: false },
  });
  await other.ready();
  one.questions();
  one.client.close();
  // The code that watches the page comes behind the answers.
  while (page.listeners() === 0) await new Promise(setImmediate);
  page.focus();
  await one.pass(SECOND);
  assert.deepEqual([one.questions(), page.listeners()], [1, 4]);
  other.close();
});
