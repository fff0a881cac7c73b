// Features that are killed and revived at random moments of a conversation: no message is lost, doubled or out of order.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { extent } from '../extent.mjs';
import { FLAGS, startShop, visit } from './shop.mjs';

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

/** Numbers from a seed, by the published constants of a linear congruential generator. */
function numbers(seed) {
  let state = BigInt(seed);
  return below => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

for (const path of ['/', '/framed'])
  test(`${path}: a feature killed or revived at any moment loses, doubles and reorders no message`, async () => {
    const kills = extent({ usual: 20, all: 500 });
    const next = numbers(path.length);
    const ada = await visit(browser, shop, { path });
    await ada.open();
    const isOn = Object.fromEntries(Object.keys(FLAGS).map(feature => [feature, true]));
    const said = [];
    for (let kill = 0; kill < kills; kill++) {
      const text = `message ${kill}`;
      said.push(text);
      await ada.write(text);
      const feature = Object.keys(FLAGS)[next(9)];
      isOn[feature] = !isOn[feature];
      // A message that is lost or refused on its way meets the switch as well.
      shop.road.mode = ['pass', 'pass', 'lose', 'refuse'][next(4)];
      await shop.set(feature, isOn[feature]);
      // A page that is left takes only what is stored, so the conversation is stored before; a feature may be on its way to another store.
      if (isOn.autoRestore && next(10) === 0) {
        await ada.knows(feature, isOn[feature]);
        await ada.flush();
        await ada.reload();
        await ada.until(messages => messages.length >= said.length);
        await ada.open();
      }
    }
    shop.road.mode = 'pass';
    await shop.allOn();
    await ada.until(messages => messages.filter(({ from }) => from === 'agent').length === said.length);
    const messages = await ada.messages();
    assert.deepEqual(
      messages.filter(({ from }) => from === 'visitor').map(({ text }) => text),
      said,
    );
    // The service's id of a reply names the message that it answers.
    const replies = messages.filter(({ from }) => from === 'agent').map(({ id }) => id);
    assert.deepEqual(new Set(replies), new Set(messages.filter(({ from }) => from === 'visitor').map(({ id }) => `reply-to-${id}`)));
    assert.equal(new Set(replies).size, replies.length);
    assert.ok(messages.every(({ delivery }) => delivery === 'delivered'));
    await ada.context.close();
  });
