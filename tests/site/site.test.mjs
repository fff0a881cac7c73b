// The documentation site, as `cargo xtask site` has built it into target/site, in Chromium.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { SECTIONS } from '../../docs/site/pages.mjs';
import { launch, newPage } from '../chromium.mjs';
import { startSite } from '../site.mjs';

const SITE = fileURLToPath(new URL('../../target/site/', import.meta.url));
let site;
let browser;
before(async () => {
  site = await startSite({ folder: SITE, worker: '' });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

test('each page of the sidebar is there, with its heading and without a script from elsewhere', async () => {
  const { page, faults } = await newPage(browser);
  const foreign = [];
  page.on('request', request => {
    if (!request.url().startsWith(site.url) && !request.url().startsWith('data:')) foreign.push(request.url());
  });
  const paths = SECTIONS.flatMap(({ items }) => items.map(([, path]) => path));
  assert.ok(paths.length >= 20);
  for (const path of paths) {
    await page.goto(`${site.url}/${path.replace(/README\.md$/, 'index.html').replace(/\.md$/, '.html')}`);
    const [, heading] = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').match(/^# (.+)$/m);
    const shown = await page.locator('main h1').first().textContent();
    assert.ok(shown.startsWith(heading.replaceAll('`', '')), `${path}: ${shown}`);
  }
  assert.deepEqual(foreign, []);
  assert.deepEqual(faults, []);
  await page.close();
});

test('the search finds a word of a guide, and its result leads there', async () => {
  const { page } = await newPage(browser);
  await page.goto(`${site.url}/index.html`);
  // Keys count once Vue has mounted the page, which sets this member on its element.
  await page.waitForFunction(() => '__vue_app__' in document.getElementById('app'));
  await page.keyboard.press('/');
  await page.getByRole('searchbox').or(page.locator('#localsearch-input')).first().fill('murmurhash');
  await page.locator('#localsearch-list a').first().click();
  await page.waitForURL(/\/(docs|npm)\//);
  await page
    .locator('main')
    .getByText(/murmurhash/i)
    .first()
    .waitFor();
  await page.close();
});

test('a link to a file of the repository that is no page leads to its text', async () => {
  const { page } = await newPage(browser);
  await page.goto(`${site.url}/docs/source-documents.html`);
  const response = page.waitForResponse(answer => answer.url().endsWith('/files/scripts/get-token.sh'));
  await page.locator('a[href="/files/scripts/get-token.sh"]').click({ noWaitAfter: true });
  assert.equal((await response).status(), 200);
  await page.close();
});

test('the reference names the main exports of packages and crates, where it was built', t => {
  const page = path => readFileSync(new URL(path, `file://${SITE}`), 'utf8');
  if (!existsSync(new URL('api/', `file://${SITE}`))) {
    // The usual run builds the guides alone.
    assert.notEqual(process.env.TWINFLAG_EXTENT, 'all');
    return t.diagnostic('the reference was not built');
  }
  assert.match(page('api/client/index.html'), /createClient/);
  assert.match(page('api/react/index.html'), /useFeatureFlag/);
  assert.match(page('api/rust/sdk_core/index.html'), /Ruleset/);
});
