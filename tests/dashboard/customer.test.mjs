// One customer: why they have a flag or not, what would change that, how it was before, and the same questions with what their page knows.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, confirm, signedIn, visit } from './operator.mjs';

const rule = { if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' };
const server = ownServer({
  document: {
    schema: 'twinflag/1',
    flags: {
      ruled: { unit: 'customerId', rules: [rule] },
      drawn: { unit: 'customerId' },
      stopped: { default: 'on' },
      past: { default: 'on' },
    },
  },
});
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const act = async (path, body) => {
  const answered = await server.asAdmin(`/api/admin/${path}`, { body: { reason: 'a test', ...body } });
  assert.equal(answered.status, 200, answered.text);
  return answered.json();
};
const row = (page, flag) => page.locator(`.answers > li[data-flag=${flag}]`);
/** Opens the steps of one answer, and returns their place. */
async function why(page, flag) {
  await row(page, flag)
    .getByRole('button', { name: `Why: ${flag}` })
    .click();
  const steps = row(page, flag).locator('.why');
  await steps.waitFor();
  return steps;
}
/** Looks at a row, and waits for its value. */
async function has(page, flag, value) {
  await row(page, flag).scrollIntoViewIfNeeded();
  await row(page, flag)
    .locator('.value', { hasText: new RegExp(`^${value}$`) })
    .waitFor();
}
const unexpected = faults => faults.filter(fault => !/status of 400/.test(fault));

test('a rule over an unknown attribute is the nearest miss, and what the page of the customer knows decides it', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/customers?id=customer-1' });
  const steps = await why(page, 'ruled');
  await steps.getByText('Rule 1: only “plan eq pro (now not known)” does not hold.').waitFor();
  await steps.getByText('The edge does not know plan of them.').waitFor();

  await page.getByText('Add what their page knows').click();
  const text = page.getByLabel('Context of their page, as JSON');
  const use = page.getByRole('button', { name: 'Use them' });
  for (const [pasted, refusal] of [
    ['{"plan": ', /^The text is no JSON: /],
    ['["plan"]', 'Expected an object: a context, or one with "context".'],
    [
      JSON.stringify({ at: '2026-11-29T12:00:00Z', status: 'ready', flags: { ruled: { variant: 'off', reason: 'DEFAULT' } } }),
      'A report of the client has no attributes. Paste the context that the page gives the client.',
    ],
    ['{"context":{"customerId":"customer-2","plan":"pro"}}', 'The text is about the customer customer-2. Search for that id first.'],
  ]) {
    await text.fill(pasted);
    await use.click();
    await page.getByRole('alert').getByText(refusal).waitFor();
  }
  await text.fill('{"context":{"customerId":"customer-1","plan":"pro"},"version":"x.1"}');
  await use.click();
  await has(page, 'ruled', 'on');
  await row(page, 'ruled').getByText('A rule of the definition applies to them. Without that it is off now.').waitFor();
  await page.getByText('With plan from their page').waitFor();
  await page.getByRole('button', { name: 'Without them' }).click();
  await has(page, 'ruled', 'off');
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('the percentage that the page names for a customer draws them, and a thousandth less does not', async () => {
  await act('rollout/create', { featureName: 'drawn', percentage: 0.001, start: true });
  const { page, faults } = await signedIn(browser, server, { view: '/customers?id=customer-7' });
  const steps = await why(page, 'drawn');
  const [, percentage] = /A rollout of at least ([\d.]+) %/.exec(await steps.getByText(/A rollout of at least/).textContent());
  for (const [share, isOn] of [
    [Number(percentage), true],
    [Number((Number(percentage) - 0.001).toFixed(3)), false],
  ]) {
    await act('rollout/percentage', { featureName: 'drawn', percentage: share });
    assert.equal(await answer(server, 'drawn', { customerId: 'customer-7' }), isOn, String(share));
  }
  assert.deepEqual(faults, []);
  await page.close();
});

test('of a flag that is off for everyone the page says that no override helps', async () => {
  await act('feature-flags', { featureName: 'stopped', action: 'kill' });
  const { page, faults } = await signedIn(browser, server, { view: '/customers?id=customer-1' });
  const steps = await why(page, 'stopped');
  await steps.getByText('No override does it.').waitFor();
  await act('feature-flags', { featureName: 'stopped', customerId: 'customer-1', enabled: true });
  assert.equal(await answer(server, 'stopped', { customerId: 'customer-1' }), false);
  assert.deepEqual(faults, []);
  await page.close();
});

test('at a past moment each flag has the answer of then, beside that of now', async () => {
  const { changes } = await act('feature-flags', { featureName: 'past', customerId: 'customer-1', enabled: false });
  const before = new Date(Date.parse(changes[0].changedAt) - 1).toISOString();
  const { page, faults } = await signedIn(browser, server, { view: '/customers?id=customer-1' });
  await row(page, 'past').getByText("The customer's own override says off.").waitFor();
  await visit(page, `/customers?id=customer-1&at=${encodeURIComponent(before)}`);
  await has(page, 'past', 'on');
  await row(page, 'past').getByText('Without that it is off now.').waitFor();
  // An operator changes no override of the past.
  assert.equal(await page.getByRole('button', { name: /verride: past$/ }).count(), 0);
  await page.getByLabel('As it was at').fill('');
  await page.waitForURL(url => !url.hash.includes('at='));
  await row(page, 'past').getByText("The customer's own override says off.").waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('an override in the dashboard is seen at once by a page that is open', async () => {
  const open = await browser.newPage();
  await open.goto(`${server.url}/demo`);
  await open.getByLabel('Customer').fill('customer-open');
  const shown = open.locator('#flags tr', { hasText: 'past' }).first();
  await shown.getByText('on', { exact: true }).first().waitFor();

  const { page, faults } = await signedIn(browser, server, { view: '/customers?id=customer-open' });
  await row(page, 'past').getByRole('button', { name: 'Override: past' }).click();
  await page.getByRole('dialog').getByLabel('Gets').selectOption('off');
  await confirm(page, 'Set the override', 'asked for it');
  await shown.getByText('off', { exact: true }).first().waitFor();
  assert.deepEqual(faults, []);
  await Promise.all([page.close(), open.close()]);
});
