// Programs that outlast a page, for keys whose identity the edge fixes: used again for the same identity, and never for another; and beside the
// answers that a server wrote into the page, of which the newer ones serve.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';

import { bootstrap } from '../../npm/client/dist/entry/bootstrap.js';
import { createClient } from '../../npm/client/dist/entry/node.js';
import { storage } from '../../npm/client/dist/entry/storage.js';
import { ownServer } from '../own-server.mjs';

const rule = (attribute, value) => ({ rules: [{ name: 'r', if: { attribute, op: 'eq', value }, serve: 'on' }] });
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { first: rule('customerId', 'c-1'), personal: rule('userId', 'u-1'), pro: rule('plan', 'pro') },
};
const server = ownServer({ document: DOCUMENT });

/** The storage of a browser's profile, which outlasts its pages; `isKept` resolves at the next entry. */
let place, isKept, keep;
const next = () => {
  isKept = new Promise(resolve => {
    keep = resolve;
  });
};
const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
beforeEach(() => {
  place = new Map();
  next();
  const value = {
    getItem: name => place.get(name) ?? null,
    setItem(name, text) {
      place.set(name, text);
      keep();
    },
    removeItem: name => place.delete(name),
  };
  Object.defineProperty(globalThis, 'localStorage', { value, configurable: true });
});
afterEach(() => {
  delete globalThis.localStorage;
  if (before) Object.defineProperty(globalThis, 'localStorage', before);
});

/** A client of a new page; `bodies` are the contexts that it told the edge. */
function open(options) {
  const bodies = [];
  const { fetch: through = fetch, ...more } = options;
  const client = createClient({
    url: server.url,
    clientKey: server.clientKey,
    refresh: false,
    storage: storage(),
    retryMs: 86_400_000,
    maxRetryMs: 86_400_000,
    ...more,
    fetch(url, init) {
      bodies.push(JSON.parse(init.body).context);
      return through(url, init);
    },
  });
  return { client, bodies };
}
/** Opens a page that keeps its program, and closes it. */
async function fill(options) {
  const { client } = open(options);
  await client.ready();
  assert.equal(client.status, 'ready', client.error?.message);
  await isKept;
  next();
  client.close();
}
/** The status, after the edge was asked in vain, and the flags that are on. */
async function withoutEdge(options) {
  const { client, bodies } = open({ fetch: () => Promise.reject(new TypeError('away')), ...options });
  await client.ready();
  const seen = [client.status, ...Object.keys(DOCUMENT.flags).filter(flagKey => client.isEnabled(flagKey))];
  client.close();
  return { seen, bodies };
}

const keyed = async identity => {
  const answer = await server.asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'a test', identity } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
let signatures = 0;
/** A token, another text each time. */
const signed = (secret, claims) => {
  const text = [{ alg: 'HS256' }, { exp: Math.floor(Date.now() / 1000) + 60, jti: String(signatures++), ...claims }]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

test('a stored program answers for a pinned key, and the edge is told at once what it has to know', async () => {
  const { key: clientKey } = await keyed({ kind: 'pinned', customerId: 'c-1' });
  const context = { userId: 'u-1', plan: 'pro' };
  await fill({ clientKey, context });
  assert.deepEqual(await withoutEdge({ clientKey, context }), { seen: ['stale', 'first', 'personal', 'pro'], bodies: [{ userId: 'u-1' }] });
  const { client, bodies } = open({ clientKey, context });
  await client.ready();
  assert.deepEqual([client.status, bodies], ['ready', [{ userId: 'u-1' }]], 'one request instead of two');
  client.close();
  // Another plan stays in the page; another user is another program.
  assert.deepEqual((await withoutEdge({ clientKey, context: { userId: 'u-1' } })).seen, ['stale', 'first', 'personal']);
  assert.deepEqual((await withoutEdge({ clientKey, context: { userId: 'u-2' } })).seen, ['error']);
  const { key: another } = await keyed({ kind: 'pinned', customerId: 'c-2' });
  assert.deepEqual((await withoutEdge({ clientKey: another, context })).seen, ['error'], "another key's");
});

test('a stored program is for the signed attributes of the token that it was made for', async () => {
  const { key: clientKey, identitySecret } = await keyed({ kind: 'signed', attributes: ['plan'] });
  const bearer = claims => ({
    clientKey,
    context: { plan: 'none' },
    identityToken: () => Promise.resolve(signed(identitySecret, { userId: 'u-1', ...claims })),
  });
  await fill(bearer({ plan: 'pro' }));
  assert.deepEqual((await withoutEdge(bearer({ plan: 'pro', name: 'Åsa' }))).seen, ['stale', 'personal', 'pro']);
  for (const claims of [{ plan: 'basic' }, { plan: ['pro'] }, {}])
    assert.deepEqual((await withoutEdge(bearer(claims))).seen, ['error'], JSON.stringify(claims));
});

test('a stored program answers for a signed key to the bearer of each token with the same identity, and to nobody else', async () => {
  const { key: clientKey, identitySecret } = await keyed({ kind: 'signed' });
  const context = { plan: 'pro' },
    claims = { customerId: 'c-1', userId: 'u-1' };
  const bearer = own => ({ clientKey, context, identityToken: () => Promise.resolve(signed(identitySecret, own)) });
  await fill(bearer(claims));
  assert.deepEqual((await withoutEdge(bearer({ ...claims, name: 'Åsa' }))).seen, ['stale', 'first', 'personal', 'pro']);
  for (const other of [{ customerId: 'c-1' }, { ...claims, userId: 'u-2' }, { ...claims, userId: 1 }, { ...claims, sessionId: 's-1' }])
    assert.deepEqual((await withoutEdge(bearer(other))).seen, ['error'], JSON.stringify(other));
  for (const identityToken of [undefined, 'no token', () => Promise.reject(new Error('signed out'))])
    assert.deepEqual((await withoutEdge({ clientKey, context, identityToken })).seen, ['error'], String(identityToken));
  assert.equal((await withoutEdge(bearer(claims))).seen[0], 'stale', 'the control');

  await fill({ clientKey, context });
  assert.deepEqual((await withoutEdge({ clientKey, context })).seen, ['stale', 'pro'], "an anonymous visitor's");
  assert.deepEqual((await withoutEdge(bearer(claims))).seen, ['error']);
});

const flagged = (version, value) => ({ version, flags: { first: { value, variant: value ? 'on' : 'off', reason: 'STATIC' } } });
const beyond = (version, more) => version.replace(/\d+$/, number => Number(number) + more);

test('of a bootstrap and a stored program the newer one serves, and ready waits until that is known', async () => {
  const context = { customerId: 'c-1' };
  await fill({ context });
  const { client: asking } = open({ context });
  await asking.ready();
  const { version } = asking;
  asking.close();
  /** A page whose request never ends, after `ready`. */
  const begun = async given => {
    const { client } = open({ context, bootstrap: bootstrap(given), fetch: () => new Promise(() => undefined), timeout: 86_400_000 });
    await client.ready();
    const seen = [client.status, client.isEnabled('first'), client.get('pro', false).pending ?? false];
    client.close();
    return seen;
  };
  // The stored answer is that `first` is on; the bootstrap's is that it is off, and it has no other flag.
  assert.deepEqual(await begun(flagged(beyond(version, -1), false)), ['stale', true, false], 'a newer stored program');
  assert.deepEqual(await begun(flagged(beyond(version, 1), false)), ['ready', false, true], 'a newer bootstrap');
  assert.deepEqual(
    await begun(
      flagged(
        version.replace(/^./, first => (first === '0' ? '1' : '0')),
        false,
      ),
    ),
    ['ready', false, true],
    "another store's",
  );
  assert.deepEqual(await begun(flagged(undefined, false)), ['ready', false, true], 'a bootstrap without a version');
  assert.deepEqual(await begun(flagged(version, true)), ['ready', true, false], 'of one version the program, as good as the bootstrap');
  assert.deepEqual(await begun({ ...flagged(version, true), stale: true }), ['stale', true, false]);
  const { client } = open({ context, bootstrap: bootstrap(flagged(beyond(version, 1), false)) });
  await client.ready();
  client.close();
  // The entry is kept, for its ETag. Another key's entry is written behind all that those pages did to this one.
  const { key: clientKey } = await keyed({ kind: 'pinned', customerId: 'c-1' });
  await fill({ clientKey, context });
  assert.equal(place.size, 2);
  place.clear();
  assert.deepEqual(await begun(flagged(version, true)), ['ready', true, true], 'nothing is stored');
});

test('with a bootstrap and a storage, ready does not wait for a token longer than for anything else', async t => {
  const { client } = open({ bootstrap: bootstrap(flagged('000000000001.1', true)), identityToken: () => new Promise(() => undefined) });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ready = client.ready();
  t.mock.timers.tick(3_000);
  await ready;
  assert.deepEqual([client.status, client.isEnabled('first')], ['ready', true]);
  client.close();
  assert.equal(await client.ready(), undefined, 'of a closed client');
  // The clock stands still: only the failure itself ends the wait.
  const { client: signedOut } = open({
    bootstrap: bootstrap(flagged('000000000001.1', true)),
    identityToken: () => Promise.reject(new Error('signed out')),
  });
  await signedOut.ready();
  assert.equal(signedOut.isEnabled('first'), true);
  signedOut.close();
});
