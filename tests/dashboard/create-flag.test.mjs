// A new flag where production is not the first environment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { signedIn } from './operator.mjs';

const document = environment => ({ schema: 'twinflag/1', environment, flags: { there: {} } });
const server = ownServer({ document: document('staging') });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Two environments beside the first one. */
async function prepare() {
  for (const name of ['production', 'live']) {
    const made = await server.asAdmin('/api/admin/environments', { body: { name, reason: 'a test' } });
    assert.equal(made.status, 200, made.text);
    const query = `environment=${name}&reason=first`;
    const imported = await server.asAdmin(`/api/admin/document?${query}`, { method: 'PUT', body: document(name) });
    assert.equal(imported.status, 200, imported.text);
  }
}
let prepared;

const percentage = async (flag, environment) => {
  const query = `featureName=${flag}${environment ? `&environment=${environment}` : ''}`;
  const answer = await server.asAdmin(`/api/admin/feature-flags?${query}`, { method: 'GET' });
  return answer.json().features[0].rollout.percentage;
};

async function dialogFor(key) {
  prepared ??= prepare();
  await prepared;
  const { page } = await signedIn(browser, server);
  await page.getByRole('button', { name: 'New flag' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Key').fill(key);
  return { page, dialog };
}

async function created(page, dialog, key) {
  await dialog.getByRole('button', { name: 'Create the flag' }).click();
  await page.getByRole('heading', { level: 1, name: key }).waitFor();
  await page.close();
}

test('production is off whichever environment is the first one', async () => {
  const { page, dialog } = await dialogFor('careful');
  for (const [name, checked] of Object.entries({ staging: true, production: false, live: false }))
    await dialog.getByRole('checkbox', { name, checked }).waitFor();
  await dialog.getByText('For nobody in live, production until you set its percentage.').waitFor();
  await created(page, dialog, 'careful');
  assert.deepEqual(
    [await percentage('careful'), await percentage('careful', 'production'), await percentage('careful', 'live')],
    [100, 0, 0],
  );
});

test('an operator says where a new flag is on', async () => {
  const { page, dialog } = await dialogFor('nowhere');
  await dialog.getByRole('checkbox', { name: 'staging' }).uncheck();
  await dialog.getByRole('checkbox', { name: 'live' }).check();
  await created(page, dialog, 'nowhere');
  assert.deepEqual(
    [await percentage('nowhere'), await percentage('nowhere', 'production'), await percentage('nowhere', 'live')],
    [0, 0, 100],
  );
});
