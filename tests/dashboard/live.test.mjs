// Changes of others appear in the dashboard as they are made, and an operator who types loses nothing; without a stream, a connection or a hub
// the page says so and goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launch } from '../chromium.mjs';
import { KEYS, startWorkerd, token } from '../edge/workerd.mjs';
import { ownServer } from '../own-server.mjs';
import { dataFolder, requesters } from '../server.mjs';
import { answer, signedIn, visit } from './operator.mjs';

const flags = Object.fromEntries(['told', 'polled', 'typed', 'offline'].map(name => [name, { unit: 'customerId', default: 'on' }]));
const server = ownServer({ document: { schema: 'twinflag/1', flags } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const change = async (body, query = '') => {
  const answered = await server.asAdmin(`/api/admin/feature-flags${query}`, { body: { reason: 'by another operator', ...body } });
  assert.equal(answered.status, 200, answered.text);
};
const flip = (page, name, checked) => page.getByRole('switch', { name: `${name}: enabled`, checked }).waitFor();
const becomes = (page, state) => page.locator(`.liveness[data-state=${state}]`).waitFor();

test('a flag and an override that others change appear without a question by the page', async () => {
  const { page, faults } = await signedIn(browser, server);
  await becomes(page, 'live');
  // From here on only the stream can tell the page.
  await page.route(/\/api\/admin\/changes\?limit=1(&|$)/, route => route.abort());
  await flip(page, 'told', true);
  await change({ featureName: 'told', action: 'kill' });
  await flip(page, 'told', false);
  await change({ featureName: 'told', action: 'revive' });
  await flip(page, 'told', true);

  await visit(page, '/customers?id=customer-1');
  const row = page.locator('.answers > li[data-flag=told]');
  await row.getByText('on', { exact: true }).waitFor();
  await change({ featureName: 'told', customerId: 'customer-1', enabled: false });
  await row.getByText("The customer's own override says off.").waitFor();
  assert.deepEqual(
    faults.filter(fault => !/ERR_FAILED/.test(fault)),
    [],
  );
  await page.close();
});

test('a change in another environment reaches the page that looks at that environment', async () => {
  assert.equal((await server.asAdmin('/api/admin/environments', { body: { name: 'staging', reason: 'a second one' } })).status, 200);
  const document = { schema: 'twinflag/1', environment: 'staging', flags };
  const imported = await server.asAdmin('/api/admin/document?environment=staging&reason=first', { method: 'PUT', body: document });
  assert.equal(imported.status, 200, imported.text);
  const { page, faults } = await signedIn(browser, server, { view: '/?env=staging' });
  await becomes(page, 'live');
  await page.route(/\/api\/admin\/changes\?limit=1(&|$)/, route => route.abort());
  await flip(page, 'told', true);
  await change({ featureName: 'told', action: 'kill' }, '?environment=staging');
  await flip(page, 'told', false);
  assert.deepEqual(
    faults.filter(fault => !/ERR_FAILED/.test(fault)),
    [],
  );
  await page.close();
});

test('what an operator types in a search, a dialog and an editor stays while others change the same flag', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/?q=typ' });
  await becomes(page, 'live');
  await page.getByLabel('Search flags').press('End');
  await page.keyboard.type('e');
  await page.getByRole('switch', { name: 'typed: enabled' }).click();
  const reason = page.getByRole('dialog').getByLabel('Reason');
  await reason.fill('half a sent');
  await change({ featureName: 'typed', customerId: 'customer-1', enabled: false });
  await page.getByText('Set an override of').first().waitFor();
  await page.keyboard.type('ence');
  assert.equal(await reason.inputValue(), 'half a sentence');
  assert.equal(await reason.evaluate(field => field === document.activeElement), true);
  await page.keyboard.press('Escape');
  assert.equal(await page.getByLabel('Search flags').inputValue(), 'type');

  await visit(page, '/flags/typed');
  // The cards above are still being read: a pointer would press where the editor stands, and let go where it stood.
  await page.getByText('Edit the definition').press('Enter');
  const text = page.getByLabel('Definition, as JSON');
  await text.fill('{ "description": "being typ');
  await change({ featureName: 'typed', customerId: 'customer-2', enabled: false });
  await page.getByRole('link', { name: 'customer-2' }).first().waitFor();
  await page.keyboard.type('ed"');
  assert.equal(await text.inputValue(), '{ "description": "being typed"');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a page whose stream does not open asks by itself', async () => {
  const { page } = await signedIn(browser, server);
  await becomes(page, 'live');
  await page.route('**/api/admin/watch*', route => route.abort());
  // The stream of this page ends with its visit, and the next one finds none.
  await visit(page, '/?env=staging');
  await becomes(page, 'polled');
  await visit(page, '/');
  await becomes(page, 'polled');
  await flip(page, 'polled', true);
  await change({ featureName: 'polled', action: 'kill' });
  await flip(page, 'polled', false);
  await page.close();
});

test('a view says that it loads until its answer is there', async () => {
  const { page, faults } = await signedIn(browser, server);
  await flip(page, 'told', true);
  for (const view of ['/audit', '/segments', '/document', '/keys', '/webhooks']) {
    let release;
    const released = new Promise(resolve => {
      release = resolve;
    });
    const isQuestion = url => url.pathname.startsWith('/api/admin/') && url.pathname !== '/api/admin/watch';
    await page.route(isQuestion, async route => {
      await released;
      await route.continue();
    });
    await visit(page, view);
    const loading = page.getByRole('status').filter({ hasText: /^Loading .+…$/ });
    await loading.first().waitFor();
    release();
    await page.unrouteAll({ behavior: 'wait' });
    await loading.first().waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('alert').count(), 0, view);
  }
  assert.deepEqual(faults, []);
  await page.close();
});

test('without a connection the page keeps what it shows, says of when it is, and catches up by itself', async () => {
  const context = await browser.newContext();
  const { page } = await signedIn(browser, server, { context });
  await becomes(page, 'live');
  await flip(page, 'offline', true);
  await context.setOffline(true);
  await becomes(page, 'offline');
  const banner = page.locator('.banner');
  await banner.getByText(/What you see is of \d\d:\d\d:\d\d\. Flags go on being answered\./).waitFor();
  await flip(page, 'offline', true);
  await change({ featureName: 'offline', action: 'kill' });
  await context.setOffline(false);
  await flip(page, 'offline', false);
  await becomes(page, 'live');
  assert.equal(await banner.count(), 0);
  await context.close();
});

test('with the hub away reads go on, a change is refused in its dialog, and both are said', async () => {
  const folder = await dataFolder();
  const config = fileURLToPath(new URL('workers/away.capnp', import.meta.url));
  const assets = fileURLToPath(new URL('../../edge-worker/dist/assets', import.meta.url));
  const options = [`--directory-path=store=${folder.path}`, `--directory-path=assets=${assets}`];
  const started = await startWorkerd(config, { options, env: { ...KEYS, RATE_LIMITS: 'off' } });
  try {
    const claims = { sub: 'tester', exp: Math.floor(Date.now() / 1000) + 3_600, app_metadata: { role: 'service' } };
    const all = { ...started, adminToken: token(claims), clientKey: KEYS.CLIENT_KEY, serverKey: KEYS.SERVER_KEY };
    const away = { ...all, ...requesters(all) };
    const imported = await away.asAdmin('/api/admin/document?reason=first', { method: 'PUT', body: { schema: 'twinflag/1', flags } });
    assert.equal(imported.status, 200, imported.text);
    const { page } = await signedIn(browser, away);
    await becomes(page, 'live');
    assert.equal(await answer(away, 'told', { customerId: 'c' }), true);
    await away.request('/test/hub', { body: 'gone' });
    await page.getByRole('switch', { name: 'told: enabled' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Turn off for everyone' }).click();
    await dialog.getByRole('alert').getByText('The hub is away.').waitFor();
    await page.keyboard.press('Escape');
    await becomes(page, 'hubDown');
    await page.getByText('Reads go on from the last good version; changes wait.').waitFor();
    await visit(page, '/webhooks');
    await page.getByRole('alert').getByText('The hub is away.').waitFor();
    await visit(page, '/');
    await flip(page, 'told', true);
    assert.equal(await answer(away, 'told', { customerId: 'c' }), true);
    await away.request('/test/hub', { body: 'here' });
    await becomes(page, 'live');
    await page.close();
  } finally {
    await started.stop();
    await folder.remove();
  }
});
