// When a client asks again: by a clock that the tests set, against an edge that answers with a real worker's programs.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { before, beforeEach, test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { dataFolder, startServer } from '../server.mjs';

const NOW = Date.UTC(2026, 10, 28, 12);
const SECOND = 1000,
  MINUTE = 60 * SECOND,
  DAY = 24 * 60 * MINUTE;
/** Two moments: one soon, and one further away than `setTimeout` can wait. */
const LAUNCH = NOW + 5 * MINUTE,
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
const programs = {};
before(async () => {
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
});

/** The edge: what it serves, how it fails instead, and what it was asked. */
const edge = {};
beforeEach(() => Object.assign(edge, { serves: programs.live, fails: undefined, asked: [] }));
const edgeFetch = async (_url, init) => {
  edge.asked.push(init);
  if (edge.fails) return edge.fails(init);
  const { bytes, headers } = edge.serves,
    isHeld = init.headers['if-none-match'] === headers.etag;
  return new Response(isHeld ? null : bytes, { status: isHeld ? 304 : 200, headers });
};
const away = () => Promise.reject(new TypeError('fetch failed'));
const refuses =
  (status, headers = {}) =>
  async () =>
    new Response(null, { status, headers });
/** A request that ends only when it is aborted. */
const hangs = ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** A client on a clock that stands still until `pass` moves it; its jitter is none, unless `random` is another number. */
async function open(t, { random = 0, ...options } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: NOW });
  t.mock.method(Math, 'random', () => random);
  /** By how much the clock was set; the monotonic one knows nothing of that. */
  let set = 0;
  t.mock.method(performance, 'now', () => Date.now() - set);
  const timers = watchTimers(t);
  const client = createClient({ url: 'https://flags.example', clientKey: 'tf_client_test', fetch: edgeFetch, ...options });
  t.after(() => client.close());
  await client.ready();
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
function asPage(t, { hidden = false, online = true } = {}) {
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
  const { client, pass, questions, timers } = await open(t);
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
    refresh: { intervalMs: MINUTE },
  });
  await other.ready();
  one.questions();
  one.client.close();
  page.focus();
  await one.pass(SECOND);
  assert.deepEqual([one.questions(), page.listeners()], [1, 4]);
  other.close();
});

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
  const fresh = await import('../../npm/client/dist/entry/node.js?fresh');
  const client = fresh.createClient({ url: 'https://flags.example', clientKey: 'tf_client_test', fetch: edgeFetch, retryMs: 1000 });
  t.after(() => client.close());
  await client.ready();
  assert.deepEqual([client.status, client.error.name], ['error', 'CompileError']);
  t.mock.timers.tick(1000);
  await client.ready();
  assert.deepEqual([refused.mock.callCount(), edge.asked.length], [2, 1]);
  refused.mock.restore();
  t.mock.timers.tick(2000);
  await client.ready();
  assert.deepEqual([client.status, edge.asked.length], ['ready', 2]);
});

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
