// A shop's page in Chromium whose flags come from another origin, as every customer of a hosted worker has it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { curl, openShop, startShop } from './shop.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { default: 'on' }, search: { default: 'on' } },
};
/** The names that any page may read of any answer (Fetch, "CORS-safelisted response-header name"). */
const SAFELISTED = ['cache-control', 'content-language', 'content-length', 'content-type', 'expires', 'last-modified', 'pragma'];

let folder;
let server;
let browser;
let shop;
before(async () => {
  folder = await dataFolder();
  // So few requests a minute that the last ones of these tests are refused.
  server = await startServer({ data: folder.path, document: DOCUMENT, rateLimits: 'client=40' });
  browser = await launch();
  shop = await startShop();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
  await server?.stop();
  await folder?.remove();
});

/** A client key that only the shop's pages may use. */
async function shopKey(terms = {}) {
  const answer = await server.asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'the shop', origins: [shop.url], ...terms } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

const shows = (page, flag, text) => page.locator(`#${flag}`, { hasText: text }).waitFor();

test('a flag that curl kills goes off in an open page when it is in focus again, and renders nothing else', async () => {
  const { key } = await shopKey();
  const { page, leave, close } = await openShop(browser, shop);
  await page.evaluate(
    ([url, clientKey]) => globalThis.shop.open({ url, clientKey, refresh: { intervalMs: 0 } }, ['checkout', 'search']),
    [server.url, key],
  );
  await shows(page, 'checkout', 'on');
  await shows(page, 'search', 'on');
  const before = await page.evaluate(() => ({ ...globalThis.shop.renders }));
  await leave();
  await curl(server, 'kill', 'checkout');
  await page.bringToFront();
  await shows(page, 'checkout', 'off');
  const { checkout, search } = await page.evaluate(() => globalThis.shop.renders);
  assert.deepEqual([checkout - before.checkout, search - before.search], [1, 0]);
  await curl(server, 'revive', 'checkout');
  await close();
});

test('a flag that curl kills goes off in an open page by itself', async () => {
  const { key } = await shopKey();
  const { page, close } = await openShop(browser, shop);
  await page.evaluate(
    ([url, clientKey]) => globalThis.shop.open({ url, clientKey, refresh: { intervalMs: 1000 } }, ['checkout']),
    [server.url, key],
  );
  await shows(page, 'checkout', 'on');
  await curl(server, 'kill', 'checkout');
  await shows(page, 'checkout', 'off');
  await curl(server, 'revive', 'checkout');
  await shows(page, 'checkout', 'on');
  await close();
});

test('a page of another origin can read each header that the client reads', async () => {
  const customer = await server.asAdmin('/api/admin/customers', { body: { customerId: 'c-1', organizationId: 'o-1' } });
  assert.equal(customer.status, 200, customer.text);
  const { page, close } = await openShop(browser, shop, /status of (401|429)/);
  const sent = [];
  page.on('response', response => sent.push(response));
  const { key: open } = await shopKey();
  const { key: pinned } = await shopKey({ identity: { kind: 'pinned', customerId: 'c-1' } });
  const { key: signed, identitySecret } = await shopKey({ identity: { kind: 'signed' } });
  const claims = [{ alg: 'HS256' }, { exp: Math.floor(Date.now() / 1000) + 60, customerId: 'c-1' }]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const identityToken = `${claims}.${createHmac('sha256', identitySecret).update(claims).digest('base64url')}`;
  const statuses = await page.evaluate(
    async ([url, ...options]) => {
      const told = [];
      for (const own of options) {
        const client = globalThis.shop.createClient({ url, fetch: globalThis.shop.noting, refresh: false, ...own });
        await client.ready();
        // Asked again, with its ETag and version.
        await client.refresh();
        told.push(client.status);
        client.close();
      }
      // Until the worker has had enough.
      const client = globalThis.shop.createClient({ url, fetch: globalThis.shop.noting, refresh: false, ...options[0] });
      while (client.error?.status !== 429) await client.refresh();
      told.push(client.error.retryAfterMs > 0);
      client.close();
      return told;
    },
    [
      server.url,
      { clientKey: open, context: { customerId: 'c-1' } },
      { clientKey: pinned },
      { clientKey: signed, identityToken },
      { clientKey: 'tf_client_wrong' },
    ],
  );
  assert.deepEqual(statuses, ['ready', 'ready', 'ready', 'error', true]);

  const programs = sent.filter(response => response.request().method() === 'POST');
  const readable = await page.evaluate(() => globalThis.shop.headers());
  assert.equal(readable.length, programs.length);
  const seen = new Set();
  for (const [index, [status, headers]] of readable.entries()) {
    const response = programs[index],
      all = await response.allHeaders();
    assert.equal(response.status(), status);
    const exposed = all['access-control-expose-headers'].split(', ');
    for (const [name, value] of Object.entries(headers)) {
      assert.ok(exposed.includes(name) || SAFELISTED.includes(name), `${name} of an answer of ${status} is not exposed`);
      assert.equal(value, all[name] ?? null, `${name} of an answer of ${status}`);
      if (value !== null) seen.add(name);
    }
  }
  assert.deepEqual([...new Set(readable.map(([status]) => status))], [200, 304, 401, 429]);
  // `twinflag-stale` is sent by a worker whose hub is away, which this one's is not.
  assert.deepEqual([...seen].sort(), [
    'etag',
    'retry-after',
    'twinflag-identity',
    'twinflag-now',
    'twinflag-organization',
    'twinflag-version',
  ]);
  await close();
});
