/**
 * The cost of the chat widget in Chromium: how long a conversation of 200 messages takes to be restored by a reload, and what the widget adds to the
 * load of five pages. Prints JSON, in milliseconds.
 */

import { startShop, visit } from '../../chat-widget/shop.mjs';
import { launch } from '../../chromium.mjs';

const LOADS = 100;
const MESSAGES = 200;
/** The paragraphs of the five pages. */
const PAGES = [1, 20, 100, 400, 1000];
const ROUNDS = 15;

const shop = await startShop();
const browser = await launch();
try {
  const restores = await restored();
  const added = [];
  for (const paragraphs of PAGES) added.push(await addedTo(paragraphs));
  process.stdout.write(JSON.stringify({ restore: shares(restores), added }));
} finally {
  await browser.close();
  await shop.stop();
}

/** The times from the start of the widget to the restored conversation, as the widget measures them itself. */
async function restored() {
  const ada = await visit(browser, shop, { path: '/empty' });
  await ada.page.evaluate(count => {
    const messages = Array.from({ length: count }, (_, index) => ({
      id: `m-${index}`,
      from: index % 2 ? 'agent' : 'visitor',
      text: `message ${index} ${'and so on '.repeat(index % 7)}`,
      order: index + 1,
      at: 0,
      delivery: 'delivered',
      attempts: 0,
    }));
    localStorage.setItem('chat_conversation_id', 'long');
    localStorage.setItem('chat_conversation:long', JSON.stringify(messages));
  }, MESSAGES);
  const times = [];
  for (let load = 0; load < LOADS; load++) {
    await ada.page.goto(`${shop.shop.url}/`);
    await ada.until(messages => messages.length === MESSAGES);
    times.push(await ada.page.evaluate(() => performance.getEntriesByName('twinflag-chat:restore')[0].duration));
  }
  await ada.context.close();
  return times;
}

/** The median time of a page's load event with the widget, less that without. */
async function addedTo(paragraphs) {
  const medians = {};
  for (const path of ['/empty', '/']) {
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { page, context } = await visit(browser, shop, { path: `${path}?paragraphs=${paragraphs}` });
      await page.waitForLoadState('load');
      times.push(await page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventStart));
      await context.close();
    }
    medians[path] = shares(times).p50;
  }
  return { paragraphs, without: medians['/empty'], with: medians['/'] };
}

function shares(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5), p95: at(0.95) };
}
