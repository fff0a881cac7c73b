// Streams of events: one ends with its life, and with a client that does not read; memory for such a client has a bound.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { eventStream } from '../../edge-worker/event-stream.js';
import { startWorkerd } from './workerd.mjs';

/** A socket of a relay, as the script uses it. */
class Socket extends EventTarget {
  closed = [];
  accept() {}
  close(code) {
    this.closed.push(code);
  }
}

test('a stream ends in its fifth minute with a time to return after, and closes its socket', async t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const socket = new Socket();
  const reader = eventStream(socket).getReader(),
    utf8 = new TextDecoder();
  let text = '',
    isOver = false;
  const reading = (async () => {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) text += utf8.decode(chunk.value);
    isOver = true;
  })();
  for (let second = 0; second < 240; second++) t.mock.timers.tick(1000);
  // All output that was due is written before an immediate callback runs.
  await new Promise(setImmediate);
  assert.equal(isOver, false);
  assert.match(text, /^retry: \d+\n\n(:\n\n){11,12}$/);
  for (let second = 240; second < 300; second++) t.mock.timers.tick(1000);
  await reading;
  const [, retry] = /(?:\n|^)retry: (\d+)\n\n$/.exec(text);
  assert.ok(Number(retry) >= 1 && Number(retry) <= 2_000, `${retry} ms`);
  assert.deepEqual(socket.closed, [1000]);
});

let started;
before(async () => {
  const config = new URL('workers/events.capnp', import.meta.url).pathname;
  started = await startWorkerd(config, {});
});
after(() => started?.stop());

/** Messages of 64 kB: far more than all buffers between the worker and a client keep. */
const MESSAGES = 1_000;

test('a stream whose client reads gets every message', async () => {
  const response = await fetch(`${started.url}/stream?name=reads&messages=${MESSAGES}`);
  let count = 0,
    rest = '';
  const utf8 = new TextDecoder();
  for await (const chunk of response.body) {
    const parts = (rest + utf8.decode(chunk, { stream: true })).split('data: ');
    count += parts.length - 1;
    // The beginning of the next one may be here.
    rest = parts.at(-1).slice(-5);
  }
  assert.equal(count, MESSAGES);
});

test('a stream whose client does not read ends, and its socket is closed', async () => {
  const { hostname, port } = new URL(started.url);
  const client = connect({ host: hostname, port }).pause();
  try {
    client.write(`GET /stream?name=waits&messages=${MESSAGES} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
    const answer = await fetch(`${started.url}/ended?name=waits`, { signal: AbortSignal.timeout(30_000) });
    const { sent } = await answer.json();
    assert.ok(sent > 0 && sent < MESSAGES, `${sent} messages were taken`);
  } finally {
    client.destroy();
  }
});
