// A thousand flags: the list draws what is near the view, finds all of them, and reaches its end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { signedIn } from './operator.mjs';

const FLAGS = 1_000;
const flags = Object.fromEntries(Array.from({ length: FLAGS }, (_, index) => [`feature-${index}`, { tags: [`team-${index % 7}`] }]));
const server = ownServer({ document: { schema: 'twinflag/1', flags } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('rows are drawn as they come near the view, and a search finds those that are not', async () => {
  const { page, faults } = await signedIn(browser, server);
  const rows = page.locator('.rows > li');
  await rows.first().waitFor();
  assert.ok((await rows.count()) < FLAGS / 2);
  // Headings count all flags of a stage, drawn or not: 143 of the first team.
  await page.getByRole('heading', { name: `team-0 ${Math.ceil(FLAGS / 7)}` }).waitFor();
  await page.getByLabel('Search flags').fill('feature-998');
  await page.locator('li[data-flag=feature-998]').waitFor();
  assert.equal(await rows.count(), 1);
  await page.getByLabel('Search flags').fill('');
  await page.getByText(`${FLAGS} flags`, { exact: true }).waitFor();

  for (let drawn = 0; (await rows.count()) < FLAGS; ) {
    await rows.last().scrollIntoViewIfNeeded();
    await page.waitForFunction(before => document.querySelectorAll('.rows > li').length > before, drawn);
    drawn = await rows.count();
  }
  assert.equal(await page.locator('.more').count(), 0);
  assert.equal(new Set(await rows.evaluateAll(items => items.map(({ dataset }) => dataset.flag))).size, FLAGS);
  assert.deepEqual(faults, []);
  await page.close();
});
