// Bounds in memory and time: how many engines, kept answers and milliseconds there may be.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { edge, edgeFetch, ownEdge, programs } from './refresh/edge.mjs';

ownEdge();
const open = options => createClient({ url: 'https://flags.example', clientKey: 'tf_client_test', fetch: edgeFetch, ...options });
const answers = client => [client.status, client.isEnabled('checkout')];

test('500 clients at once answer from their own programs, and so does one after them', async () => {
  const clients = [];
  for (let count = 0; count < 500; count++) {
    edge.serves = count % 2 ? programs.killed : programs.live;
    clients.push(open());
    await clients.at(-1).ready();
  }
  // The reason is the engine's; a variant's value may still stand in memory that another engine took over.
  const wrong = clients.filter((client, index) => client.get('checkout', false).reason !== (index % 2 ? 'DISABLED' : 'STATIC'));
  assert.equal(wrong.length, 0);
  for (const client of clients) client.close();
  edge.serves = programs.live;
  const one = open();
  await one.ready();
  assert.deepEqual(answers(one), ['ready', true]);
  one.close();
});

test('10,000 clients in a row answer, each closed before the next', async () => {
  for (let count = 0; count < 10_000; count++) {
    const client = open();
    await client.ready();
    assert.deepEqual(answers(client), ['ready', true]);
    client.close();
  }
});

test('a default that is made up at each reading is not kept for ever', async () => {
  const client = open();
  await client.ready();
  const read = number => client.get('unknown', `default ${number}`);
  const first = read(0);
  assert.equal(read(0), first);
  for (let number = 1; number <= 1000; number++) read(number);
  assert.equal(read(1000), read(1000));
  assert.notEqual(read(0), first);
  client.close();
});

test('a key that is made up at each reading is not kept for ever', async () => {
  const client = open();
  await client.ready();
  const first = client.get('unknown', 'default');
  for (let number = 0; number < 10_000; number++) client.get(`unknown ${number}`, 'default');
  assert.notEqual(client.get('unknown', 'default'), first);
  client.close();
});

test('a number that no timer takes is refused when the client is made', () => {
  for (const name of ['timeout', 'retryMs', 'maxRetryMs'])
    for (const ms of [0, -1, NaN, Infinity, 86_400_001])
      assert.throws(() => open({ [name]: ms }), { name: 'RangeError', message: `${name} is ${ms}; it must be from 1 to 86400000` });
});
