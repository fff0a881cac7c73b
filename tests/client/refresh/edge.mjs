// A client on a clock that the tests set, against an edge that answers with a real worker's programs.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { before, beforeEach } from 'node:test';

import { createClient, EdgeRefused } from '../../../npm/client/dist/entry/node.js';
import { dataFolder, startServer } from '../../server.mjs';

export const NOW = Date.UTC(2026, 10, 28, 12);
export const SECOND = 1000,
  MINUTE = 60 * SECOND,
  DAY = 24 * 60 * MINUTE;
/** Two moments: one soon, and one further away than `setTimeout` can wait. */
export const LAUNCH = NOW + 5 * MINUTE,
  SALE = NOW + 40 * DAY;
const after = moment => ({
  rules: [{ name: 'r', if: { attribute: 'now', op: 'after', value: new Date(moment - 1).toISOString() }, serve: 'on' }],
});
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { default: 'on' }, search: { default: 'on' }, launch: after(LAUNCH), sale: after(SALE) },
};

/** A worker's answers before and after somebody killed `checkout`. */
export const programs = {};
/** Records the worker's answers before the first test, and resets the edge before each. */
export function ownEdge() {
  before(record);
  beforeEach(() => Object.assign(edge, { serves: programs.live, fails: undefined, asked: [] }));
}

async function record() {
  const folder = await dataFolder();
  const server = await startServer({ data: folder.path, document: DOCUMENT });
  const program = async () => {
    const { bytes, headers } = await server.asClient('/v1/program?format=2', {
      headers: { accept: 'application/vnd.twinflag.program' },
      body: { context: {} },
    });
    return { bytes, headers: Object.fromEntries(['etag', 'twinflag-version'].map(name => [name, headers.get(name)])) };
  };
  try {
    programs.live = await program();
    const killed = await server.asAdmin('/api/admin/feature-flags', {
      body: { featureName: 'checkout', action: 'kill', reason: 'a test' },
    });
    assert.equal(killed.status, 200, killed.text);
    programs.killed = await program();
    assert.notEqual(programs.killed.headers.etag, programs.live.headers.etag);
  } finally {
    await server.stop();
    await folder.remove();
  }
}

/** The edge: what it serves, how it fails instead, and what it was asked. */
export const edge = {};
export const edgeFetch = async (url, init) => {
  // An edge without push: what a stream changes has tests of its own.
  if (url.includes('/v1/watch')) return new Response(null, { status: 404 });
  edge.asked.push(init);
  if (edge.fails) return edge.fails(init);
  const { bytes, headers } = edge.serves,
    isHeld = init.headers['if-none-match'] === headers.etag;
  return new Response(isHeld ? null : bytes, { status: isHeld ? 304 : 200, headers });
};
export const away = () => Promise.reject(new TypeError('fetch failed'));
export const refuses =
  (status, headers = {}) =>
  async () =>
    new Response(null, { status, headers });
/** A request that ends only when it is aborted. */
export const hangs = ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** A client on a clock that stands still until `pass` moves it; its jitter is none, unless `random` is another number. */
export async function open(t, { random = 0, ...options } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: NOW });
  t.mock.method(Math, 'random', () => random);
  /** By how much the clock was set; the monotonic one knows nothing of that. */
  let set = 0;
  t.mock.method(performance, 'now', () => Date.now() - set);
  const timers = watchTimers(t);
  const client = createClient({ url: 'https://flags.example', clientKey: 'tf_client_test', fetch: edgeFetch, ...options });
  t.after(() => client.close());
  await client.ready();
  // The code that watches a page comes behind the edge's first answer.
  const isWatched = () => getEventListeners(globalThis.document, 'visibilitychange').length > 0;
  const isAnswered = !client.error || client.error instanceof EdgeRefused;
  while (globalThis.document && options.refresh !== false && isAnswered && !isWatched()) await new Promise(setImmediate);
  const settled = async () => {
    // Requests that fail or answer at once have done so after a few turns of the event loop.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  };
  return {
    client,
    settled,
    timers,
    /** Lets time pass, and whatever it causes. */
    pass: async ms => {
      t.mock.timers.tick(ms);
      await settled();
    },
    /** Sets the clock, as does a machine that slept while its monotonic clock stood still. */
    setClock: moment => {
      set += moment - Date.now();
      t.mock.timers.setTime(moment);
    },
    /** The number of questions since the last call. */
    questions: () => edge.asked.splice(0).length,
  };
}

/** The timers that are set, and the longest delay of any; a runtime ends one of more than 2^31 - 1 ms at once. */
function watchTimers(t) {
  const { setTimeout, clearTimeout } = globalThis,
    timers = { set: new Set(), longest: 0 };
  t.mock.method(globalThis, 'setTimeout', (run, delay, ...rest) => {
    timers.longest = Math.max(timers.longest, delay);
    const id = setTimeout(
      (...given) => {
        timers.set.delete(id);
        run(...given);
      },
      delay,
      ...rest,
    );
    timers.set.add(id);
    return id;
  });
  t.mock.method(globalThis, 'clearTimeout', id => {
    timers.set.delete(id);
    clearTimeout(id);
  });
  return timers;
}

/** The globals of a page, for one test. */
export function asPage(t, { hidden = false, online = true } = {}) {
  const page = { document: new EventTarget(), window: new EventTarget(), navigator: { onLine: online } };
  page.document.visibilityState = hidden ? 'hidden' : 'visible';
  const globals = { document: page.document, navigator: page.navigator, addEventListener: page.window.addEventListener.bind(page.window) };
  const own = Object.fromEntries(Object.keys(globals).map(name => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  t.after(() => {
    for (const [name, descriptor] of Object.entries(own)) {
      delete globalThis[name];
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    }
  });
  return {
    ...page,
    show: visibilityState => {
      page.document.visibilityState = visibilityState;
      page.document.dispatchEvent(new Event('visibilitychange'));
    },
    focus: () => page.window.dispatchEvent(new Event('focus')),
    pageshow: persisted => page.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted })),
    connect: isOnline => {
      page.navigator.onLine = isOnline;
      page.window.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
    },
    listeners: () =>
      [
        [page.document, 'visibilitychange'],
        [page.window, 'focus'],
        [page.window, 'online'],
        [page.window, 'pageshow'],
      ].reduce((sum, [target, type]) => sum + getEventListeners(target, type).length, 0),
  };
}
