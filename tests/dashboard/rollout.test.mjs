// One flag's rollout in the dashboard: its tiers, any percentage, its lists, its guard, and the overrides beside it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, changes, confirm, signedIn } from './operator.mjs';

const flags = Object.fromEntries(['tiers', 'share', 'listed', 'guarded', 'overridden'].map(name => [name, { unit: 'customerId' }]));
const server = ownServer({ document: { schema: 'twinflag/1', flags } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const rollout = async flag =>
  (await server.asAdmin(`/api/admin/feature-flags?featureName=${flag}`, { method: 'GET' })).json().features[0].rollout;
const create = async (featureName, more) => {
  const answered = await server.asAdmin('/api/admin/rollout/create', { body: { featureName, reason: 'a test', ...more } });
  assert.equal(answered.status, 200, answered.text);
};
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

test('a rollout is planned, started, forced on, paused, resumed and rolled back, and everyone loses it at once', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/flags/tiers' });
  await press(page, 'In tiers');
  await confirm(page, 'Plan the rollout', 'begins in May');
  await page.getByText('planned: nobody has it yet').waitFor();

  await press(page, 'Start');
  await confirm(page, 'Start the rollout', 'May has come');
  await page.locator('#gate', { hasText: '10 % is blocked' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Advance to 10 %' }).isDisabled(), true);
  assert.equal(await page.getByRole('list', { name: 'Steps of the rollout' }).locator('[aria-current=step]').textContent(), '1 %');

  await press(page, 'Advance anyway');
  await page.getByRole('dialog').getByText('The audit trail marks it as forced.').waitFor();
  await confirm(page, 'Advance to 10 %', 'the shop waits for it');
  await page.getByText('10 % get it.').waitFor();
  const [forced] = await changes(server);
  assert.deepEqual([forced.action, forced.forced, forced.reason], ['rollout.advance', true, 'the shop waits for it']);

  await press(page, 'Pause');
  await confirm(page, 'Pause', 'for the week end');
  await page.getByText('paused: the share stays as it is').waitFor();
  await press(page, 'Resume');
  await confirm(page, 'Resume', 'Monday');
  await page.getByText('by the draw').waitFor();
  assert.deepEqual([(await rollout('tiers')).status, (await rollout('tiers')).percentage], ['active', 10]);

  await press(page, 'Roll back');
  await confirm(page, 'Roll back', 'the totals are wrong');
  await page.getByText('rolled back: nobody has it').waitFor();
  assert.equal((await rollout('tiers')).status, 'rolled_back');
  const answers = await Promise.all([...Array(20).keys()].map(i => answer(server, 'tiers', { customerId: `c${i}` })));
  assert.deepEqual(new Set(answers), new Set([false]));
  assert.deepEqual(faults, []);
  await page.close();
});

test('any percentage is set by its field or a step, and the dialog counts buckets before', async () => {
  await create('share', { percentage: 5, start: true });
  const { page, faults } = await signedIn(browser, server, { view: '/flags/share' });
  await page.getByLabel('Percentage').fill('50.125');
  await press(page, 'Set');
  await page.getByRole('dialog').getByText('45.125 % of all buckets get it in addition.').waitFor();
  await confirm(page, 'Set 50.125 %', 'no complaints');
  await page.getByText('share: 50.125 % get it.').waitFor();
  assert.equal((await rollout('share')).percentage, 50.125);

  await press(page, '100 %');
  await confirm(page, 'Set 100 %', 'all of them');
  await page.getByRole('button', { name: 'Complete' }).click();
  await confirm(page, 'Complete', 'it stays');
  await page.getByText('share: completed.').waitFor();
  assert.deepEqual([(await rollout('share')).status, await answer(server, 'share', { customerId: 'anyone' })], ['completed', true]);
  assert.deepEqual(faults, []);
  await page.close();
});

test('lists are pasted, only the difference is sent, and an entry of somebody else stays', async () => {
  await create('listed', { percentage: 0, start: true, whitelistedCustomers: ['old-1', 'old-2'] });
  const { page, faults } = await signedIn(browser, server, { view: '/flags/listed' });
  await press(page, 'Change the lists');
  const dialog = page.getByRole('dialog');
  const other = { featureName: 'listed', reason: 'another operator', add: { whitelistedCustomers: ['from-another'] } };
  assert.equal((await server.asAdmin('/api/admin/rollout/lists', { body: other })).status, 200);
  const pasted = Array.from({ length: 1000 }, (_, index) => `customer-${index}`);
  await dialog.getByLabel('Allowed (2)').fill(['old-2', ...pasted, '', ' customer-7 '].join('\r\n'));
  await dialog.getByLabel('Denied (0)').fill('customer-9\n');
  await dialog.getByLabel('Reason').fill('the first thousand');
  await dialog.getByRole('button', { name: 'Change the lists' }).click();
  await dialog.getByRole('alert').getByText('"customer-9" would stand on both lists').waitFor();
  await dialog.getByLabel('Denied (1)').fill('somebody-else\n');
  await confirm(page, 'Change the lists', 'the first thousand');
  await page.getByText('Allowed: 1002 · Denied: 1').waitFor();
  const { whitelistedCustomers, blacklistedCustomers } = await rollout('listed');
  assert.deepEqual(new Set(whitelistedCustomers), new Set(['old-2', 'from-another', ...pasted]));
  assert.deepEqual(blacklistedCustomers, ['somebody-else']);
  const of = customerId => answer(server, 'listed', { customerId });
  assert.deepEqual(
    [await of('customer-8'), await of('somebody-else'), await of('old-1'), await of('from-another')],
    [true, false, false, true],
  );
  // The browser itself reports the refused request.
  assert.deepEqual(faults, ['Failed to load resource: the server responded with a status of 400 (Bad Request)']);
  await page.close();
});

test("the guard's limit is changed as people say it: percent and hours", async () => {
  await create('guarded', { percentage: 5, start: true });
  const { page, faults } = await signedIn(browser, server, { view: '/flags/guarded' });
  await press(page, 'Change the guard');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Judges by').selectOption('threshold');
  await dialog.getByLabel('Errors, % at most').fill('2.5');
  await dialog.getByLabel('From exposures on').fill('40');
  await dialog.getByLabel('Time looked at, hours').fill('2');
  await confirm(page, 'Change the guard', 'payments are strict');
  await page.getByText('Rolls back by itself above 2.5 % errors within 2 h').waitFor();
  const { method, errorRate, minSamples, timeWindow } = (await rollout('guarded')).rollbackThreshold;
  assert.deepEqual([method, errorRate, minSamples, timeWindow], ['threshold', 0.025, 40, 7_200_000]);
  assert.deepEqual(faults, []);
  await page.close();
});

test('an override is added for a customer, answers at once, is shown at theirs with why, and is removed', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/flags/overridden' });
  await page
    .getByRole('region', { name: /^Overrides/ })
    .getByRole('button', { name: 'Add' })
    .click();
  await page.getByRole('dialog').getByLabel('Id').fill('customer-123');
  await confirm(page, 'Set the override', 'asked for it');
  await page.getByText('overridden for customer-123: on.').waitFor();
  assert.equal(await answer(server, 'overridden', { customerId: 'customer-123' }), true);
  assert.equal(await answer(server, 'overridden', { customerId: 'customer-124' }), false);

  await page
    .getByRole('region', { name: /^Overrides/ })
    .getByRole('link', { name: 'customer-123' })
    .click();
  const row = page.locator('.answers > li[data-flag=overridden]');
  await row.getByText("The customer's own override says on.").waitFor();
  await row.getByRole('button', { name: 'Why: overridden' }).click();
  await row.locator('.why').getByText('layer customer').waitFor();
  assert.equal(await row.locator('.why [data-settles=true]').count(), 1);
  await page.locator('.change').getByText('“asked for it”').waitFor();

  await row.getByRole('button', { name: 'Change override: overridden' }).click();
  await page.getByRole('dialog').getByLabel('Gets').selectOption('');
  await confirm(page, 'Remove the override', 'no longer');
  await page.getByText('No overrides of their own.').waitFor();
  assert.equal(await answer(server, 'overridden', { customerId: 'customer-123' }), false);
  assert.deepEqual(faults, []);
  await page.close();
});
