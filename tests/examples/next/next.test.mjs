// The example for Next, copied, built from the packed packages, and looked at as a visitor does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../../chromium.mjs';
import { outputOf } from '../../output.mjs';
import { dataFolder, freePort, startServer } from '../../server.mjs';
import { spawnTied } from '../../tied.mjs';
import { copyExample } from '../copied.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    new_checkout: { default: 'on' },
    greeting: { default: 'on' },
    fast_product_page: { default: 'on' },
    'checkout.button': {
      type: 'object',
      variants: { plain: { label: 'Pay' }, bold: { label: 'Pay now' } },
      on: 'bold',
      off: 'plain',
      default: 'bold',
    },
  },
};
const PATIENCE_MS = 60_000;

let folder, server, browser, project, next, url;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: DOCUMENT });
  project = await copyExample('next');
  const settings = {
    TWINFLAG_URL: server.url,
    TWINFLAG_PUBLIC_URL: server.url,
    TWINFLAG_SERVER_KEY: server.serverKey,
    TWINFLAG_CLIENT_KEY: server.clientKey,
    NEXT_TELEMETRY_DISABLED: '1',
  };
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const options = { cwd: project.folder, env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] };
  const bin = project.path('node_modules/.bin/next');
  const build = spawnTied(bin, ['build'], options);
  const { said } = outputOf(build);
  assert.equal(await new Promise(resolve => build.once('close', resolve)), 0, said());
  next = spawnTied(bin, ['start', '--port', String(port), '--hostname', '127.0.0.1'], options);
  const output = outputOf(next);
  for (const end = Date.now() + PATIENCE_MS; ; await new Promise(resolve => setTimeout(resolve, 50))) {
    if (await fetch(`${url}/fast`).catch(() => undefined)) break;
    assert.ok(Date.now() < end, output.said());
  }
  browser = await launch();
});
after(async () => {
  await browser?.close();
  next?.kill('SIGKILL');
  await server?.stop();
  await project?.remove();
  await folder?.remove();
});

/** The text of a page's HTML, as it comes from the server. */
const html = async (path, cookie) => {
  const response = await fetch(url + path, { headers: cookie ? { cookie } : {}, signal: AbortSignal.timeout(PATIENCE_MS) });
  assert.equal(response.status, 200);
  return { text: await response.text(), cookie: response.headers.get('set-cookie') };
};
const steer = async (featureName, action) => {
  const answer = await server.asAdmin('/api/admin/feature-flags', { body: { featureName, action, reason: 'a test' } });
  assert.equal(answer.status, 200, answer.text);
};

test("server and client components have the visitor's answers in the HTML, and the page is taken over without a mismatch", async () => {
  const { text, cookie } = await html('/');
  assert.match(cookie, /^visitor=[0-9a-f-]{36};/);
  const body = text.slice(0, text.indexOf('<script'));
  for (const shown of ['<h1>Welcome back</h1>', 'The new checkout', '>Pay now<', '>ready<']) assert.ok(text.includes(shown), shown);
  assert.doesNotMatch(body, /…|classic|ERROR/);
  assert.ok(!text.includes(server.serverKey) && !text.includes('fast_product_page'), 'what the page does not read stays on the server');

  const { page, faults } = await newPage(browser);
  const asked = [];
  page.on('request', request => request.url().includes('/v1/program') && asked.push(request.url()));
  const answered = page.waitForResponse(/v1.program/);
  await page.goto(url);
  await answered;
  assert.match(await page.locator('#checkout').textContent(), /The new checkout Pay now ready/);
  assert.equal(asked.length, 1);
  assert.deepEqual(faults, []);
  await steer('new_checkout', 'kill');
  await page.locator('#checkout', { hasText: 'The classic checkout' }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
  await steer('new_checkout', 'revive');
});

test('the middleware chooses a page for the visitor, and another one when the flag is killed', async () => {
  assert.ok((await html('/product', 'visitor=u-1')).text.includes('The fast product page'));
  await steer('fast_product_page', 'kill');
  assert.ok((await html('/product', 'visitor=u-1')).text.includes('The classic product page'));
  await steer('fast_product_page', 'revive');
});

test('a static page is the same for all visitors until it has asked', async () => {
  assert.ok((await html('/static')).text.includes('<p id="checkout">…</p>'));
  const { page, faults } = await newPage(browser);
  await page.goto(`${url}/static`);
  await page.locator('#checkout', { hasText: 'The new checkout' }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});
