// A shop: a page on an origin of its own, with the packages as they were built here.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { newPage } from '../chromium.mjs';

const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));
const PAGE = fileURLToPath(new URL('shop.jsx', import.meta.url));
const run = promisify(execFile);

/** Serves the page of `shop.jsx`, and nothing else. */
export async function startShop() {
  const options = ['--bundle', '--format=esm', '--jsx=automatic', '--log-level=warning', '--define:process.env.NODE_ENV="production"'];
  const { stdout: script } = await run(`${NPM}node_modules/.bin/esbuild`, [PAGE, ...options], {
    env: { ...process.env, NODE_PATH: `${NPM}node_modules` },
    maxBuffer: 16e6,
  });
  const html = `<!doctype html><link rel="icon" href="data:,"><body><script type="module">${script}</script>`;
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

/**
 * Opens the shop's page in a context of its own. The page notices whether it has the focus, as a person's does.
 *
 * @param {RegExp} mayLog what the page may complain of
 */
export async function openShop(browser, shop, mayLog = /(?!)/) {
  const context = await browser.newContext();
  const { page, faults } = await newPage(context);
  await page.goto(shop.url);
  await page.waitForFunction(() => globalThis.shop);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Emulation.setFocusEmulationEnabled', { enabled: false });
  const { windowId } = await devtools.send('Browser.getWindowForTarget');
  const show = windowState => devtools.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
  return {
    page,
    /** Puts the window aside, which takes the focus from the page. */
    leave: () => show('minimized'),
    comeBack: () => show('normal'),
    close: async () => {
      await context.close();
      const unexpected = faults.filter(fault => !mayLog.test(fault));
      if (unexpected.length > 0) throw new Error(unexpected.join('\n'));
    },
  };
}

/** Kills or revives a flag with curl, as an operator does from a terminal. */
export async function curl({ url, adminToken }, action, featureName) {
  const body = JSON.stringify({ featureName, action, reason: 'seen in an open page' });
  const options = [
    '--silent',
    '--show-error',
    '--fail',
    '--header',
    `authorization: Bearer ${adminToken}`,
    '--header',
    'content-type: application/json',
    '--data',
    body,
  ];
  await run('curl', [...options, `${url}/api/admin/feature-flags`]);
}
