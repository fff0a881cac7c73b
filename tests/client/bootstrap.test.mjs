// Pages that begin with the answers of their server: read at once, kept until the edge has answered, and never another visitor's.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { bootstrap, pageBootstrap } from '../../npm/client/dist/entry/bootstrap.js';
import { createClient, on } from '../../npm/client/dist/entry/node.js';
import { outcomes } from '../../npm/client/dist/entry/outcomes.js';
import { bootstrapScript, createServerClient } from '../../npm/server/dist/entry/node.js';
import { ownServer } from '../own-server.mjs';

const rule = (attribute, value, serve = 'on') => ({ rules: [{ name: 'r', if: { attribute, op: 'eq', value }, serve }] });
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    first: rule('customerId', 'c-1'),
    pro: { ...rule('plan', 'pro'), metadata: { team: 'growth' } },
    drawn: { rollout: { status: 'active', percentage: 100 } },
    words: { type: 'object', variants: { a: { label: '</script><script>alert(1)' }, b: { label: 'Pay' } }, on: 'b', off: 'a' },
    size: { type: 'number', variants: { small: 5, large: 50 }, on: 'large', off: 'small' },
    callers: { default: null },
    secret: { default: 'on' },
  },
};
const KEYS = ['first', 'pro', 'drawn', 'words', 'size', 'callers', 'nobody'];
const CONTEXT = { customerId: 'c-1', plan: 'pro', userId: 'u-7' };
const PENDING = { value: false, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY', pending: true };

const server = ownServer({ document: DOCUMENT });

/** The gate that holds requests back, if any, and the requests that came. */
let held;
let requests;
beforeEach(() => {
  held = undefined;
  requests = [];
});
const door = async (url, init) => {
  requests.push({ url, ...init });
  await held;
  return fetch(url, init);
};
const open = options => createClient({ url: server.url, clientKey: server.clientKey, context: CONTEXT, fetch: door, ...options });

async function ofServer(keys = KEYS, context = CONTEXT) {
  const flags = createServerClient({ url: server.url, serverKey: server.serverKey, onError: error => assert.fail(error) });
  return flags
    .bootstrap(keys, context)
    .then(given => JSON.parse(JSON.stringify(given)))
    .finally(() => flags.close());
}
const read = client => KEYS.map(key => client.get(key, key === 'size' ? 1 : key === 'words' ? {} : false));

test("the server's answers at once, then the edge's, which are the same", async () => {
  const given = await ofServer();
  let release;
  held = new Promise(resolve => {
    release = resolve;
  });
  const client = open({ bootstrap: bootstrap(given) });
  const changes = [];
  client.subscribe(change => changes.push(change));
  assert.equal(client.status, 'ready');
  assert.equal(client.version, given.version);
  await client.ready();
  const begun = read(client);
  assert.deepEqual(
    [client.getValue('first', false), client.getValue('size', 1), client.get('pro', false).metadata],
    [true, 5, { team: 'growth' }],
  );
  assert.deepEqual(
    begun.map((details, place) => details === client.first.get(KEYS[place], details.variant === undefined ? false : details.value)),
    KEYS.map(() => true),
    'the objects that a rendering on the server had',
  );
  assert.equal(client.get('secret', false).pending, true, 'a flag that the server did not give is awaited');

  release();
  await client.refresh();
  assert.deepEqual(read(client), begun);
  assert.deepEqual(
    changes.flatMap(({ flagKeys }) => flagKeys),
    ['secret'],
    'listeners hear of no flag that stayed',
  );
  assert.match(requests[0].url, new RegExp(`minVersion=${given.version.replace('.', '\\.')}$`), 'no older version may follow');
  client.close();
});

test('an answer of another type is a mismatch, and the default of a caller counts where no variant answers', async () => {
  const client = open({ bootstrap: bootstrap(await ofServer()), lazy: true });
  assert.deepEqual(client.get('size', 'text'), { value: 'text', reason: 'ERROR', errorCode: 'TYPE_MISMATCH' });
  assert.equal(client.getValue('callers', true), true);
  assert.equal(client.get('nobody', false).errorCode, 'FLAG_NOT_FOUND');
  assert.ok(Object.isFrozen(client.getValue('words', {})), 'a value that all readers share');
  assert.equal(requests.length, 0, 'a lazy client asks for nothing');
  client.close();
});

test('answers for the visitor before are stale, and so are those that nothing confirmed', async () => {
  let release;
  held = new Promise((_, reject) => {
    release = () => reject(new TypeError('fetch failed'));
  });
  const client = open({ bootstrap: bootstrap(await ofServer()) });
  assert.equal(client.get('first', false).stale, undefined);
  const asked = client.setContext({ customerId: 'c-2' });
  assert.deepEqual([client.status, client.get('first', false).stale, client.getValue('first', false)], ['stale', true, true]);
  assert.equal(client.get('secret', false).pending, true);
  release();
  await asked;
  assert.deepEqual([client.status, client.getValue('first', false)], ['stale', true]);
  assert.deepEqual(client.get('secret', false), { value: false, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' });
  held = undefined;
  await client.refresh();
  assert.deepEqual([client.status, client.getValue('first', false)], ['ready', false]);
  client.close();

  const stale = open({ bootstrap: bootstrap({ ...(await ofServer()), stale: true }), lazy: true });
  assert.deepEqual([stale.status, stale.get('first', false).stale], ['stale', true]);
  stale.close();
});

test("a visitor's reading of a bootstrapped flag is reported before the edge has answered", async () => {
  const given = await ofServer();
  let release;
  held = new Promise(resolve => {
    release = resolve;
  });
  const seen = [];
  const client = open({
    bootstrap: bootstrap(given),
    outcomes: outcomes({ onExposure: ({ flagKey, unit }) => seen.push([flagKey, unit]) }),
  });
  client.isEnabled('first');
  client.fail('first', new Error('broken'));
  await Promise.resolve();
  assert.deepEqual(seen, [['first', 'u-7']]);
  release();
  await client.refresh();
  client.isEnabled('first');
  client.close();
  const sent = requests.filter(({ url }) => url.endsWith('/v1/outcomes')).flatMap(({ body }) => JSON.parse(body).outcomes);
  assert.deepEqual(
    sent.map(({ flag, event, variant, receipt }) => [flag, event, variant, typeof receipt]),
    [
      ['first', 'enabled', 'on', 'string'],
      ['first', 'error', 'on', 'string'],
    ],
  );
});

test('what is no bootstrap is left out, with a warning', t => {
  const warn = t.mock.method(console, 'warn', () => undefined);
  const flag = { value: true, variant: 'on', reason: 'STATIC' };
  const many = Object.fromEntries(Array.from({ length: 5001 }, (_, n) => [`f${n}`, flag]));
  for (const [given, why] of [
    ['{', /JSON/],
    ['null', /./],
    [{ flags: null }, /no object `flags`/],
    [{ flags: many }, /5001 flags; it may have 5000/],
    [' '.repeat(2_000_001), /longer than 2000000/],
  ]) {
    assert.equal(bootstrap(given), undefined);
    assert.match(warn.mock.calls.at(-1).arguments[0], why);
  }
  assert.equal(warn.mock.callCount(), 5);
  for (const nothing of [undefined, null, { flags: {} }]) assert.equal(bootstrap(nothing), undefined);
  assert.equal(pageBootstrap(), undefined, 'a server has no page');
  assert.equal(warn.mock.callCount(), 5);
  delete many.f5000;
  assert.equal(bootstrap({ flags: many }).get('f4999', false).value, true);
  const odd = bootstrap({ flags: { a: null, b: 7, c: { value: true }, d: flag } });
  assert.deepEqual(
    ['a', 'b', 'c', 'toString', '__proto__'].map(key => odd.get(key, false)),
    Array(5).fill(PENDING),
  );
  assert.equal(odd.get('d', false).value, true);
});

test("the server gives the flags that are named, once each, and writes them so that no value ends the page's script", async () => {
  const given = await ofServer(['words', 'words', 'secret']);
  assert.deepEqual(Object.keys(given.flags), ['words', 'secret']);
  assert.match(given.version, /^[0-9a-f]{12}\.\d+$/);
  const written = bootstrapScript(given, { id: 'flags' });
  assert.match(written, /^<script type="application\/json" id="flags">[^<]*<\/script>$/);
  assert.deepEqual(JSON.parse(written.slice(written.indexOf('>') + 1, -'</script>'.length)), given);
  for (const id of ['', '1', 'a b', 'a"onload="x', 'x'.repeat(101)]) assert.throws(() => bootstrapScript(given, { id }), RangeError);
  await assert.rejects(ofServer(Array.from({ length: 5001 }, (_, n) => `f${n}`)), /5001 flags; a page may have 5000/);
});

test('a server without rules gives no answers, and its page waits for the edge', async () => {
  const flags = createServerClient({ url: 'http://127.0.0.1:1', serverKey: 'tf_server_none', readyMs: 50, onError: () => undefined });
  const given = await flags.bootstrap(KEYS, CONTEXT);
  await flags.close();
  assert.deepEqual(given, { flags: {} });
  const client = open({ bootstrap: bootstrap(given) });
  assert.equal(client.status, 'pending');
  await client.ready();
  assert.equal(client.isEnabled('first'), true);
  client.close();
});

test('a reading by the server for a page is no exposure', async () => {
  const sent = [];
  const spy = (url, init) => {
    if (String(url).endsWith('/v1/outcomes')) sent.push(init.body);
    return fetch(url, init);
  };
  const flags = createServerClient({ url: server.url, serverKey: server.serverKey, fetch: spy });
  await flags.bootstrap(['drawn'], CONTEXT);
  await flags.flush();
  assert.deepEqual(sent, []);
  await flags.isEnabled('drawn', CONTEXT);
  await flags.close();
  assert.equal(sent.length, 1);
});

test('a flag that was rolled back before the page began is no change, and no event', async () => {
  const { status, text } = await server.asAdmin('/api/admin/rollout/rollback', { body: { featureName: 'drawn', reason: 'a test' } });
  assert.equal(status, 200, text);
  const flags = createServerClient({ url: server.url, serverKey: server.serverKey, onError: error => assert.fail(error) });
  await flags.isEnabled('drawn', CONTEXT);
  while (!(await flags.getDetails('drawn', false, CONTEXT)).rolledBack) await flags.refresh();
  const given = JSON.parse(JSON.stringify(await flags.bootstrap(['drawn'], CONTEXT)));
  await flags.close();
  const client = open({ bootstrap: bootstrap(given) });
  const heard = [];
  client.subscribe('drawn', () => heard.push('changed'));
  on(client, 'rolledBack', () => heard.push('rolled back'));
  const begun = client.get('drawn', true);
  assert.deepEqual([begun.value, begun.rolledBack], [false, true]);
  await client.refresh();
  assert.deepEqual(client.get('drawn', true), begun);
  assert.deepEqual(heard, []);
  client.close();
});
