// Keys and API tokens in the dashboard: secrets that are shown once, their ends, and what a revoked one still opens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { changes, confirm, signedIn } from './operator.mjs';

const server = ownServer({ document: { schema: 'twinflag/1', environment: 'production', flags: { first: {} } } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const listed = async kind => (await server.asAdmin(`/api/admin/${kind}`, { method: 'GET' })).json()[kind];
const reads = async key =>
  (await server.request('/ofrep/v1/evaluate/flags', { token: key, body: { context: { targetingKey: 'a' } } })).status;
const opens = async token => (await server.request('/api/admin/me', { method: 'GET', token })).status;
const unexpected = faults => faults.filter(fault => !/the server responded with a status of 4(00|09|22)/.test(fault));

/** The secret of an open dialog, which is in no part of the page once the dialog is closed. */
async function taken(page, name) {
  const dialog = page.getByRole('dialog', { name: 'Copy it now' });
  const secret = await dialog.getByLabel(name, { exact: true }).inputValue();
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.ok(!(await page.content()).includes(secret));
  return secret;
}

test('a server key is made with an end, shown once, and opens nothing once it is revoked', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/keys' });
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('For').selectOption('server');
  await dialog.getByLabel('Label').fill('the back end');
  await dialog.getByLabel('Ends').fill('2099-01-01T12:00');
  await dialog.getByLabel('Reason').fill('a new back end');
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  const secret = await taken(page, 'Key the back end');
  const [key] = await listed('keys');
  const end = await page.evaluate(() => new Date('2099-01-01T12:00').toISOString());
  assert.deepEqual([key.label, key.kind, key.expiresAt.slice(0, 16)], ['the back end', 'server', end.slice(0, 16)]);
  assert.equal(await reads(secret), 200);

  const item = page.locator(`[data-key="${key.id}"]`);
  await item.getByText(/^valid, ends in/).waitFor();
  await item.getByRole('button', { name: 'Revoke: the back end' }).click();
  await confirm(page, 'Revoke', 'it was in a log');
  await item.getByText('revoked just now').waitFor();
  assert.equal(await item.getByRole('button').count(), 0);
  assert.equal(await reads(secret), 401);
  const [record] = await changes(server);
  assert.deepEqual([record.action, record.reason], ['key.revoke', 'it was in a log']);
  assert.deepEqual(faults, []);
  await page.close();
});

test('a client key has the origins, tags and identities that the operator chose, and its secret is copied', async () => {
  const context = await browser.newContext();
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
  const { page, faults } = await signedIn(browser, server, { view: '/keys', context });
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Label').fill('the shop');
  await dialog.getByLabel('Origins of its pages').fill('https://shop.example\nnot an origin');
  await dialog.getByLabel('Tags').fill('shop\n\nsearch');
  await dialog.getByLabel('Identities').selectOption('signed');
  await dialog.getByLabel('Signed attributes').fill('plan\nemail');
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  await dialog.getByRole('alert').getByText('/origins/1').waitFor();
  await dialog.getByLabel('Origins of its pages').fill('https://shop.example\nhttps://www.shop.example');
  await dialog.getByRole('button', { name: 'Make the key' }).click();

  const shown = page.getByRole('dialog', { name: 'Copy it now' });
  await shown.getByRole('button', { name: 'Copy: Key the shop' }).click();
  await shown.getByText('Copied.').waitFor();
  assert.equal(
    await page.evaluate(() => navigator.clipboard.readText()),
    await shown.getByLabel('Key the shop', { exact: true }).inputValue(),
  );
  assert.match(await shown.getByLabel('Secret of its identities', { exact: true }).inputValue(), /^tf_identity_/);
  await shown.getByRole('button', { name: 'I have it' }).click();
  const key = (await listed('keys')).find(({ label }) => label === 'the shop');
  assert.deepEqual(key.origins, ['https://shop.example', 'https://www.shop.example']);
  assert.deepEqual(key.tags, ['shop', 'search']);
  assert.deepEqual(key.identity, { attributes: ['plan', 'email'], kind: 'signed' });
  await page.getByText('For pages, signed identities with plan, email').waitFor();
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});

test('a key that is rotated and its successor are both valid for the time that was chosen', async () => {
  const { id, key: old } = (await server.asAdmin('/api/admin/keys', { body: { kind: 'server', label: 'old', reason: 'a test' } })).json();
  const { page, faults } = await signedIn(browser, server, { view: '/keys' });
  await page.getByRole('button', { name: 'Rotate: old' }).click();
  await page.getByRole('dialog').getByLabel('The old key stays valid for').selectOption('3600000');
  await page.getByRole('dialog').getByRole('button', { name: 'Make its successor' }).click();
  const secret = await taken(page, 'Key old');
  await page
    .locator(`[data-key="${id}"]`)
    .getByText(/^replaced, ends in (1 hour|60 minutes)/)
    .waitFor();
  assert.deepEqual([await reads(old), await reads(secret)], [200, 200]);
  assert.deepEqual(faults, []);
  await page.close();
});

test('an API token opens what its role may, until it is revoked', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/keys' });
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('pipeline');
  await dialog.getByLabel('Role').selectOption('operator');
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  const secret = await taken(page, 'Token pipeline');
  const me = await server.request('/api/admin/me', { method: 'GET', token: secret });
  assert.deepEqual([me.status, me.json().role], [200, 'operator']);

  // No two valid tokens have one name.
  await page.getByRole('button', { name: 'New token' }).click();
  await dialog.getByLabel('Name').fill('pipeline');
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await page.getByRole('button', { name: 'Revoke: pipeline' }).click();
  await confirm(page, 'Revoke', 'the pipeline moved');
  const tokens = page.getByRole('list', { name: 'API tokens' });
  await tokens.getByText('revoked just now').waitFor();
  await tokens.getByText(/^last used (within the hour|1 hour ago)$/).waitFor();
  assert.equal(await opens(secret), 401);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});
