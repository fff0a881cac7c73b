// A client hears of changes over a stream, and polls where there is none.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { dataFolder, startServer } from '../server.mjs';

const PATIENCE_MS = 20_000;
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { default: 'on' } },
};

let folder, server, proxy;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: DOCUMENT });
  proxy = await startProxy(server.url);
});
after(async () => {
  proxy?.stop();
  await server?.stop();
  await folder?.remove();
});

/** A proxy before the worker, which counts requests for programs, and cuts or refuses streams. */
async function startProxy(url) {
  const streams = new Set();
  const state = { programs: 0, streams: 0, refuses: false, failing: false };
  const { hostname, port } = new URL(url);
  const listening = createServer((asked, answer) => {
    const isStream = asked.url.startsWith('/v1/watch');
    state[isStream ? 'streams' : 'programs']++;
    if (isStream) streams.add(answer);
    if (isStream && state.refuses) return answer.writeHead(404).end();
    const passed = request({ hostname, port, path: asked.url, method: asked.method, headers: asked.headers }, got => {
      answer.writeHead(got.statusCode, got.headers);
      answer.flushHeaders();
      // A test need not wait for the time that the worker names.
      got.on('data', chunk => answer.write(isStream ? chunk.toString().replace(/^retry: \d+/m, 'retry: 1') : chunk));
      got.on('end', () => answer.end());
      got.on('error', () => answer.destroy());
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise(resolve => listening.listen(0, '127.0.0.1', resolve));
  return {
    state,
    url: `http://127.0.0.1:${listening.address().port}`,
    cut: () => {
      for (const answer of streams) answer.destroy();
      streams.clear();
    },
    stop: () => {
      listening.closeAllConnections();
      listening.close();
    },
  };
}

const until = async (is, what) => {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 10)))
    if (await is()) return;
  assert.fail(`it never came about: ${what}`);
};
const command = async (path, body) => {
  const answer = await server.asAdmin(path, { body: { reason: 'r', ...body } });
  assert.equal(answer.status, 200, answer.text);
};
const set = on => command('/api/admin/feature-flags', { featureName: 'checkout', action: on ? 'revive' : 'kill' });
/** A client that would notice nothing by itself for a day. */
function open(t, options = {}) {
  const refresh = { push: true, intervalMs: 86_400_000, ...options.refresh };
  const client = createClient({ url: proxy.url, clientKey: server.clientKey, ...options, refresh });
  t.after(() => client.close());
  return client;
}

test('a change reaches a client over its stream, by one request', async t => {
  const streams = proxy.state.streams;
  const client = open(t);
  await client.ready();
  await until(() => proxy.state.streams > streams, 'a stream');
  assert.equal(client.isEnabled('checkout'), true);
  for (const on of [false, true]) {
    // The stream says at its beginning which version there is.
    const before = proxy.state.programs;
    await set(on);
    await until(() => client.isEnabled('checkout') === on, `checkout is ${on}`);
    assert.ok(proxy.state.programs - before <= 1, `${proxy.state.programs - before} requests`);
  }
});

test("an override reaches its customer's client, and asks no other", async t => {
  const [own, other] = ['c-1', 'c-2'].map(customerId => open(t, { context: { customerId } }));
  await Promise.all([own.ready(), other.ready()]);
  const before = proxy.state.streams;
  await until(() => proxy.state.streams >= before, 'streams');
  await command('/api/admin/overrides', { customerId: 'c-1', flags: { checkout: false } });
  await until(() => !own.isEnabled('checkout'), 'the override');
  assert.equal(other.isEnabled('checkout'), true);
  await command('/api/admin/overrides', { customerId: 'c-2', flags: { checkout: false } });
  await until(() => !other.isEnabled('checkout'), 'the other override');
});

test('another customer in the context has a stream of its own', async t => {
  const client = open(t, { context: { customerId: 'c-3' } });
  await client.ready();
  await client.setContext({ customerId: 'c-4' });
  await command('/api/admin/overrides', { customerId: 'c-4', flags: { checkout: false } });
  await until(() => !client.isEnabled('checkout'), 'the override');
});

test('a stream that is cut comes back, and what happened meanwhile is learned', async t => {
  const client = open(t);
  await client.ready();
  for (const on of [false, true]) {
    const before = proxy.state.streams;
    proxy.cut();
    await set(on);
    await until(() => proxy.state.streams > before, 'another stream');
    await until(() => client.isEnabled('checkout') === on, `checkout is ${on}`);
  }
});

test('without a stream a client polls', async t => {
  proxy.state.refuses = true;
  try {
    const client = open(t, { refresh: { intervalMs: 1000 } });
    await client.ready();
    await set(false);
    await until(() => !client.isEnabled('checkout'), 'checkout is off');
    await set(true);
    await until(() => client.isEnabled('checkout'), 'checkout is on');
  } finally {
    proxy.state.refuses = false;
  }
});

test('a closed client lets go of its stream', async () => {
  const client = createClient({ url: proxy.url, clientKey: server.clientKey, refresh: { push: true } });
  const before = proxy.state.streams;
  await client.ready();
  await until(() => proxy.state.streams > before, 'a stream');
  client.close();
  const [streams, programs] = [proxy.state.streams, proxy.state.programs];
  proxy.cut();
  await set(true);
  assert.deepEqual([proxy.state.streams, proxy.state.programs], [streams, programs]);
});

test('in Node no stream is opened unasked', async t => {
  const client = createClient({ url: proxy.url, clientKey: server.clientKey });
  t.after(() => client.close());
  const before = proxy.state.streams;
  await client.ready();
  await client.refresh();
  assert.equal(proxy.state.streams, before);
});

/** Reads a stream that comes in chunks of so many characters; returns the versions that the client asked for because of it. */
async function askedFor(text, size) {
  const asked = [];
  let wasRead;
  const read = new Promise(resolve => {
    wasRead = resolve;
  });
  const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g'));
  const client = createClient({
    url: server.url,
    clientKey: server.clientKey,
    refresh: { push: true, intervalMs: 0 },
    fetch: async (address, init) => {
      if (!address.includes('/v1/watch')) {
        const version = new URL(address).searchParams.get('minVersion');
        if (version) asked.push(version);
        // No hub has these versions.
        return fetch(address.replace(/&minVersion=.*/, ''), init);
      }
      const body = new ReadableStream({
        async pull(stream) {
          const chunk = chunks.shift();
          if (chunk !== undefined) return stream.enqueue(new TextEncoder().encode(chunk));
          await until(() => asked.length > 0 || size > 1_000, 'a question');
          stream.close();
          wasRead();
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  try {
    await client.ready();
    await read;
    return asked;
  } finally {
    client.close();
  }
}

test('events are read as the HTML standard says, wherever a stream is cut', async () => {
  const told = number => `data: {"type":"refetchEvaluation",\ndata:"etag":"ffffffffffff.${number}","spread":0}`;
  const other = 'id: 1\ndata: {"type":"another","etag":"ffffffffffff.9"}\n\n:a comment\n\nevent: x\n';
  for (const end of ['\n', '\r\n', '\r']) {
    const text = `\n\n${other}${told(3)}\n\n:\n`.replaceAll('\n', end);
    for (const size of [1, 2, 3, 1_000]) assert.deepEqual(await askedFor(text, size), ['ffffffffffff.3'], JSON.stringify([end, size]));
  }
  // An event without its end was not sent whole.
  assert.deepEqual(await askedFor(`${told(3)}\n`, 2_000), []);
});
