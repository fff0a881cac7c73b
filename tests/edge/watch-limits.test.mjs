// The bounds of a relay.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { openSocket } from '../web-socket.mjs';
import { hostWorker, KEYS } from './workerd.mjs';

const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { a: { default: 'on' } },
});
/** The bound in `edge-worker/src/relay.rs`, as the guide has it. */
const OF_ADDRESS = 2_000;
/** The sockets that are opened at once. */
const AT_ONCE = 100;

let folder, server, sockets;
beforeEach(async () => {
  folder = await dataFolder();
  sockets = [];
});
const start = async settings => {
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings });
};
afterEach(async () => {
  for (const socket of sockets) socket.end();
  await server?.stop();
  await folder.remove();
});

const open = key => openSocket(`${server.url}/v1/watch`, { authorization: `Bearer ${key}` });
async function openMany(count, key) {
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    const some = await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, () => open(key)));
    assert.deepEqual([...new Set(some.map(({ status }) => status))], [101]);
    sockets.push(...some);
  }
}

test('one address holds 2,000 sockets with a client key, and gets another when one has ended; a server key has no such bound', async () => {
  await start({ RATE_LIMITS: 'client=100000' });
  await openMany(OF_ADDRESS, KEYS.CLIENT_KEY);
  assert.equal((await open(KEYS.CLIENT_KEY)).status, 429);
  await openMany(1, KEYS.SERVER_KEY);
  sockets.shift().end();
  // The relay hears of the end by the connection.
  let again = await open(KEYS.CLIENT_KEY);
  for (const end = Date.now() + 10_000; again.status === 429 && Date.now() < end; ) again = await open(KEYS.CLIENT_KEY);
  assert.equal(again.status, 101);
  sockets.push(again);
});

test('the sockets that one relay does not take are on further relays, and hear of each change, too', async () => {
  // The number of sockets, and that of one relay: three full relays, and one with the rest.
  const most = 5,
    count = 3 * most + 2;
  await start({ RELAY_SOCKETS: String(most) });
  for (let opened = 0; opened < count; opened++) await openMany(1, KEYS.SERVER_KEY);
  await Promise.all(sockets.map(socket => socket.next()));
  for (const action of ['kill', 'revive']) {
    const answer = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'a', action, reason: 'r' } });
    assert.equal(answer.status, 200, answer.text);
    const told = (await Promise.all(sockets.map(socket => socket.next()))).map(text => JSON.parse(text));
    assert.deepEqual([...new Set(told.map(({ etag }) => etag.split('.')[1]))], [String(answer.json().version)]);
    // 2,000 clients of a relay fetch in a second: 5 within 2 ms, and 2 within 1 ms.
    assert.deepEqual(told.map(({ spread }) => spread).sort(), [...Array(2).fill(1), ...Array(3 * most).fill(2)]);
  }
});
