// The demo page in Chromium: it answers, at phone and at desktop width, in light and in dark.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';

const { chromium } = createRequire(new URL('../../npm/package.json', import.meta.url))('playwright-core');

const FLAGS = Object.keys(JSON.parse(await readFile(new URL('../../npm/examples/flags.json', import.meta.url), 'utf8')).flags);

let folder;
let server;
let browser;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium' });
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

/** Opens the demo; the page must stay free of errors. */
async function open(options) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(15_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  await page.goto(server.demo);
  await page.locator('#verdict[data-same]').waitFor();
  return { page, faults };
}

async function ask(page, fields) {
  for (const [name, text] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(text);
  const answered = page.waitForResponse((response) => response.url().includes('/ofrep/'));
  await page.locator('#verdict').evaluate((verdict) => { delete verdict.dataset.same; });
  await page.getByRole('button', { name: 'Ask' }).click();
  await answered;
  await page.locator('#verdict[data-same]').waitFor();
}

test('the edge and the engine in the page say the same', async () => {
  const { page, faults } = await open();
  await ask(page, { flag: 'booking_agent_enabled' });
  await page.locator('#edge output', { hasText: 'true' }).waitFor();
  const [edge] = await server.evaluate({ flag: 'booking_agent_enabled', context: { userId: 'u-1', targetingKey: 'u-1', customerId: 'c-1' } });
  assert.equal(await page.locator('#edge output').textContent(), JSON.stringify(edge.value));
  for (const flag of FLAGS) {
    for (const userId of ['u-1', 'u-2', 'u-3', '']) {
      await ask(page, { flag, userId });
      await page.locator('#verdict[data-same=true]').waitFor();
    }
  }
  // Without a user the edge refuses to draw: the browser logs the status of that answer.
  assert.deepEqual(faults.filter((fault) => !fault.includes('a status of 400')), []);
  await page.close();
});

test('says what is wrong in words', async () => {
  const { page } = await open();
  await ask(page, { flag: 'absent' });
  await page.locator('#edge .refusal', { hasText: 'FLAG_NOT_FOUND' }).waitFor();
  await page.close();
});

for (const [name, viewport] of Object.entries({ phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } })) {
  for (const colorScheme of ['light', 'dark']) {
    test(`readable on a ${name}, ${colorScheme}`, async () => {
      const { page } = await open({ viewport, colorScheme });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing to scroll sideways');
      for (const [selector, least] of [['h1', 4.5], ['.lead', 4.5], ['label', 4.5], ['dt', 4.5], ['button', 4.5]]) {
        const contrast = await page.evaluate(contrastOf, selector);
        assert.ok(contrast >= least, `${selector}: ${contrast.toFixed(2)}`);
      }
      if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/demo-${name}-${colorScheme}.png`, fullPage: true });
      await page.close();
    });
  }
}

/** WCAG contrast of an element's text with what it stands on; runs in the page. */
function contrastOf(selector) {
  const pixel = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const luminance = (colour) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(selector);
  let ground = element;
  while (ground.parentElement && getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
  const [a, b] = [luminance(getComputedStyle(element).color), luminance(getComputedStyle(ground).backgroundColor)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
