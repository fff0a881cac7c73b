// Measures the time for which an open React page shows a flag that an operator kills with curl: Chromium, and a worker on another origin.

import { curl, openShop, startShop } from '../../browser/shop.mjs';
import { launch } from '../../chromium.mjs';
import { dataFolder, startServer } from '../../server.mjs';

const TIMES = 20,
  /** Kills that a stream tells, and those of pages whose stream does not open. */
  PUSHED = 50,
  CUT = 50,
  INTERVAL_MS = 30_000;
/** People look at another page for longer than this; a client asks no more often when a page gains the focus. */
const AWAY_MS = 1100;

const counts = { interval: TIMES, cut: CUT, focus: TIMES, push: PUSHED };
const names = kind => Array.from({ length: counts[kind] }, (_, index) => `${kind}-${index}`);
const flags = Object.fromEntries(Object.keys(counts).flatMap(kind => names(kind).map(name => [name, { default: 'on' }])));
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
async function byInterval(kind, refresh, prepare = async () => {}) {
  // Chromium logs each request that is cut.
  const { page, close } = await openShop(browser, shop, /net::ERR_FAILED/);
  await prepare(page);
  const trials = names(kind).map(async (flag, index) => {
    await page.evaluate(
      ([options, name]) => globalThis.shop.open(options, [name]),
      [{ url: server.url, clientKey: server.clientKey, refresh }, flag],
    );
    await until(page, flag, 'on');
    await wait((index * INTERVAL_MS) / counts[kind]);
    const killed = Date.now();
    await curl(server, 'kill', flag);
    await until(page, flag, 'off');
    return (await offAt(page, flag)) - killed;
  });
  const times = await Promise.all(trials);
  await close();
  return times;
}

/** The flags of an open page are killed one after the other, while its stream is open. */
async function byPush() {
  const { page, close } = await openShop(browser, shop);
  const opened = page.waitForResponse(response => response.url().includes('/v1/watch'));
  const times = [];
  const options = { url: server.url, clientKey: server.clientKey, refresh: { intervalMs: 0 } };
  await page.evaluate(([given, all]) => globalThis.shop.open(given, all), [options, names('push')]);
  await opened;
  for (const flag of names('push')) {
    await until(page, flag, 'on');
    const killed = Date.now();
    await curl(server, 'kill', flag);
    await until(page, flag, 'off');
    times.push((await offAt(page, flag)) - killed);
  }
  await close();
  return times;
}

/** The page is left, the flag killed, and the page looked at again. */
async function byFocus() {
  const { page, leave, comeBack, close } = await openShop(browser, shop);
  const times = [];
  await page.evaluate(
    ([options, all]) => globalThis.shop.open(options, all),
    [{ url: server.url, clientKey: server.clientKey, refresh: { push: false } }, names('focus')],
  );
  for (const flag of names('focus')) {
    await until(page, flag, 'on');
    await leave();
    await Promise.all([curl(server, 'kill', flag), wait(AWAY_MS)]);
    const looked = Date.now();
    await comeBack();
    await until(page, flag, 'off');
    times.push((await offAt(page, flag)) - looked);
  }
  await close();
  return times;
}

try {
  const polling = [
    byInterval('interval', { push: false }),
    byInterval('cut', {}, page => page.route('**/v1/watch*', route => route.abort())),
  ];
  const [interval, cut] = await Promise.all(polling);
  console.log(JSON.stringify({ interval, cut, focus: await byFocus(), push: await byPush() }));
} finally {
  await browser.close();
  await shop.stop();
  await server.stop();
  await folder.remove();
}
