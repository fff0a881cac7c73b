// The entry for mobile runtimes, without what those lack: WebAssembly, BigInt and most of the web's globals. Storage and state are the app's.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const flags = {
  pro: { rules: [{ name: 'r', if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }] },
  words: { type: 'object', variants: { a: { label: 'Größe – ☕ 😀 \u{feff}' }, b: { label: '' } }, on: 'a', off: 'b', default: 'a' },
  own: {},
};
const server = ownServer({
  document: {
    schema: 'twinflag/1',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags,
    overrides: { customers: { 'c-1': { own: true } } },
  },
});
const MISSING = [
  'WebAssembly',
  'BigInt',
  'TextDecoder',
  'URL',
  'URLSearchParams',
  'crypto',
  'fetch',
  'Response',
  'Headers',
  'Blob',
  'DecompressionStream',
  'ReadableStream',
  'BroadcastChannel',
  'MessageChannel',
  'structuredClone',
];

/** As React Native's: without a reason and without `throwIfAborted`. */
class OldSignal {
  aborted = false;
  listeners = new Set();
  addEventListener(_type, listener) {
    this.listeners.add(listener);
  }
}
class OldController {
  signal = new OldSignal();
  abort() {
    if (this.signal.aborted) return;
    this.signal.aborted = true;
    for (const listener of this.signal.listeners) listener();
  }
}

/** The edge's answers by customer, and what is imported of the client in the poor runtime; both once. */
let prepared;
const prepare = () =>
  (prepared ??= (async () => {
    const programs = {};
    for (const customerId of ['c-1', 'c-2']) {
      const { bytes, headers } = await server.asClient('/v1/program', { body: { context: { customerId } } });
      programs[customerId] = { bytes: new Uint8Array(bytes), headers };
    }
    for (const name of MISSING) delete globalThis[name];
    for (const name of ['getBigInt64', 'getBigUint64']) delete DataView.prototype[name];
    globalThis.AbortController = OldController;
    return { programs, client: await import('../../npm/client/dist/entry/native.js') };
  })());

const NOW = Date.UTC(2030, 0, 1);
const CONTEXT = { customerId: 'c-1', userId: 'u-1', sessionId: 's-1', plan: 'pro' };

/** An app: a clock that the test moves, an edge of which the questions are counted, and clients that are closed with the test. */
async function app(t) {
  const { programs, client } = await prepare();
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: NOW });
  const edge = { questions: 0, isAway: false, isSilent: false, outcomes: [] };
  const answer = (status, headers, bytes) => ({
    ok: status === 200,
    status,
    headers: { get: name => (name === 'twinflag-now' ? null : (headers?.get(name) ?? null)) },
    arrayBuffer: () => Promise.resolve(bytes.slice().buffer),
  });
  // It sends a request that was given up before, as some do.
  const fetch = (url, { body, headers }) => {
    if (url.endsWith('/v1/outcomes')) {
      edge.outcomes.push(...JSON.parse(body).outcomes);
      return Promise.resolve(answer(202));
    }
    edge.questions++;
    if (edge.isAway) return Promise.reject(new TypeError('Network request failed'));
    if (edge.isSilent) return new Promise(() => undefined);
    const { bytes, headers: told } = programs[JSON.parse(body).context.customerId];
    return Promise.resolve(headers['if-none-match'] === told.get('etag') ? answer(304, told) : answer(200, told, bytes));
  };
  const settled = () => new Promise(resolve => setImmediate(resolve));
  return {
    edge,
    settled,
    outcomes: client.outcomes,
    deviceStorage: client.deviceStorage,
    open(options) {
      const opened = client.createClient({ url: 'https://flags.example', clientKey: 'tf_client_x', fetch, context: CONTEXT, ...options });
      t.after(() => opened.close());
      return opened;
    },
    async pass(ms) {
      t.mock.timers.tick(ms);
      await settled();
    },
  };
}

/** Storage as `AsyncStorage` has it. */
function device() {
  const texts = new Map();
  const later = async run => run();
  return {
    texts,
    getItem: name => later(() => texts.get(name) ?? null),
    setItem: (name, text) => later(() => void texts.set(name, text)),
    removeItem: name => later(() => void texts.delete(name)),
  };
}

test('rules, overrides, objects and another context are answered', async t => {
  const { open } = await app(t);
  const client = open();
  await client.ready();
  assert.deepEqual([client.error, client.status], [undefined, 'ready']);
  assert.deepEqual([client.isEnabled('pro'), client.isEnabled('own')], [true, true]);
  assert.deepEqual(client.getValue('words', {}), flags.words.variants.a);
  assert.deepEqual(client.flagKeys().sort(), Object.keys(flags).sort());
  await client.setContext({ ...CONTEXT, plan: 'free' });
  assert.deepEqual([client.isEnabled('pro'), client.isEnabled('own')], [false, true]);
  await client.setContext({ ...CONTEXT, customerId: 'c-2' });
  assert.deepEqual([client.status, client.isEnabled('pro'), client.isEnabled('own')], ['ready', true, false]);
});

test('a request that takes too long is given up with its reason', async t => {
  const { edge, open, pass, settled } = await app(t);
  edge.isSilent = true;
  const client = open({ timeout: 2000, retryMs: 86_400_000, maxRetryMs: 86_400_000 });
  await settled();
  await pass(2000);
  assert.equal(client.error.message, 'no answer within 2000 ms');
});

test('a token that comes after its request was given up is not used', async t => {
  const { edge, open, settled } = await app(t);
  const tokens = [];
  const client = open({ identityToken: () => new Promise(resolve => tokens.push(resolve)) });
  await settled();
  const second = client.setContext({ ...CONTEXT, customerId: 'c-2' });
  await settled();
  tokens[0]('first');
  await settled();
  assert.equal(edge.questions, 0);
  tokens[1]('second');
  await second;
  assert.deepEqual([client.status, client.isEnabled('own'), edge.questions], ['ready', false, 1]);
});

test('an active app asks by its interval, one in the background nothing, and one that is active again at once', async t => {
  const { edge, open, pass, settled } = await app(t);
  const listeners = new Set();
  const appState = {
    currentState: 'active',
    addEventListener(type, listener) {
      assert.equal(type, 'change');
      listeners.add(listener);
      return { remove: () => listeners.delete(listener) };
    },
  };
  const become = state => {
    for (const listener of listeners) listener(state);
  };
  const client = open({ appState, refresh: { jitter: 0 } });
  await client.ready();
  await settled();
  assert.deepEqual([listeners.size, edge.questions], [1, 1]);
  await pass(30_000);
  assert.equal(edge.questions, 2);
  become('background');
  for (let minute = 0; minute < 10; minute++) await pass(60_000);
  assert.equal(edge.questions, 2);
  become('inactive');
  become('active');
  await pass(0);
  assert.equal(edge.questions, 3);
  // Being active is news only to one that was not.
  become('active');
  await pass(1000);
  assert.equal(edge.questions, 3);
  client.close();
  assert.equal(listeners.size, 0);
});

test('a kept program answers when the app starts without a network, marked stale', async t => {
  const { edge, open, settled, deviceStorage } = await app(t);
  const kept = device();
  const first = open({ storage: deviceStorage(kept) });
  await first.ready();
  await settled();
  first.close();
  assert.equal(kept.texts.size, 1);
  edge.isAway = true;
  const second = open({ storage: deviceStorage(kept), retryMs: 86_400_000, maxRetryMs: 86_400_000 });
  await second.ready();
  await settled();
  assert.deepEqual([second.status, second.isEnabled('pro'), second.isEnabled('own')], ['stale', true, true]);
  // Another customer's, and one that is too old, are not used.
  const other = open({ context: { customerId: 'c-2' }, storage: deviceStorage(kept), retryMs: 86_400_000, maxRetryMs: 86_400_000 });
  await other.ready();
  await settled();
  assert.deepEqual([other.status, other.isEnabled('own')], ['error', false]);
  t.mock.timers.setTime(NOW + 1001);
  const old = open({ storage: deviceStorage(kept, { maxAgeMs: 1000 }), retryMs: 86_400_000, maxRetryMs: 86_400_000 });
  await old.ready();
  await settled();
  assert.equal(old.status, 'error');
  assert.throws(() => deviceStorage(kept, { maxAgeMs: 0 }), RangeError);
});

test('a device keeps a program for the identity and the signed attributes of a token', async t => {
  const { settled, deviceStorage } = await app(t);
  const store = deviceStorage(device())('https://flags.example', 'tf_client_x');
  const token = claims => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
  const visitor = { customerId: null, organizationId: null, sessionId: null, targetingKey: null, userId: 'u-1', plan: 'pro' };
  store.write('asked', token({ userId: 'u-1', plan: 'pro', jti: '1' }), { program: new Uint8Array([1, 2]), visitor });
  await settled();
  const read = claims => store.read(() => 'asked', token(claims));
  assert.deepEqual((await read({ userId: 'u-1', plan: 'pro', jti: '2' }))?.visitor, visitor);
  for (const other of [{ userId: 'u-1', plan: 'basic' }, { userId: 'u-1' }, { userId: 'u-2', plan: 'pro' }])
    assert.equal(await read(other), undefined, JSON.stringify(other));
});

test('a damaged entry is dropped', async t => {
  const { edge, open, settled, deviceStorage } = await app(t);
  const kept = device();
  const first = open({ storage: deviceStorage(kept) });
  await first.ready();
  await settled();
  first.close();
  const [[name, text]] = kept.texts;
  edge.isAway = true;
  for (const damaged of ['', 'x', text.slice(0, -1), text.replace('"program":"', '"program":"A')]) {
    kept.texts.set(name, damaged);
    const client = open({ storage: deviceStorage(kept), retryMs: 86_400_000, maxRetryMs: 86_400_000 });
    await client.ready();
    await settled();
    assert.deepEqual([client.status, kept.texts.size], ['error', 0], damaged.slice(0, 40));
  }
});

test('a device that fails, or never answers, holds nothing up', async t => {
  const { open, pass, settled, deviceStorage } = await app(t);
  const fail = () => Promise.reject(new Error('no device'));
  const failing = open({ storage: deviceStorage({ getItem: fail, setItem: fail, removeItem: fail }) });
  await failing.ready();
  assert.deepEqual([failing.status, failing.isEnabled('own')], ['ready', true]);
  let writes = 0;
  const hang = () => new Promise(() => undefined);
  const setItem = () => {
    writes++;
    return hang();
  };
  const storage = deviceStorage({ getItem: hang, setItem, removeItem: hang });
  const silent = open({ storage });
  await settled();
  await pass(1000);
  await settled();
  assert.deepEqual([silent.status, silent.isEnabled('own')], ['ready', true]);
  // One write is under way, and what comes after it waits in one place.
  for (const customerId of ['c-2', 'c-1', 'c-2']) await silent.setContext({ ...CONTEXT, customerId });
  assert.equal(writes, 1);
});

test('outcomes are reported, each under a name of its own, without `crypto`', async t => {
  const { edge, open, pass, outcomes } = await app(t);
  const client = open({ outcomes: outcomes() });
  await client.ready();
  client.isEnabled('pro');
  client.isEnabled('own');
  client.fail('pro', new Error('größer'));
  await pass(5000);
  assert.deepEqual(
    edge.outcomes.map(({ flag, event, unit }) => [flag, event, unit]),
    [
      ['pro', 'enabled', 's-1'],
      ['own', 'enabled', 's-1'],
      ['pro', 'error', 's-1'],
    ],
  );
  assert.equal(edge.outcomes[2].metadata.message, 'größer');
  const ids = edge.outcomes.map(({ id }) => id);
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});
