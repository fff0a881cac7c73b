// Targets and rules of a flag, edited where they are read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, changes, confirm, signedIn } from './operator.mjs';

const both = {
  all: [
    { attribute: 'plan', op: 'eq', value: 'pro' },
    { attribute: 'age', op: 'gt', value: 17 },
  ],
};
const flags = {
  steps: { unit: 'customerId' },
  compound: { rules: [{ name: 'grown-ups', if: both, serve: 'on' }] },
  raced: { rules: [{ if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }] },
};
const server = ownServer({ document: { schema: 'twinflag/1', flags } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const definition = async key => (await server.asAdmin(`/api/admin/flags/${key}`, { method: 'GET' })).json().definition;
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const unexpected = faults => faults.filter(fault => !/status of 4(00|12|22)/.test(fault));

test('a thousand customers are named by one paste, a rule is added, changed and removed, and each answers at once', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/flags/steps' });
  const dialog = page.getByRole('dialog');
  await press(page, 'Name someone');
  const pasted = Array.from({ length: 1000 }, (_, index) => `customer-${index}`);
  await dialog.getByLabel('Values').fill([...pasted, '', ' customer-7 '].join('\r\n'));
  await confirm(page, 'Add the target', 'the pilot');
  await page.getByText('or 995 more gets on.').waitFor();
  assert.deepEqual(await definition('steps'), {
    unit: 'customerId',
    targets: [{ attribute: 'customerId', values: pasted, variant: 'on' }],
  });
  assert.equal(await answer(server, 'steps', { customerId: 'customer-999' }), true);

  await press(page, 'Add a rule');
  await dialog.getByLabel('Attribute').fill('seats');
  await dialog.getByLabel('Compared').selectOption('gte');
  await dialog.getByLabel('Values').fill('50');
  await confirm(page, 'Add the rule', 'large customers');
  await page.getByText('If seats is at least 50: on.').waitFor();
  assert.deepEqual((await definition('steps')).rules, [{ if: { attribute: 'seats', op: 'gte', value: 50 }, serve: 'on' }]);
  const large = { customerId: 'other', seats: 60 };
  assert.equal(await answer(server, 'steps', large), true);

  await page.getByRole('button', { name: /^Edit: Rule 1/ }).click();
  await dialog.getByLabel('Compared').selectOption('in');
  await dialog.getByLabel('Values').fill('50\n"60"');
  await confirm(page, 'Change the rule', 'exactly these');
  await page.getByText('If seats is one of 50 or 60: on.').waitFor();
  assert.deepEqual((await definition('steps')).rules, [{ if: { attribute: 'seats', op: 'in', value: [50, '60'] }, serve: 'on' }]);
  assert.deepEqual([await answer(server, 'steps', large), await answer(server, 'steps', { ...large, seats: '60' })], [false, true]);

  await page.getByRole('button', { name: /^Edit: Rule 1/ }).click();
  await dialog.getByLabel('Remove this rule').check();
  await confirm(page, 'Remove the rule', 'no longer');
  await page.getByText('If seats').waitFor({ state: 'detached' });
  assert.deepEqual((await definition('steps')).rules, []);
  assert.equal((await changes(server))[0].reason, 'no longer');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a rule that says more than the form stays whole, as JSON, and an error of the server stands in the dialog', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/flags/compound' });
  await page.getByRole('button', { name: /^Edit: grown-ups/ }).click();
  const dialog = page.getByRole('dialog');
  const text = dialog.getByLabel('The rule, as JSON');
  assert.deepEqual(JSON.parse(await text.inputValue()), flags.compound.rules[0]);
  await dialog.getByLabel('Reason').fill('a slip');
  await text.fill(JSON.stringify({ ...flags.compound.rules[0], serve: 'no-such-variant' }));
  await press(page, 'Change the rule');
  await dialog.getByRole('alert').waitFor();
  assert.deepEqual(await definition('compound'), flags.compound);
  await text.fill(JSON.stringify({ name: 'adults', if: both, serve: 'on' }));
  await confirm(page, 'Change the rule', 'a better name');
  await page.getByText('adults', { exact: true }).waitFor();
  assert.deepEqual(await definition('compound'), { rules: [{ name: 'adults', if: both, serve: 'on' }] });
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a rule that somebody else changed meanwhile is not overwritten', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/flags/raced' });
  await page.getByRole('button', { name: /^Edit: Rule 1/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Values').fill('free');
  const theirs = { rules: [{ if: { attribute: 'plan', op: 'eq', value: 'team' }, serve: 'on' }] };
  const written = await server.asAdmin('/api/admin/flags/raced?reason=theirs', { method: 'PUT', body: theirs });
  assert.equal(written.status, 200, written.text);
  await page.getByText('If plan is team: on.').waitFor();
  await dialog.getByLabel('Reason').fill('mine');
  await press(page, 'Change the rule');
  await dialog.getByRole('alert').getByText('Somebody else changed it.').waitFor();
  assert.equal(await dialog.getByLabel('Values').inputValue(), 'free');
  assert.deepEqual(await definition('raced'), theirs);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});
