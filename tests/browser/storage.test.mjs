// Programs that a page keeps: its answers after a reload, in every storage that a browser has or refuses, whole and damaged.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { away, ownPages } from './kept/pages.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { first: { rules: [{ name: 'r', if: { attribute: 'customerId', op: 'eq', value: 'c-1' }, serve: 'on' }] } },
};
const own = ownPages(DOCUMENT);
const ANSWER = { value: true, variant: 'on', reason: 'TARGETING_MATCH', layer: 'rule' };

/** Opens a client that is ready, and waits until a storage holds its program. */
async function fill(page, options, place = 'localStorage') {
  await page.evaluate(given => open(given).ready(), options);
  await page.waitForFunction(name => Object.keys(globalThis[name]).some(key => key.startsWith('twinflag/')), place);
}
/** Opens a client without the server, and waits until it has answers, or will have none. */
const outcome = (page, options) =>
  page.evaluate(async given => {
    const client = open(given);
    await new Promise(resolve => client.subscribe(() => client.status !== 'pending' && resolve()));
    // The engine may come after the request has failed.
    if (client.status === 'error' && given.expect === 'stale') await new Promise(resolve => on(client, 'stale', resolve));
    return { status: client.status, details: client.get('first', false) };
  }, options);

test('after a reload the last answers come first, marked stale, also without the server; then a request confirms them', async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  const { page, faults, load } = await own.page(context);
  const options = own.options({ kept: {} });
  await fill(page, options);
  const back = await away(context);
  await load();
  assert.deepEqual(await outcome(page, { ...options, expect: 'stale' }), { status: 'stale', details: { ...ANSWER, stale: true } });
  await back();
  const answered = page.waitForResponse(/\/v1\/program/);
  await page.evaluate(() => client.refresh());
  assert.equal((await answered).status(), 304);
  assert.deepEqual(await page.evaluate(() => [client.status, client.get('first', false)]), ['ready', ANSWER]);
  assert.deepEqual(faults, []);
});

test("neither another visitor's program is used, nor another key's", async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  const { page, load } = await own.page(context);
  const options = own.options({ kept: {} });
  await fill(page, options);
  await away(context);
  const none = { status: 'error', details: { value: false, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' } };
  for (const other of [
    { context: { customerId: 'c-2' } },
    { context: {} },
    { clientKey: `${options.clientKey}2` },
    { kept: { maxAgeMs: 1 } },
  ]) {
    await load();
    assert.deepEqual(await outcome(page, { ...options, ...other }), none);
  }
  await load();
  assert.equal((await outcome(page, { ...options, expect: 'stale' })).status, 'stale', 'the control');
});

for (const [what, script, place] of [
  ['full', () => {}, 'sessionStorage'],
  ['absent', () => Object.defineProperty(globalThis, 'localStorage', { value: undefined }), 'sessionStorage'],
  [
    'refused',
    () =>
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('refused', 'SecurityError');
        },
      }),
    'sessionStorage',
  ],
])
  test(`where localStorage is ${what}, the tab's storage keeps the program`, async t => {
    const context = await own.browser.newContext();
    t.after(() => context.close());
    await context.addInitScript(script);
    const { page, faults, load } = await own.page(context);
    if (what === 'full') {
      await page.evaluate(() => {
        for (let size = 1 << 22; size >= 1; size >>= 1) {
          try {
            for (let index = 0; index < 8; index++) localStorage.setItem(`${size} ${index}`, 'x'.repeat(size));
          } catch {
            // No room for so much.
          }
        }
      });
    }
    const options = own.options({ kept: {} });
    await fill(page, options, place);
    await away(context);
    await load();
    assert.equal((await outcome(page, { ...options, expect: 'stale' })).status, 'stale');
    assert.deepEqual(faults, []);
  });

test('without any storage the page itself keeps the program, for another client', async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  await context.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { value: null });
  });
  const { page, faults } = await own.page(context);
  const options = own.options({ kept: {} });
  await page.evaluate(given => open(given).ready(), options);
  await away(context);
  // The program is kept behind the answers: until it is, another client has none.
  await page.waitForFunction(async given => {
    const other = open({ ...given, fetch: () => new Promise(() => undefined) });
    await new Promise(resolve => setTimeout(resolve, 10));
    const { status } = other;
    other.close();
    return status === 'stale';
  }, options);
  assert.deepEqual(faults, []);
});

test('of 1,000 damaged entries none is used, each is dropped, and nothing throws', async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  const { page, faults } = await own.page(context);
  const options = own.options({ kept: {} });
  await fill(page, options);
  const result = await page.evaluate(async given => {
    client.close();
    const [key] = Object.keys(localStorage).filter(name => name.startsWith('twinflag/'));
    const sound = localStorage.getItem(key);
    let seed = 1;
    const below = bound => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return Math.floor((seed / 2 ** 32) * bound);
    };
    const put = text => {
      const at = below(sound.length);
      return sound.slice(0, at) + text + sound.slice(at + 1);
    };
    const damages = [
      () => put(String.fromCharCode(below(0xffff))),
      () => put(''),
      () => put('A') + below(10),
      () => sound.slice(0, below(sound.length)),
      () => sound + sound,
      () => sound.replace(/^\S+/, String(below(99))),
      () => JSON.stringify({ program: below(99) }),
      () => String.fromCharCode(...Array.from({ length: 50 }, () => below(0xffff))),
    ];
    /** Opens a client on an entry; its request never ends. A task later a sound entry has been read. */
    const read = async text => {
      localStorage.setItem(key, text);
      const { close, get, ...other } = open({ ...given, fetch: () => new Promise(() => undefined) });
      void other;
      await new Promise(resolve => setTimeout(resolve));
      const seen = [client.status, get('first', false).reason, localStorage.getItem(key) === null];
      close();
      return seen.join();
    };
    const counts = {};
    for (let index = 0; index < 1000; index++) {
      let text = sound;
      while (text === sound) text = damages[index % damages.length]();
      const seen = await read(text);
      counts[seen] = (counts[seen] ?? 0) + 1;
    }
    return { counts, control: await read(sound) };
  }, options);
  assert.deepEqual(result, { counts: { 'pending,ERROR,true': 1000 }, control: 'stale,TARGETING_MATCH,false' });
  assert.deepEqual(faults, []);
});

test('an embedded page without storage keeps its program in the page around it, if that one allows its origin', async t => {
  const options = own.options({ kept: { parent: own.site.url } });
  for (const isAllowed of [true, false]) {
    const context = await own.browser.newContext();
    t.after(() => context.close());
    await context.addInitScript(port => {
      if (location.port !== port) return;
      for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { value: undefined });
    }, new URL(own.other.url).port);
    const { page, faults } = await own.page(context);
    await page.evaluate(origins => shareStorage({ origins }), [isAllowed ? own.other.url : 'https://else.example']);
    const embed = async () => {
      await page.evaluate(src => {
        document.querySelector('iframe')?.remove();
        document.body.append(Object.assign(document.createElement('iframe'), { src }));
      }, own.other.url);
      const frame = await (await page.waitForSelector('iframe')).contentFrame();
      await frame.waitForFunction(() => globalThis.open?.length === 1);
      return frame;
    };
    const frame = await embed();
    await frame.evaluate(given => open(given).ready(), options);
    if (isAllowed) await page.waitForFunction(origin => Object.keys(localStorage).some(key => key.endsWith(` ${origin}`)), own.other.url);
    await away(context);
    const again = await embed();
    const { status } = await outcome(again, { ...options, expect: isAllowed ? 'stale' : 'error' });
    assert.equal(status, isAllowed ? 'stale' : 'error');
    assert.deepEqual(faults, []);
  }
});

test('ten minutes without the server, reloads included: every answer as before, and then it is confirmed', async t => {
  const context = await own.browser.newContext();
  t.after(() => context.close());
  const { page, faults, load } = await own.page(context);
  await page.clock.install();
  const options = own.options({ kept: {} });
  await load();
  await fill(page, options);
  const back = await away(context);
  for (let minute = 0; minute < 10; minute++) {
    await page.clock.runFor(60_000);
    assert.equal(await page.evaluate(() => client.isEnabled('first')), true, `in minute ${minute}`);
    if (minute % 3 !== 2) continue;
    await load();
    const opened = page.evaluate(given => {
      open(given);
      return new Promise(resolve => on(client, 'stale', () => resolve(client.isEnabled('first'))));
    }, options);
    assert.equal(await opened, true, `after a reload in minute ${minute}`);
  }
  assert.equal(await page.evaluate(() => client.status), 'stale');
  await back();
  const ready = page.evaluate(() => new Promise(resolve => on(client, 'ready', () => resolve(client.isEnabled('first')))));
  await page.clock.runFor(61_000);
  assert.equal(await ready, true);
  assert.deepEqual(faults, []);
});
