// Access with an end: the override and its end are one request, and neither is there without the other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { hostWorker, token } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { answer, changes, confirm, signedIn } from './operator.mjs';

const HOUR_MS = 3_600_000;
const names = ['given', 'back', 'slow', 'whole', 'token'];
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  flags: Object.fromEntries(names.map(name => [name, { unit: 'customerId' }])),
};
let folder, server, browser;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT), settings: { TEST_CLOCK: 'on' } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

const admin = async (path, options) => {
  const answered = await server.asAdmin(`/api/admin/${path}`, options);
  assert.equal(answered.status, 200, answered.text);
  return answered.json();
};
const pending = async flag => (await admin(`schedules?flag=${flag}`, { method: 'GET' })).schedules;
/** The clock of the hub's jobs comes to a moment, in milliseconds since 1970. */
const elapse = at => admin('versions?limit=1', { method: 'GET', headers: { 'twinflag-now': String(at) } });
/** An end that is hours behind those of the tests before, to whose ends the clock of jobs has come. */
const end = () => {
  hours += 2;
  return Math.floor((Date.now() + hours * HOUR_MS) / 60_000) * 60_000;
};
let hours = 0;
const row = (page, flag) => page.locator(`.answers > li[data-flag=${flag}]`);

/** Chooses an end in the open dialog of an override, in the operator's own time. */
async function lasting(page, until) {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Lasts').selectOption('until');
  const local = await page.evaluate(
    moment => new Date(moment - new Date(moment).getTimezoneOffset() * 60_000).toISOString().slice(0, 16),
    until,
  );
  await dialog.getByLabel('Until', { exact: true }).fill(local);
  return dialog;
}

test('a customer has access within seconds until its end, both under one reason, and then what everyone has', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/customers?id=c-1' });
  await row(page, 'given').getByRole('button', { name: 'Override: given' }).click();
  const until = end();
  const dialog = await lasting(page, until);
  await dialog.getByText('At the end the override is removed').waitFor();
  await confirm(page, 'Give it until then', 'a trial of two hours');
  await row(page, 'given').getByText("The customer's own override says on.").waitFor();
  await row(page, 'given')
    .getByText(/^override ends /)
    .waitFor();
  assert.equal(await answer(server, 'given', { customerId: 'c-1' }), true);
  const [ending, ...others] = await pending('given');
  assert.deepEqual([others.length, Date.parse(ending.at), ending.body.customerId, ending.body.enabled], [0, until, 'c-1', null]);

  await elapse(until);
  await row(page, 'given').getByText('the default of the flag answers').waitFor();
  assert.equal(await answer(server, 'given', { customerId: 'c-1' }), false);
  const [last, first] = await changes(server, '&flag=given');
  assert.deepEqual([last.action, first.action], ['override.remove', 'override.set']);
  assert.deepEqual([last.reason, first.reason], ['a trial of two hours', 'a trial of two hours']);
  assert.deepEqual(faults, []);
  await page.close();
});

test('an organization with an override of its own has it back at the end', async () => {
  await admin('feature-flags', { body: { featureName: 'back', organizationId: 'o-1', enabled: false, reason: 'not for them' } });
  const { page, faults } = await signedIn(browser, server, { view: '/flags/back' });
  const overrides = page.getByRole('region', { name: /^Overrides/ });
  await overrides.getByRole('button', { name: 'Change the override of o-1' }).click();
  const until = end();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Gets').selectOption('on');
  await lasting(page, until);
  await dialog.getByText('At the end it is off again, as it is now').waitFor();
  await confirm(page, 'Give it until then', 'a week of trial');
  await overrides.getByText(/^off from /).waitFor();
  await overrides.locator('b', { hasText: /^on$/ }).waitFor();
  await elapse(until);
  await overrides.locator('b', { hasText: /^off$/ }).waitFor();
  assert.deepEqual(await pending('back'), []);
  assert.deepEqual(faults, []);
  await page.close();
});

test('an end that the server refuses leaves no access behind', async () => {
  const { page } = await signedIn(browser, server, { view: '/customers?id=c-2' });
  await row(page, 'whole').getByRole('button', { name: 'Override: whole' }).click();
  const dialog = await lasting(page, end());
  await dialog.getByLabel('Reason').fill('a trial');
  // Two years ahead, which the field itself would not let pass.
  await dialog.locator('form').evaluate(form => {
    form.noValidate = true;
  });
  await dialog.getByLabel('Until', { exact: true }).fill(`${new Date().getFullYear() + 2}-01-01T00:00`);
  await dialog.getByRole('button', { name: 'Give it until then' }).click();
  await dialog.getByRole('alert').getByText('/steps/1/at').waitFor();
  assert.deepEqual(await pending('whole'), []);
  assert.equal(await answer(server, 'whole', { customerId: 'c-2' }), false);
  assert.deepEqual(await changes(server, '&flag=whole&action=schedule.add'), []);
  await page.close();
});

test('a device whose clock is behind that of the server gives access all the same', async () => {
  const context = await browser.newContext();
  await context.clock.install({ time: Date.now() - 30_000 });
  const { page } = await signedIn(browser, server, { context, view: '/customers?id=c-3' });
  await row(page, 'slow').getByRole('button', { name: 'Override: slow' }).click();
  await lasting(page, end());
  await confirm(page, 'Give it until then', 'a trial');
  await row(page, 'slow').getByText("The customer's own override says on.").waitFor();
  const [ends, ...others] = await pending('slow');
  assert.deepEqual([others.length, ends.body.enabled], [0, null]);
  await context.close();
});

test('a caller whose right may end before is offered no end, nor is one who may not schedule', async () => {
  const { token: secret } = await admin('tokens', { body: { name: 'robot', role: 'admin', reason: 'a test' } });
  const { page } = await signedIn(browser, server, { token: secret, view: '/customers?id=c-4' });
  await row(page, 'token').getByRole('button', { name: 'Override: token' }).click();
  await page.getByRole('dialog').getByText('An override with an end is given by a person').waitFor();
  assert.equal(await page.getByRole('dialog').getByLabel('Lasts').count(), 0);
  await page.close();

  const exp = Math.floor(Date.now() / 1000) + 600;
  await admin('customers', { body: { customerId: 'ours', organizationId: 'o-1', reason: 'a test' } });
  const own = token({ sub: 'ada', exp, app_metadata: { role: 'organization_admin', organizationId: 'o-1' } });
  const other = await signedIn(browser, server, { token: own, view: '/customers?id=ours' });
  await row(other.page, 'token').getByRole('button', { name: 'Override: token' }).click();
  assert.equal(await other.page.getByRole('dialog').getByLabel('Lasts').count(), 0);
  assert.deepEqual(other.faults, []);
  await other.page.close();
});
