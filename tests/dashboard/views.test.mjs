// Every view in both themes: axe finds nothing, the page's policy stops nothing, and nothing is cut off on a narrow phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { accessible, signedIn, visit } from './operator.mjs';

const VIEWS = [
  ['/', 'Features', '.rows > li'],
  ['/flags/sessionPersistence.phase2.enhancedStorage', 'phase2_enhanced_storage', '.change'],
  ['/customers?id=customer-123', 'Customers', '.answers > li'],
  ['/playground', 'Playground', 'datalist option'],
  ['/audit', 'Audit', '.change'],
  ['/schedules', 'Schedules', '[data-schedule]'],
  ['/segments', 'Segments', '.state'],
  ['/document', 'Document', '.change'],
  ['/keys', 'Keys', '.state'],
  ['/webhooks', 'Webhooks', '[data-webhook]'],
  ['/environments', 'Environments', '.change'],
];
const server = ownServer();
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A schedule and a webhook, with texts that are long. */
async function prepare() {
  const kill = { featureName: 'phase2_enhanced_storage', action: 'kill', reason: 'a test' };
  const step = { at: new Date(Date.now() + 86_400_000).toISOString(), method: 'POST', path: '/api/admin/feature-flags', body: kill };
  const target = { label: 'a chat', url: `https://hooks.example/${'long'.repeat(20)}`, enabled: false, reason: 'a test' };
  for (const [path, body] of [
    ['schedules', { steps: [step], reason: 'a reason '.repeat(20) }],
    ['webhooks', target],
  ])
    assert.equal((await server.asAdmin(`/api/admin/${path}`, { body })).status, 200, path);
}
let prepared;

for (const colorScheme of ['light', 'dark']) {
  test(`every view is accessible and fits 320 px, ${colorScheme}`, async () => {
    prepared ??= prepare();
    await prepared;
    const context = await browser.newContext({ colorScheme, viewport: { width: 320, height: 700 } });
    const { page, faults } = await signedIn(browser, server, { context });
    for (const [view, heading, content] of VIEWS) {
      await visit(page, view);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await page.locator(content).first().waitFor({ state: 'attached' });
      await accessible(page, view);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, view);
      const hidden = await page
        .locator('nav [aria-current=page]')
        .evaluateAll(links =>
          links.filter(link => link.getBoundingClientRect().right > innerWidth || link.getBoundingClientRect().left < 0),
        );
      assert.equal(hidden.length, 0, `${view}: its name is in the navigation's visible part`);
    }
    await page.goto(`${server.url}/`);
    await page.getByRole('heading', { level: 2, name: 'What to do first' }).waitFor();
    await accessible(page, 'the start page');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, 'the start page');
    assert.deepEqual(faults, []);
    await context.close();
  });
}
