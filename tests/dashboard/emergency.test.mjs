// The shortest way of an operator through the dashboard: sign in, turn a flag off for everyone, find it in the audit trail, take it back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, changes, confirm, PATH, signedIn, visit } from './operator.mjs';

const FLAG = 'sessionPersistence.phase1.parentStorage';
const NAME = 'phase1_parent_storage';
const server = ownServer();
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('an operator turns a flag off with a reason, sees it in the audit trail and takes it back', async () => {
  const { page, faults } = await signedIn(browser, server);
  assert.equal(await answer(server, FLAG), true);

  await page.getByRole('switch', { name: `${NAME}: enabled` }).click();
  await confirm(page, 'Turn off for everyone', 'shows a blank page');
  await page.getByText(`${NAME} is off for everyone.`).waitFor();
  await page.getByRole('switch', { name: `${NAME}: enabled`, checked: false }).waitFor();
  assert.equal(await answer(server, FLAG), false);

  await page.getByRole('link', { name: 'Audit', exact: true }).click();
  const newest = page.locator('.change').first();
  await newest.getByText('“shows a blank page”').waitFor();
  assert.match(await newest.textContent(), /Turned off .*parentStorage/);
  const [kill] = await changes(server);
  assert.deepEqual([kill.action, kill.flagPath, kill.reason, kill.changedBy], ['flag.kill', FLAG, 'shows a blank page', 'developer']);

  await newest.getByRole('button', { name: /^Revert/ }).click();
  await confirm(page, 'Take it back', 'it was another flag');
  await page.getByText('Taken back.').waitFor();
  assert.equal(await answer(server, FLAG), true);
  assert.equal((await changes(server))[0].reverts, kill.id);
  assert.deepEqual(faults, []);
  await page.close();
});

test('a message offers to take back what was just done', async () => {
  const { page, faults } = await signedIn(browser, server);
  await page.getByRole('switch', { name: `${NAME}: enabled` }).click();
  await confirm(page, 'Turn off for everyone', 'a drill');
  await page.getByRole('status').getByRole('button', { name: 'Undo', exact: true }).click();
  await page.getByText('Undone.').waitFor();
  assert.equal(await answer(server, FLAG), true);
  assert.deepEqual(faults, []);
  await page.close();
});

test('a token that opens nothing is refused at the door, and stays out of every storage', async () => {
  const { page } = await newPage(browser);
  await page.goto(server.url + PATH);
  await page.getByLabel('Token').fill('not-a-token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('Signed out.').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);

  await page.getByLabel('Token').fill(server.adminToken);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, document.cookie, location.href, history.state]));
  assert.ok(!kept.includes(server.adminToken));
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await visit(page, '/audit');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.close();
});
