// The widget in a shop's page and in a frame of another origin, each of its nine features on and off, in Chromium.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { accessible } from '../dashboard/operator.mjs';
import { startShop, visit } from './shop.mjs';

let shop;
let browser;
before(async () => {
  shop = await startShop();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
});
beforeEach(() => shop.allOn());

const ORDER = 'Your order is on its way. It arrives on Thursday between 9 and 12.';

for (const path of ['/', '/framed']) {
  const place = path === '/' ? 'in the page' : 'in a frame of another origin';

  test(`${place}, a conversation is restored by a reload, and begins anew without autoRestore`, async () => {
    const ada = await visit(browser, shop, { path });
    await ada.open();
    await ada.say('Where is my order?');
    assert.deepEqual(await ada.texts(), ['Where is my order?', ORDER]);
    await ada.flush();
    const { chat_conversation_id: id } = await ada.stored();
    assert.equal(id, await ada.widget.evaluate(element => element.chat.conversationId));
    await ada.reload();
    await ada.until(messages => messages.length === 2);
    assert.equal(await ada.widget.evaluate(element => element.chat.isRestored), true);
    assert.equal(await ada.widget.evaluate(element => element.unread), 0);

    await shop.set('autoRestore', false);
    await ada.knows('autoRestore', false);
    // The conversation that is open stays.
    assert.equal((await ada.texts()).length, 2);
    await ada.reload();
    await ada.open();
    await ada.say('hello');
    assert.deepEqual(await ada.texts(), ['hello', 'Hello! What can I do for you?']);
    await ada.context.close();
  });

  test(`${place}, a browser that is offline is told, unless connectionMonitoring is off`, async () => {
    const ada = await visit(browser, shop, { path });
    await ada.open();
    await ada.say('hello');
    await ada.context.setOffline(true);
    await ada.where.getByText('You are offline.').waitFor();
    await ada.context.setOffline(false);
    await ada.where.getByText('You are offline.').waitFor({ state: 'hidden' });
    await shop.set('connectionMonitoring', false);
    await ada.knows('connectionMonitoring', false);
    await ada.context.setOffline(true);
    await ada.page.evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(await ada.where.getByText('You are offline.').count(), 0);
    await ada.context.close();
  });

  test(`${place}, a message that was not delivered is sent after a reload, once; without retryLogic the visitor sends it again`, async () => {
    const ada = await visit(browser, shop, { path });
    await ada.open();
    await ada.say('hello');
    shop.road.mode = 'lose';
    await ada.write('Where is my order?');
    await ada.until(messages => messages.at(-1).delivery === 'failed');
    await ada.flush();
    shop.road.mode = 'pass';
    await ada.reload();
    await ada.until(messages => messages.length === 4 && messages.every(({ delivery }) => delivery === 'delivered'));
    assert.deepEqual((await ada.texts()).slice(2), ['Where is my order?', ORDER]);

    await shop.set('retryLogic', false);
    await ada.knows('retryLogic', false);
    shop.road.mode = 'refuse';
    await ada.open();
    await ada.write('thanks');
    await ada.log.getByText('Not sent.').waitFor();
    shop.road.mode = 'pass';
    assert.equal(shop.road.asked.filter(id => id === shop.road.asked.at(-1)).length, 1);
    await ada.log.getByRole('button', { name: 'Try again' }).click();
    await ada.until(messages => messages.length === 6);
    assert.deepEqual((await ada.texts()).slice(4), ['thanks', 'You are welcome!']);
    await ada.context.close();
  });

  test(`${place}, two tabs show one conversation at once, and without tabSync lose nothing of each other`, async () => {
    const ada = await visit(browser, shop, { path });
    await ada.open();
    await ada.say('hello');
    await ada.flush();
    const other = await visit(browser, shop, { path, context: ada.context });
    await other.until(messages => messages.length === 2);
    await ada.say('Where is my order?');
    await other.until(messages => messages.length === 4);
    assert.equal(await other.widget.evaluate(element => element.unread), 1);

    await shop.set('tabSync', false);
    await ada.knows('tabSync', false);
    await other.knows('tabSync', false);
    await ada.say('thanks');
    await other.open();
    await other.say('When are you open?');
    assert.equal((await other.messages()).length, 6);
    await ada.flush();
    await other.flush();
    await ada.reload();
    const all = await ada.until(messages => messages.length === 8);
    assert.equal(new Set(all.map(({ id }) => id)).size, 8);
    await ada.context.close();
  });

  test(`${place}, the visitor is told by the flag's notice that a feature is gone`, async () => {
    const ada = await visit(browser, shop, { path });
    await ada.open();
    // A notice tells of a feature that was there: the flags may come after the widget.
    await ada.knows('tabSync', true);
    await shop.set('tabSync', false);
    await ada.where.getByText('tabSync is gone for now.').waitFor();
    await ada.context.close();
  });
}

test('a conversation is stored compressed, and as text when enhancedStorage goes away', async () => {
  const ada = await visit(browser, shop);
  await ada.open();
  for (let round = 0; round < 5; round++) await ada.say('Where is my order, and when does it arrive?');
  await ada.flush();
  const { ratio } = await ada.widget.evaluate(element => element.chat.saving);
  const conversation = async () =>
    (await ada.stored())[`chat_conversation:${await ada.widget.evaluate(element => element.chat.conversationId)}`];
  const compressed = await conversation();
  const messages = await ada.messages();
  assert.ok(compressed.startsWith('z1:'));
  // A second implementation of deflate reads the length that the ratio says.
  const { inflateRawSync } = await import('node:zlib');
  const text = inflateRawSync(Buffer.from(compressed.slice(3), 'base64')).toString();
  assert.deepEqual(JSON.parse(text), messages);
  assert.equal(ratio, text.length / compressed.length);
  assert.ok(ratio > 2, String(ratio));

  await shop.set('enhancedStorage', false);
  await ada.knows('enhancedStorage', false);
  await ada.flush();
  assert.deepEqual(JSON.parse(await conversation()), messages);
  await ada.context.close();
});

test('in a full storage the oldest messages go, and the newest survive a reload', async () => {
  const ada = await visit(browser, shop, { path: '/empty' });
  const filler = await ada.page.evaluate(() => {
    let size = 1 << 20;
    for (let at = 0; size >= 512; )
      try {
        localStorage.setItem(`filler${at}`, 'x'.repeat(size));
        at++;
      } catch {
        size >>= 1;
      }
    // The room that is left is enough for a short conversation, and too little for a long one.
    localStorage.setItem('filler0', localStorage.getItem('filler0').slice(1000));
    return Object.values(localStorage).reduce((sum, text) => sum + text.length, 0);
  });
  assert.ok(filler > 4_000_000);
  await ada.page.goto(`${shop.shop.url}/`);
  await ada.open();
  for (let round = 0; round < 12; round++) await ada.say(`lamp ${crypto.randomUUID()} ${crypto.randomUUID()}`);
  await ada.flush();
  await ada.where.getByText('the oldest messages are no longer kept').waitFor();
  const all = await ada.texts();
  assert.equal(all.length, 24);
  await ada.reload();
  const kept = await ada.until(messages => messages.length > 0);
  assert.ok(kept.length >= 2 && kept.length < 24, String(kept.length));
  assert.deepEqual(
    kept.map(({ text }) => text),
    all.slice(-kept.length),
  );
  await ada.context.close();
});

test('a browser without storage has a conversation that lasts as long as the page, and says so', async () => {
  const context = await browser.newContext();
  await context.addInitScript(() =>
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    }),
  );
  const ada = await visit(browser, shop, { context });
  await ada.open();
  await ada.say('hello');
  await ada.where.getByText('Your browser keeps no copy of this conversation.').waitFor();
  assert.equal((await ada.texts()).length, 2);
  await context.close();
});

test('a damaged conversation in the storage begins anew, and nothing is thrown', async () => {
  for (const damaged of ['{', '[{"id":1}]', 'z1:AAAA', '[null, 5, {"id":"a"}]', '"text"', 'z1:%%%']) {
    const ada = await visit(browser, shop, { path: '/empty' });
    await ada.page.evaluate(text => {
      localStorage.setItem('chat_conversation_id', 'damaged');
      localStorage.setItem('chat_conversation:damaged', text);
    }, damaged);
    await ada.page.goto(`${shop.shop.url}/`);
    await ada.open();
    await ada.say('hello');
    assert.equal((await ada.texts()).length, 2, damaged);
    assert.deepEqual(ada.faults, [], damaged);
    await ada.context.close();
  }
});

test('the frame stores in the page; each of two features takes that back, with the conversation', async () => {
  const ada = await visit(browser, shop, { path: '/framed' });
  await ada.open();
  await ada.say('Where is my order?');
  await ada.flush();
  const names = async () => [Object.keys(await ada.stored()).length, Object.keys(await ada.storedInFrame()).length];
  assert.deepEqual(await names(), [2, 0]);
  for (const feature of ['parentStorage', 'crossDomainMessaging']) {
    const before = await ada.texts();
    await shop.set(feature, false);
    await ada.knows(feature, false);
    await ada.flush();
    assert.equal(await ada.widget.evaluate(element => element.chat.storage), 'page');
    assert.deepEqual(await names(), [0, 2], feature);
    await ada.say('thanks');
    await shop.set(feature, true);
    await ada.knows(feature, true);
    await ada.flush();
    assert.deepEqual(await names(), [2, 0], feature);
    assert.deepEqual(await ada.texts(), [...before, 'thanks', 'You are welcome!']);
  }
  await ada.reload();
  await ada.until(messages => messages.length === 6);
  await ada.context.close();
});

test('the page opens the widget in its frame and hears of unread messages, unless crossDomainMessaging is off', async () => {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    globalThis.heard = [];
    addEventListener('twinflag-chat', ({ detail }) => heard.push(detail));
  });
  const ada = await visit(browser, shop, { path: '/framed', context });
  await ada.page.waitForFunction(() => globalThis.heard.length > 0);
  await ada.page.evaluate(() => globalThis.twinflagChat.open());
  await ada.where.getByRole('textbox').waitFor();
  const { width } = await ada.page.locator('iframe').boundingBox();
  assert.equal(width, 368);
  let release;
  shop.road.gate = new Promise(resolve => {
    release = resolve;
  });
  await ada.write('hello');
  await ada.where.getByRole('button', { name: 'Close the chat' }).first().click();
  release();
  await ada.page.waitForFunction(() => globalThis.heard.some(({ isOpen, unread }) => !isOpen && unread === 1));
  assert.equal((await ada.page.locator('iframe').boundingBox()).width, 72);

  await shop.set('crossDomainMessaging', false);
  await ada.page.waitForFunction(() => globalThis.heard.at(-1).unread === 0);
  await ada.page.evaluate(() => globalThis.twinflagChat.open());
  await ada.page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await ada.where.getByRole('textbox').count(), 0);
  // The visitor still opens it by its own button, and the frame grows.
  await ada.open();
  await ada.page.waitForFunction(() => document.querySelector('iframe').offsetWidth === 368);
  await ada.context.close();
});

test('a frame on a page that its document does not list shows nothing, and a stranger gets no channel', async () => {
  const { page } = await visit(browser, shop, { path: '/empty' });
  const errors = [];
  page.on('console', message => errors.push(message.text()));
  await page.evaluate(origin => {
    const frame = document.createElement('iframe');
    frame.src = `${origin}/frame.html?parent=https://evil.example`;
    document.body.append(frame);
  }, shop.chat.url);
  await page.waitForEvent('console');
  assert.match(errors.join(), /does not list https:\/\/evil\.example/);
  // A window that is not the widget's frame asks the shop's page for a channel.
  const ada = await visit(browser, shop, { path: '/framed' });
  await ada.widget.waitFor({ state: 'attached' });
  const channels = await ada.page.evaluate(async () => {
    const frame = document.createElement('iframe');
    frame.srcdoc = `<script>
      addEventListener('message', ({ ports }) => parent.postMessage({ stranger: ports.length }, '*'));
      parent.postMessage('twinflag-chat/1', '*');
      parent.postMessage('done', '*');
    </script>`;
    let channels = 0;
    const done = new Promise(resolve =>
      addEventListener('message', ({ data }) => {
        if (data?.stranger) channels += data.stranger;
        if (data === 'done') resolve();
      }),
    );
    document.body.append(frame);
    await done;
    return channels;
  });
  assert.equal(channels, 0);
  await ada.context.close();
});

test('of a thousand messages the document has those in sight, and without performanceMode all', async () => {
  const ada = await visit(browser, shop, { path: '/empty' });
  const many = Array.from({ length: 1000 }, (_, index) => ({
    id: `m-${index}`,
    from: index % 2 ? 'agent' : 'visitor',
    text: `message ${index} ${'and so on '.repeat(index % 7)}`,
    order: index + 1,
    at: 0,
    delivery: 'delivered',
    attempts: 0,
  }));
  await ada.page.evaluate(messages => {
    localStorage.setItem('chat_conversation_id', 'long');
    localStorage.setItem('chat_conversation:long', JSON.stringify(messages));
  }, many);
  await ada.page.goto(`${shop.shop.url}/`);
  await ada.until(messages => messages.length === 1000);
  await ada.open();
  const rendered = () => ada.widget.evaluate(element => element.rendered);
  assert.ok((await rendered()) < 60, String(await rendered()));
  await ada.log.getByText('message 999 ').waitFor();
  // Somewhere in the middle, the messages in sight follow each other.
  await ada.log.evaluate(log => {
    log.scrollTop = log.scrollHeight / 2;
  });
  await ada.page.waitForFunction(() => {
    const root = document.querySelector('twinflag-chat').shadowRoot;
    const { top, bottom } = root.querySelector('.log').getBoundingClientRect();
    const inSight = [...root.querySelectorAll('.message')].filter(item => {
      const box = item.getBoundingClientRect();
      return box.bottom > top && box.top < bottom;
    });
    const numbers = inSight.map(item => Number(item.textContent.match(/message (\d+)/)[1]));
    return (
      numbers.length > 3 &&
      numbers[0] > 100 &&
      numbers.at(-1) < 900 &&
      numbers.every((number, index) => index === 0 || number === numbers[index - 1] + 1)
    );
  });
  assert.ok((await rendered()) < 60);
  await shop.set('performanceMode', false);
  await ada.knows('performanceMode', false);
  await ada.page.waitForFunction(() => document.querySelector('twinflag-chat').rendered === 1000);
  await ada.context.close();
});

test('the widget reports its events for analytics, and none without the feature', async () => {
  const events = async () => {
    const answer = await shop.server.asAdmin('/api/admin/events?limit=200&event=message_sent', { method: 'GET' });
    assert.equal(answer.status, 200, answer.text);
    return answer.json().events.length;
  };
  const ada = await visit(browser, shop);
  await ada.open();
  const before = await events();
  await ada.say('hello');
  await ada.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  let after = before;
  for (const end = Date.now() + 45_000; after === before && Date.now() < end; ) after = await events();
  assert.equal(after, before + 1);
  await shop.set('analytics', false);
  await ada.knows('analytics', false);
  const sent = ada.page.waitForRequest(request => request.url().endsWith('/v1/outcomes'));
  await ada.say('thanks');
  await ada.page.close({ runBeforeUnload: true });
  await sent.catch(() => undefined);
  assert.equal(await events(), after);
  await ada.context.close();
});

test('a whole conversation by keyboard: open, write two lines, send, close, with the focus where it belongs', async () => {
  const ada = await visit(browser, shop);
  const focused = () => ada.widget.evaluate(element => element.shadowRoot.activeElement?.ariaLabel ?? null);
  await ada.where.getByRole('button', { name: 'Open the chat' }).waitFor();
  await ada.page.keyboard.press('Tab');
  assert.equal(await focused(), 'Open the chat');
  await ada.page.keyboard.press('Enter');
  await ada.where.getByRole('textbox').waitFor();
  assert.equal(await focused(), 'Your message');
  await ada.page.keyboard.type('hello');
  await ada.page.keyboard.press('Shift+Enter');
  await ada.page.keyboard.type('are you there?');
  await ada.page.keyboard.press('Enter');
  await ada.until(messages => messages.length === 2);
  assert.deepEqual((await ada.texts())[0], 'hello\nare you there?');
  assert.equal(await focused(), 'Your message');
  await ada.page.keyboard.press('Escape');
  assert.equal(await focused(), 'Open the chat');
  assert.deepEqual(ada.faults, []);
  await ada.context.close();
});

test('axe finds no fault in the open widget, in either theme and at a phone', async () => {
  for (const size of [
    { width: 390, height: 800 },
    { width: 1280, height: 800 },
  ]) {
    const ada = await visit(browser, shop, { size });
    await ada.open();
    await ada.say('Where is my order?');
    for (const colorScheme of ['light', 'dark']) {
      await ada.page.emulateMedia({ colorScheme });
      await accessible(ada.page, `${size.width} ${colorScheme}`);
    }
    await ada.context.close();
  }
});

test('the pages of the example have the chat, in the page and in a frame', async () => {
  for (const path of ['/', '/framed.html']) {
    const { page, faults } = await newPage(browser);
    await page.goto(shop.service.url + path);
    const where = path === '/' ? page : page.frameLocator('iframe[title=Chat]');
    await where.getByRole('button', { name: 'Open the chat' }).click();
    await where.getByRole('textbox').fill('Where is my order?');
    await where.getByRole('textbox').press('Enter');
    await where.getByText(ORDER).waitFor();
    assert.deepEqual(faults, []);
    await page.close();
  }
});

test('the service refuses what is no message, and answers a repeated one with the same reply', async () => {
  const ask = async (body, method = 'POST') => {
    const response = await fetch(`${shop.service.url}/messages`, { method, body, signal: AbortSignal.timeout(10_000) });
    return [response.status, await response.json()];
  };
  const message = JSON.stringify({ conversationId: 'c', message: { id: 'm-1', text: 'Where is my order?' } });
  const reply = { reply: { id: 'reply-to-m-1', text: ORDER } };
  assert.deepEqual(
    [await ask(message), await ask(message)],
    [
      [200, reply],
      [200, reply],
    ],
  );
  for (const [body, status] of [
    ['{', 400],
    ['null', 400],
    ['{"conversationId":"c","message":{"id":"","text":"x"}}', 400],
    [JSON.stringify({ conversationId: 'c', message: { id: 'm', text: 'x'.repeat(4001) } }), 400],
    ['x'.repeat(20_001), 413],
  ])
    assert.equal((await ask(body))[0], status, body.slice(0, 60));
  assert.equal((await ask(undefined, 'DELETE'))[0], 405);
});
