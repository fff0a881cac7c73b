// A shop's page in Chromium whose flags come from another origin, as every customer of a hosted worker has it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { curl, openShop, startShop } from './shop.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { default: 'on' }, search: { default: 'on' } },
};
let folder;
let server;
let browser;
let shop;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: DOCUMENT });
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
async function shopKey() {
  const answer = await server.asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'the shop', origins: [shop.url] } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

const shows = (page, flag, text) => page.locator(`#${flag}`, { hasText: text }).waitFor();

test('a flag that curl kills goes off in an open page when it is in focus again, and renders nothing else', async () => {
  const { key } = await shopKey();
  const { page, leave, comeBack, close } = await openShop(browser, shop);
  await page.evaluate(
    ([url, clientKey]) => globalThis.shop.open({ url, clientKey, refresh: { intervalMs: 0, push: false } }, ['checkout', 'search']),
    [server.url, key],
  );
  await shows(page, 'checkout', 'on');
  await shows(page, 'search', 'on');
  const before = await page.evaluate(() => ({ ...globalThis.shop.renders }));
  await leave();
  await curl(server, 'kill', 'checkout');
  await comeBack();
  await shows(page, 'checkout', 'off');
  const { checkout, search } = await page.evaluate(() => globalThis.shop.renders);
  assert.deepEqual([checkout - before.checkout, search - before.search], [1, 0]);
  await curl(server, 'revive', 'checkout');
  await close();
});

test('an open page that never polls renders each kill that its stream tells, and renders nothing else', async () => {
  const { key } = await shopKey();
  const { page, close } = await openShop(browser, shop);
  const opened = page.waitForResponse(response => response.url().includes('/v1/watch'));
  await page.evaluate(
    ([url, clientKey]) => globalThis.shop.open({ url, clientKey, refresh: { intervalMs: 0 } }, ['checkout', 'search']),
    [server.url, key],
  );
  await shows(page, 'checkout', 'on');
  await shows(page, 'search', 'on');
  assert.equal((await opened).status(), 200);
  const before = await page.evaluate(() => ({ ...globalThis.shop.renders }));
  for (const text of ['off', 'on', 'off', 'on']) {
    await curl(server, text === 'on' ? 'revive' : 'kill', 'checkout');
    await shows(page, 'checkout', text);
  }
  const { checkout, search } = await page.evaluate(() => globalThis.shop.renders);
  assert.deepEqual([checkout - before.checkout, search - before.search], [4, 0]);
  await close();
});

test('a flag that curl kills goes off in an open page by itself', async () => {
  const { key } = await shopKey();
  const { page, close } = await openShop(browser, shop);
  await page.evaluate(
    ([url, clientKey]) => globalThis.shop.open({ url, clientKey, refresh: { intervalMs: 1000, push: false } }, ['checkout']),
    [server.url, key],
  );
  await shows(page, 'checkout', 'on');
  await curl(server, 'kill', 'checkout');
  await shows(page, 'checkout', 'off');
  await curl(server, 'revive', 'checkout');
  await shows(page, 'checkout', 'on');
  await close();
});
