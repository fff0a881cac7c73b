// The first tasks of somebody who has never seen the dashboard, each by what stands on the screen, with the presses that it took.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, changes, signedIn } from './operator.mjs';

const flags = {
  existing: { unit: 'customerId', default: 'on' },
  other: { rules: [{ if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }] },
};
const server = ownServer({ document: { schema: 'twinflag/1', flags } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Opens the dashboard as the link of a message would, and counts what is pressed from then on; typing is not counted. */
async function begin(view, options = {}) {
  const context = await browser.newContext(options);
  await context.addInitScript(() => {
    globalThis.presses = 0;
    addEventListener('click', ({ isTrusted, detail }) => isTrusted && detail > 0 && globalThis.presses++, true);
  });
  const { page, faults } = await signedIn(browser, server, { view, context });
  await page.locator('main h1').waitFor();
  const first = await page.evaluate(() => globalThis.presses);
  const presses = async () => (await page.evaluate(() => globalThis.presses)) - first;
  const press = (name, within = page) => within.getByRole('button', { name, exact: true }).first().click();
  const end = async () => {
    const count = await presses();
    assert.deepEqual(
      faults.filter(fault => !/404/.test(fault)),
      [],
    );
    await context.close();
    return count;
  };
  return { page, press, end };
}

test('create a flag and turn it on for two customers', async t => {
  const { page, press, end } = await begin('/');
  await press('New flag');
  await page.getByRole('dialog').getByLabel('Key').fill('stranger');
  await press('Create the flag', page.getByRole('dialog'));
  await page.getByRole('heading', { level: 1, name: 'stranger' }).waitFor();
  await press('Change the lists');
  await page.getByRole('dialog').getByLabel('Allowed (0)').fill('customer-1\ncustomer-2');
  await page.getByRole('dialog').getByLabel('Reason').fill('the first two');
  await press('Change the lists', page.getByRole('dialog'));
  await page.getByText('Allowed: 2 · Denied: none').waitFor();
  const of = customerId => answer(server, 'stranger', { customerId });
  assert.deepEqual(await Promise.all(['customer-1', 'customer-2', 'customer-3'].map(of)), [true, true, false]);
  const count = await end();
  t.diagnostic(`${count} presses`);
  assert.ok(count <= 6, `${count} presses`);
});

test('give it to 5 %, then to 50 %', async t => {
  const { page, press, end } = await begin('/flags/stranger');
  for (const share of [5, 50]) {
    await page.getByLabel('Percentage', { exact: true }).fill(String(share));
    await press('Set');
    await page.getByRole('dialog').getByLabel('Reason').fill('no complaints');
    await press(`Set ${share} %`);
    await page.getByText(`stranger: ${share} % get it.`).waitFor();
  }
  const count = await end();
  t.diagnostic(`${count} presses`);
  assert.ok(count <= 6, `${count} presses`);
});

test('find who changed this and why, and undo it', async t => {
  const { page, press, end } = await begin('/');
  await page.getByRole('link', { name: 'stranger' }).first().click();
  const newest = page.locator('.change').first();
  await newest.getByText('“no complaints”').waitFor();
  await newest.getByText('developer').waitFor();
  await newest.getByRole('button', { name: /^Revert/ }).click();
  await press('Take it back', page.getByRole('dialog'));
  await page.getByText('Taken back.').waitFor();
  const [{ action }] = await changes(server);
  assert.equal(action, 'change.revert');
  const { features } = (await server.asAdmin('/api/admin/feature-flags?featureName=stranger', { method: 'GET' })).json();
  assert.equal(features[0].rollout.percentage, 5);
  const count = await end();
  t.diagnostic(`${count} presses`);
  assert.ok(count <= 6, `${count} presses`);
});

test('from the id of a customer to why they do not have a flag, in at most 6 presses', async t => {
  const { page, press, end } = await begin('/');
  await page.getByRole('link', { name: 'Customers' }).click();
  await page.getByLabel('Customer id').fill('customer-9');
  await press('Show');
  await page.getByRole('button', { name: 'Why: other' }).click();
  await page.getByText('Rule 1: only “plan eq pro (now not known)” does not hold.').waitFor();
  const count = await end();
  t.diagnostic(`${count} presses`);
  assert.ok(count <= 6, `${count} presses`);
});

test("from an alert's link to off for everyone, on a phone, in at most 2 presses", async t => {
  const { page, press, end } = await begin('/flags/existing', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  assert.equal(await answer(server, 'existing', { customerId: 'c' }), true);
  await press('Turn off for everyone');
  const button = page.getByRole('dialog').getByRole('button', { name: 'Turn off for everyone' });
  // Each control of the task is large enough for a thumb, and in view.
  const { width, height, y } = await button.boundingBox();
  assert.ok(width >= 44 && height >= 40 && y + height <= 844, JSON.stringify({ width, height, y }));
  await button.click();
  await page.getByText('existing is off for everyone.').waitFor();
  assert.equal(await answer(server, 'existing', { customerId: 'c' }), false);
  const count = await end();
  t.diagnostic(`${count} presses`);
  assert.ok(count <= 2, `${count} presses`);
});

test('from the list to off for everyone by the keyboard alone', async () => {
  await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'existing', action: 'revive', reason: 'again' } });
  const { page, end } = await begin('/');
  await page.getByRole('switch', { name: 'existing: enabled', checked: true }).waitFor();
  for (const key of ['/', ...'existing', 'ArrowDown', 'k']) await page.keyboard.press(key);
  await page.getByRole('dialog').getByRole('heading', { name: 'Turn existing off for everyone' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('k');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('existing is off for everyone.').waitFor();
  assert.equal(await answer(server, 'existing', { customerId: 'c' }), false);
  assert.equal(await end(), 0);
});
