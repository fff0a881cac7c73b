// The list of flags: filters in the address, several flags at once, and a flag created in every environment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { until } from '../edge/reported.mjs';
import { ownServer } from '../own-server.mjs';
import { accessible, answer, changes, confirm, signedIn } from './operator.mjs';

const server = ownServer();
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A second environment with a flag of its own, and a third one without a document. */
async function prepare() {
  const made = await server.asAdmin('/api/admin/environments', { body: { name: 'staging', reason: 'a second one' } });
  assert.equal(made.status, 200);
  const document = { schema: 'twinflag/1', environment: 'staging', flags: { only_in_staging: { default: 'on' } } };
  const imported = await server.asAdmin('/api/admin/document?environment=staging&reason=first', { method: 'PUT', body: document });
  assert.equal(imported.status, 200, imported.text);
  const empty = await server.asAdmin('/api/admin/environments', { body: { name: 'empty', reason: 'a third one' } });
  assert.equal(empty.status, 200);
}
let prepared;
const opened = async options => {
  prepared ??= prepare();
  await prepared;
  return signedIn(browser, server, options);
};

const rows = page => page.locator('.rows > li').evaluateAll(items => items.map(({ dataset }) => dataset.flag).sort());
const features = async query => (await server.asAdmin(`/api/admin/feature-flags?${query}`, { method: 'GET' })).json().features;
const hash = page => new URL(page.url()).hash;

test('filters narrow the list, stand in the address, and a link shows the same list', async () => {
  const { page, faults } = await opened();
  await page.locator('.rows > li').first().waitFor();
  const all = await features('');
  assert.deepEqual(await rows(page), all.map(({ flagPath }) => flagPath).sort());

  await page.getByLabel('Stage').selectOption('beta');
  const beta = all.filter(({ stage }) => stage === 'beta').map(({ flagPath }) => flagPath);
  await page.getByText(`${beta.length} of ${all.length} flags`).waitFor();
  assert.deepEqual(await rows(page), beta.sort());
  assert.match(hash(page), /stage=beta/);

  await page.keyboard.press('/');
  await page.keyboard.type('retry');
  const found = all.filter(({ stage, flagPath, aliases }) => stage === 'beta' && /retry/i.test([flagPath, ...aliases].join(' ')));
  await page.getByText(`${found.length} of ${all.length} flags`).waitFor();
  assert.match(hash(page), /q=retry/);
  const link = hash(page);

  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => document.activeElement.closest('li').dataset.flag), found[0].flagPath);
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  await page.getByText(`${beta.length} of ${all.length} flags`).waitFor();

  const other = await opened({ view: link.slice(1) });
  await other.page.getByText(`${found.length} of ${all.length} flags`).waitFor();
  assert.deepEqual(
    await rows(other.page),
    found.map(({ flagPath }) => flagPath),
  );
  await other.page.getByLabel('Search flags').fill('no such flag');
  await other.page.getByRole('button', { name: 'Show all flags' }).click();
  await other.page.getByText(`${all.length} flags`, { exact: true }).waitFor();
  assert.deepEqual([...faults, ...other.faults], []);
  await Promise.all([page.close(), other.page.close()]);
});

test('chosen flags go off and back on together, each with its own record', async () => {
  const { page, faults } = await opened();
  const names = ['phase1_parent_storage', 'phase2_enhanced_storage'];
  for (const name of names) await page.getByRole('checkbox', { name: `Choose ${name}` }).check();
  const bulk = page.getByRole('region', { name: 'Chosen flags' });
  await bulk.getByRole('button', { name: 'Turn off' }).click();
  await confirm(page, 'Turn off for everyone', 'both are broken');
  await page.getByText('2 flags are off for everyone.').waitFor();
  const enabled = async () => Promise.all(names.map(async name => (await features(`featureName=${name}`))[0].enabled));
  assert.deepEqual(await enabled(), [false, false]);
  const kills = (await changes(server)).slice(0, 2);
  assert.deepEqual(
    kills.map(({ action, reason }) => [action, reason]),
    [
      ['flag.kill', 'both are broken'],
      ['flag.kill', 'both are broken'],
    ],
  );

  for (const name of names) await page.getByRole('checkbox', { name: `Choose ${name}` }).check();
  await bulk.getByRole('button', { name: 'Turn back on' }).click();
  await confirm(page, 'Turn back on', 'mended');
  await page.getByText('2 flags are back on.').waitFor();
  assert.deepEqual(await enabled(), [true, true]);
  assert.equal(await bulk.count(), 0);
  assert.deepEqual(faults, []);
  await page.close();
});

/** The browser itself reports each 404 by which a name is found to be free. */
const unexpected = faults => faults.filter(fault => !/404 \(Not Found\)/.test(fault));

async function fillIn(page, key) {
  await page.getByRole('button', { name: 'New flag' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox', { name: 'staging', checked: true }).waitFor();
  await dialog.getByLabel('Key').fill(key);
  return dialog;
}

test('a new flag is for nobody in production and for everybody in the others', async () => {
  const { page, faults } = await opened();
  const dialog = await fillIn(page, 'checkout_redesign');
  await dialog.getByText('Not in empty, which has no document yet').waitFor();
  await dialog.getByLabel('Description').fill('The new way to pay');
  await dialog.getByLabel('Owner').fill('payments');
  await dialog.getByRole('button', { name: 'Create the flag' }).click();
  await page.getByRole('heading', { level: 1, name: 'checkout_redesign' }).waitFor();
  const [first] = await features('featureName=checkout_redesign');
  assert.deepEqual([first.description, first.owner, first.stage], ['The new way to pay', 'payments', 'experimental']);
  assert.deepEqual([first.rollout.status, first.rollout.percentage], ['active', 0]);
  const [second] = await features('featureName=checkout_redesign&environment=staging');
  assert.deepEqual([second.rollout.status, second.rollout.percentage], ['active', 100]);
  assert.equal(await answer(server, 'checkout_redesign', { customerId: 'customer-1' }), false);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a new flag on tiers is planned, and for nobody before its start', async () => {
  const { page, faults } = await opened();
  const dialog = await fillIn(page, 'tiered_flag');
  await dialog.getByRole('radio', { name: /^Tiers/ }).check();
  await dialog.getByRole('button', { name: 'Create the flag' }).click();
  await page.getByRole('heading', { level: 1, name: 'tiered_flag' }).waitFor();
  const [{ rollout }] = await features('featureName=tiered_flag');
  assert.deepEqual([rollout.status, rollout.tier, rollout.percentage], ['planned', 0, 0]);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a name that another environment has is refused before anything is written', async () => {
  const { page, faults } = await opened();
  const dialog = await fillIn(page, 'only_in_staging');
  await dialog.getByRole('button', { name: 'Create the flag' }).click();
  await dialog.getByText('staging has a flag of this name already. Nothing was created.').waitFor();
  assert.equal((await server.asAdmin('/api/admin/flags/only_in_staging', { method: 'GET' })).status, 404);
  // The browser itself reports the two 404s by which the name is found to be free.
  assert.deepEqual(
    faults.filter(fault => !/404/.test(fault)),
    [],
  );
  await page.close();
});

test('a creation that breaks off says so, and goes on where it stopped', async () => {
  const { page } = await opened();
  const dialog = await fillIn(page, 'half_way');
  await page.route(
    url => url.pathname === '/api/admin/flags/half_way' && url.search.includes('staging') && url.search.includes('reason'),
    route => route.abort(),
    { times: 1 },
  );
  await dialog.getByRole('button', { name: 'Create the flag' }).click();
  await dialog.getByText('Only a part is written: 2 of 4 steps.').waitFor();
  assert.equal(await dialog.getByLabel('Key').isDisabled(), true);
  assert.equal((await features('featureName=half_way'))[0].rollout.percentage, 0);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('heading', { level: 1, name: 'half_way' }).waitFor();
  assert.equal((await features('featureName=half_way&environment=staging'))[0].rollout.percentage, 100);
  await page.close();
});

test('names that code asks for and that no flag has stand below the list', async () => {
  const ask = flag => server.request(`/ofrep/v1/evaluate/flags/${flag}`, { token: server.clientKey, body: { context: {} } });
  const misspelled = 'session_persistance';
  assert.equal((await ask(misspelled)).status, 404);
  assert.equal((await ask(misspelled)).status, 404);
  await until(
    async () => {
      await ask('phase1_parent_storage');
      return (await server.asAdmin('/api/admin/unknown-flags', { method: 'GET' })).json().unknownFlags;
    },
    found => found.some(({ name, asked }) => name === misspelled && asked === 2),
  );
  const { page, faults } = await opened();
  const names = page.getByRole('region', { name: 'Names without a flag' });
  await names.getByText(misspelled).waitFor();
  await names.getByText(/^2 evaluations, /).waitFor();
  await accessible(page, 'names without a flag');
  assert.deepEqual(faults, []);
  await page.close();
});
