// A flag changes at its moment, by the clock of the edge.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { asPage, away, edge, hangs, LAUNCH, MINUTE, NOW, open, ownEdge, programs, SALE, SECOND } from './refresh/edge.mjs';

ownEdge();

test('a flag changes at its moment, without a question', async t => {
  const { client, pass, questions, timers } = await open(t, { refresh: false });
  const heard = [];
  for (const flag of ['launch', 'sale', 'search']) client.subscribe(flag, () => heard.push([flag, Date.now()]));
  await pass(LAUNCH - NOW - 1);
  assert.deepEqual([client.isEnabled('launch'), heard], [false, []]);
  await pass(1);
  assert.deepEqual([client.isEnabled('launch'), heard.splice(0)], [true, [['launch', LAUNCH]]]);
  await pass(SALE - LAUNCH - 1);
  assert.deepEqual([client.isEnabled('sale'), heard], [false, []]);
  await pass(1);
  assert.deepEqual([client.isEnabled('sale'), heard, questions()], [true, [['sale', SALE]], 1]);
  assert.equal(timers.longest, 2 ** 31 - 1);
});

/** An answer of the edge that tells its time. */
const at = now => ({ ...programs.live, headers: { ...programs.live.headers, 'twinflag-now': String(now) } });

test('moments pass by the clock of the edge, if it is told', async t => {
  edge.serves = at(NOW + 4 * MINUTE);
  const { client, pass } = await open(t, { refresh: false });
  client.subscribe('launch', () => undefined);
  await pass(MINUTE - 1);
  assert.equal(client.isEnabled('launch'), false);
  await pass(1);
  assert.equal(client.isEnabled('launch'), true);
  edge.serves = at(NOW);
  await client.refresh();
  assert.equal(client.isEnabled('launch'), false);
});

test('setting the clock of the machine moves no moment of an edge that told its time', async t => {
  edge.serves = at(NOW);
  const { client, pass, setClock } = await open(t, { refresh: false });
  client.subscribe('launch', () => undefined);
  const launched = async plan => {
    await client.setContext({ plan });
    return client.isEnabled('launch');
  };
  setClock(NOW + 60 * MINUTE);
  assert.equal(await launched('free'), false);
  await pass(5 * MINUTE - 1);
  assert.equal(client.isEnabled('launch'), false);
  await pass(1);
  assert.equal(client.isEnabled('launch'), true);
  setClock(NOW - 60 * MINUTE);
  assert.equal(await launched('pro'), true);
});

test('after a sleep in which the monotonic clock stood still, the next answer lets moments pass', async t => {
  const page = asPage(t);
  edge.serves = at(NOW);
  const { client, pass, setClock } = await open(t);
  client.subscribe('launch', () => undefined);
  setClock(LAUNCH);
  edge.serves = at(LAUNCH);
  page.focus();
  await pass(0);
  assert.equal(client.isEnabled('launch'), true);
});

test("a moment that passes while another customer's answers are awaited leaves the ones before", async t => {
  const { client, pass } = await open(t, { context: {} });
  edge.fails = hangs;
  void client.setContext({ customerId: 'c-2' });
  const shown = client.get('launch', true);
  await pass(LAUNCH - NOW);
  assert.deepEqual([client.get('launch', true), client.get('search', false).value], [shown, true]);
});

test('a clock that was set, or a machine that slept, is noticed when the page is seen, if the edge did not tell its time', async t => {
  const page = asPage(t);
  const { client, pass, settled, setClock, questions } = await open(t);
  edge.fails = away;
  setClock(LAUNCH);
  page.focus();
  await settled();
  assert.equal(client.isEnabled('launch'), true);
  await pass(SECOND);
  setClock(NOW);
  questions();
  page.focus();
  await settled();
  assert.equal(client.isEnabled('launch'), false);
  await pass(0);
  assert.equal(questions(), 1, 'a clock that was set back holds no question up');
  await pass(LAUNCH - NOW);
  assert.equal(client.isEnabled('launch'), true);
});
