// Environments in the dashboard: opened and closed, and definitions that are copied after a look at the difference.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, confirm, signedIn } from './operator.mjs';

const varied = { type: 'string', variants: { a: 'a', b: 'b' }, on: 'a', off: 'a' };
const server = ownServer({
  document: {
    schema: 'twinflag/1',
    environment: 'production',
    flags: { shared: { description: 'old' }, same: { description: 'same' }, varied, raced: {} },
  },
});
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A second environment, with what the first one has and more. */
async function prepare() {
  const made = await server.asAdmin('/api/admin/environments', { body: { name: 'staging', reason: 'a test' } });
  assert.equal(made.status, 200, made.text);
  const imported = await server.asAdmin('/api/admin/document?environment=staging', {
    method: 'PUT',
    body: {
      schema: 'twinflag/1',
      environment: 'staging',
      segments: { eu: { attribute: 'country', op: 'eq', value: 'DE' } },
      flags: {
        shared: { description: 'new' },
        same: { description: 'same' },
        varied: { ...varied, variants: { a: 'a' } },
        regional: { rules: [{ if: { segment: 'eu' }, serve: 'on' }] },
        raced: { description: 'one' },
      },
    },
  });
  assert.equal(imported.status, 200, imported.text);
}
let prepared;

const definition = async (key, query = '') =>
  (await server.asAdmin(`/api/admin/flags/${key}${query}`, { method: 'GET' })).json().definition;
const unexpected = faults => faults.filter(fault => !/the server responded with a status of 4(09|12|22)/.test(fault));

async function opened() {
  prepared ??= prepare();
  await prepared;
  const { page, faults } = await signedIn(browser, server, { view: '/environments' });
  const form = page.getByRole('region', { name: 'Copy definitions' });
  await form.getByText(/^(What differs|Nothing in the source)/).waitFor();
  return {
    page,
    faults,
    form,
    definitions: form.getByRole('list', { name: 'Definitions' }),
    look: () => form.getByRole('button', { name: 'See the difference' }).click(),
    copy: async reason => {
      await form.getByLabel('Reason').fill(reason);
      await form.getByRole('button', { name: 'Copy to production' }).click();
    },
  };
}

test('definitions that differ are compared, and copied only then', async () => {
  const { page, faults, form, definitions, look, copy } = await opened();
  const offered = await form.getByRole('group').getByRole('checkbox').count();
  // All of it, the segment, and the four flags that are not the same.
  assert.equal(offered, 6);
  await form.getByLabel('shared changed').check();
  await look();
  await definitions.locator('.diff del').getByText('old').waitFor();
  await definitions.locator('.diff ins').getByText('new').waitFor();
  assert.deepEqual(await definition('shared'), { description: 'old' });
  await copy('it went well there');
  await page.getByText('Copied from staging to production.').waitFor();
  assert.deepEqual(await definition('shared'), { description: 'new' });
  assert.deepEqual(faults, []);
  await page.close();
});

test('a flag is not copied without the segment that it needs, and arrives turned off with it', async () => {
  const { page, faults, form, look, copy } = await opened();
  await form.getByLabel('regional new').check();
  await look();
  await form.getByRole('alert').getByText('/flags/regional/rules/0/if/segment').waitFor();
  assert.equal(await form.getByRole('button', { name: 'Copy to production' }).isDisabled(), true);
  await form.getByLabel('eu segment new').check();
  await look();
  await form.getByText('is new there, and arrives turned off').first().waitFor();
  await copy('both');
  await page.getByText('Copied from staging to production.').waitFor();
  assert.equal(await answer(server, 'regional', { country: 'DE' }), false);
  assert.deepEqual(await definition('regional'), await definition('regional', '?environment=staging'));
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('what a copy takes away from the target is allowed by its name', async () => {
  const { page, faults, form, look } = await opened();
  const override = { featureName: 'varied', customerId: 'customer-1', variant: 'b', reason: 'a test' };
  assert.equal((await server.asAdmin('/api/admin/feature-flags', { body: override })).status, 200);
  await form.getByLabel('varied changed').check();
  await look();
  await form.getByLabel('Reason').fill('without b');
  const button = form.getByRole('button', { name: 'Copy to production' });
  assert.equal(await button.isDisabled(), true);
  await form.getByRole('list', { name: 'Consequences' }).getByLabel('Allow this').check();
  await button.click();
  await page.getByText('Copied from staging to production.').waitFor();
  assert.deepEqual((await definition('varied')).variants, { a: 'a' });
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a copy is refused if the source has changed since the look, and the choice stays', async () => {
  const { page, faults, form, definitions, look, copy } = await opened();
  await form.getByLabel('raced changed').check();
  await look();
  await definitions.locator('.diff ins').getByText('one').waitFor();
  const written = await server.asAdmin('/api/admin/flags/raced?environment=staging&reason=by+another', {
    method: 'PUT',
    body: { description: 'two' },
  });
  assert.equal(written.status, 200, written.text);
  await copy('raced');
  await form.getByRole('alert').waitFor();
  assert.deepEqual(await definition('raced'), {});
  assert.equal(await form.getByLabel('raced changed').isChecked(), true);
  await look();
  await definitions.locator('.diff ins').getByText('two').waitFor();
  await copy('looked again');
  await page.getByText('Copied from staging to production.').waitFor();
  assert.deepEqual(await definition('raced'), { description: 'two' });
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('an environment is opened, chosen above, and closed', async () => {
  const { page, faults, form } = await opened();
  // To choose the other side's environment turns the copy around.
  await form.getByLabel('From').selectOption('production');
  assert.equal(await form.getByLabel('To').inputValue(), 'staging');
  await page.getByRole('button', { name: 'New environment' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('qa-2');
  await confirm(page, 'Open the environment', 'the testers need one');
  const item = page.locator('[data-environment="qa-2"]');
  await item.getByText('No document yet.').waitFor();
  await page.locator('.environment option[value="qa-2"]').waitFor({ state: 'attached' });
  await item.getByRole('button', { name: 'Close: qa-2' }).click();
  await confirm(page, 'Close the environment', 'over');
  await item.waitFor({ state: 'detached' });
  const { environments } = (await server.asAdmin('/api/admin/environments', { method: 'GET' })).json();
  assert.deepEqual(
    environments.map(({ name }) => name),
    ['production', 'staging'],
  );
  assert.deepEqual(faults, []);
  await page.close();
});
