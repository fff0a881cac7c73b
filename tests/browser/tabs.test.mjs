// One stream for all pages of a browser: who holds it, what the others hear, and who holds it next.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownPages } from './kept/pages.mjs';

const serve = word => ({
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { word: { type: 'string', variants: { one: 'one', two: 'two', three: 'three' }, on: word, off: word } },
});
const own = ownPages(serve('one'));
const publish = async word => {
  const { status, text } = await own.server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: serve(word) });
  assert.equal(status, 200, text);
};
/** The streams that a browser has open. */
function streamsOf(context) {
  const open = new Set();
  context.on('request', request => /\/v1\/watch/.test(request.url()) && open.add(request));
  for (const end of ['requestfailed', 'requestfinished']) context.on(end, request => open.delete(request));
  context.on('page', page => {
    page.on('close', () => {
      for (const request of open) if (request.frame().page() === page) open.delete(request);
    });
  });
  return open;
}
/** Waits until so many streams are open. */
async function reaches(context, open, count) {
  while (open.size !== count) await Promise.race(['request', 'requestfailed', 'requestfinished'].map(event => context.waitForEvent(event)));
}
/** The pages that hold, or wait to hold, the stream. */
const members = page =>
  page.evaluate(async () => {
    const { held, pending } = await navigator.locks.query();
    return [held.length, pending.length];
  });
const shows = (pages, word) =>
  Promise.all(pages.map(page => page.waitForFunction(expected => client.getValue('word', '') === expected, word)));
/** Pages of one browser, all of which have joined. */
async function openPages(context, count, options) {
  const pages = [];
  for (let index = 0; index < count; index++) {
    const { page } = await own.page(context);
    await page.evaluate(given => open(given).ready(), own.options({ shared: true, ...options }));
    pages.push(page);
  }
  const [page] = pages;
  await page.waitForFunction(async all => {
    const { held, pending } = await navigator.locks.query();
    return held.length === 1 && pending.length === all - 1;
  }, count);
  return pages;
}

test('twenty pages have one stream, all hear of a change, and the next page holds it when its page goes away', async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  const open = streamsOf(context);
  let asked = 0;
  context.on('request', request => {
    if (/\/v1\/watch/.test(request.url())) asked++;
  });
  const pages = await openPages(context, 20);
  await shows(pages, 'one');
  await reaches(context, open, 1);
  await publish('two');
  await shows(pages, 'two');
  assert.deepEqual([open.size, asked], [1, 1]);

  const [stream] = open;
  const holder = stream.frame().page();
  const others = pages.filter(page => page !== holder);
  const next = context.waitForEvent('request', request => /\/v1\/watch/.test(request.url()));
  // Closing the page would hide the others, which then need no stream.
  await holder.goto('about:blank');
  await next;
  assert.deepEqual(await members(others[0]), [1, 18]);
  await publish('three');
  await shows(others, 'three');
  assert.equal(asked, 2);
});

test('a change that one page finds by itself is seen in all, also without a stream', async t => {
  await publish('one');
  const context = await own.browser.newContext();
  t.after(() => context.close());
  await context.route('**/v1/watch*', route => route.abort());
  const pages = await openPages(context, 3);
  await shows(pages, 'one');
  await publish('two');
  const [, second] = pages;
  await second.evaluate(async () => {
    // An isolate may answer from the version before, for a moment.
    while (client.getValue('word', '') !== 'two') await client.refresh();
  });
  await shows(pages, 'two');
});

test('pages of other owners, and without Web Locks, have streams of their own', async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  const open = streamsOf(context);
  for (const customerId of ['c-1', 'c-2']) {
    const { page } = await own.page(context);
    const stream = page.waitForRequest(/\/v1\/watch/);
    await page.evaluate(given => open(given).ready(), own.options({ shared: true, context: { customerId } }));
    await stream;
  }
  await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  const { page, faults } = await own.page(context);
  const stream = page.waitForRequest(/\/v1\/watch/);
  await page.evaluate(given => open(given).ready(), own.options({ shared: true, context: { customerId: 'c-1' } }));
  await stream;
  await reaches(context, open, 3);
  assert.deepEqual(faults, []);
});

test('a closed client leaves: another page of the browser holds the stream', async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  const open = streamsOf(context);
  const pages = await openPages(context, 2);
  await reaches(context, open, 1);
  const [stream] = open;
  const holder = stream.frame().page();
  const [other] = pages.filter(page => page !== holder);
  const next = other.waitForRequest(/\/v1\/watch/);
  await holder.evaluate(() => client.close());
  await next;
  assert.deepEqual(await members(other), [1, 0]);
});
