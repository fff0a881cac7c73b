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
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { RATE_LIMITS: 'client=100000' } });
  sockets = [];
});
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
