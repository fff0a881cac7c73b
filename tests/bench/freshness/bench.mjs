// Measures the time for which an open React page shows a flag that an operator kills with curl: Chromium, and a worker on another origin.

import { curl, openShop, startShop } from '../../browser/shop.mjs';
import { launch } from '../../chromium.mjs';
import { dataFolder, startServer } from '../../server.mjs';

const TIMES = 20,
  INTERVAL_MS = 30_000;
/** People look at another page for longer than this; a client asks no more often when a page gains the focus. */
const AWAY_MS = 1100;

const flags = Object.fromEntries(
  ['interval', 'focus'].flatMap(kind => Array.from({ length: TIMES }, (_, index) => [`${kind}-${index}`, { default: 'on' }])),
);
const folder = await dataFolder();
const server = await startServer({
  data: folder.path,
  document: { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags },
});
const shop = await startShop();
const browser = await launch();
const wait = ms => new Promise(resolve => setTimeout(resolve, ms));
const until = (page, flag, text) => page.locator(`#${flag}`, { hasText: text }).waitFor({ timeout: 3 * INTERVAL_MS });
/** When the page showed a flag as off. */
const offAt = (page, flag) => page.evaluate(name => globalThis.shop.shown[name].find(({ text }) => text === 'off').at, flag);

/** Each flag has a client of its own, and is killed at another moment of that client's interval. */
async function byInterval() {
  const { page, close } = await openShop(browser, shop);
  const trials = Array.from({ length: TIMES }, async (_, index) => {
    const flag = `interval-${index}`;
    await page.evaluate(
      ([options, name]) => globalThis.shop.open(options, [name]),
      [{ url: server.url, clientKey: server.clientKey }, flag],
    );
    await until(page, flag, 'on');
    await wait((index * INTERVAL_MS) / TIMES);
    const killed = Date.now();
    await curl(server, 'kill', flag);
    await until(page, flag, 'off');
    return (await offAt(page, flag)) - killed;
  });
  const times = await Promise.all(trials);
  await close();
  return times;
}

/** The page is left, the flag killed, and the page looked at again. */
async function byFocus() {
  const { page, leave, close } = await openShop(browser, shop);
  const names = Array.from({ length: TIMES }, (_, index) => `focus-${index}`),
    times = [];
  await page.evaluate(([options, all]) => globalThis.shop.open(options, all), [{ url: server.url, clientKey: server.clientKey }, names]);
  for (const flag of names) {
    await until(page, flag, 'on');
    await leave();
    await Promise.all([curl(server, 'kill', flag), wait(AWAY_MS)]);
    const looked = Date.now();
    await page.bringToFront();
    await until(page, flag, 'off');
    times.push((await offAt(page, flag)) - looked);
  }
  await close();
  return times;
}

try {
  console.log(JSON.stringify({ interval: await byInterval(), focus: await byFocus() }));
} finally {
  await browser.close();
  await shop.stop();
  await server.stop();
  await folder.remove();
}
