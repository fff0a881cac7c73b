// Webhooks in the dashboard: real targets on this machine are made, tried, fail, are given up, paused and removed, and the page says how it stands.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { isGenuine, receiver } from '../edge/receiver.mjs';
import { hostWorker } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { accessible, changes, confirm, signedIn } from './operator.mjs';

const DOCUMENT = { schema: 'twinflag/1', environment: 'production', flags: { first: {} } };
const ends = [];
let server, browser;
before(async () => {
  const folder = await dataFolder();
  ends.push(folder.remove);
  server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT), settings: { WEBHOOKS_PRIVATE: 'on' } });
  ends.push(server.stop);
  browser = await launch();
  ends.push(() => browser.close());
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

async function target(answer) {
  const made = await receiver(answer);
  ends.push(made.stop);
  return made;
}
const admin = async (path, options) => {
  const answered = await server.asAdmin(`/api/admin/${path}`, options);
  assert.equal(answered.status, 200, answered.text);
  return answered.json();
};
const create = (label, url, more) => admin('webhooks', { body: { label, url, private: true, reason: 'a test', ...more } });
const listed = async label => (await admin('webhooks', { method: 'GET' })).webhooks.find(each => each.label === label);
const turn = action => admin('feature-flags', { body: { featureName: 'first', action, reason: `to ${action} it` } });
const item = (page, label) => page.locator('[data-webhook]').filter({ hasText: label });

test('a webhook is made, its secret is shown once and signs, and a change is delivered and listed', async () => {
  const receiving = await target();
  const { page, faults } = await signedIn(browser, server, { view: '/webhooks' });
  await page.getByText('No target is told of changes yet.').waitFor();
  await page.getByRole('button', { name: 'New webhook' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Label').fill('archive');
  await dialog.getByLabel('Address of the target').fill(`${receiving.url}/with/sesame`);
  // A rollback and all that is none of the other kinds.
  for (const kind of ['rollouts that the guard held', 'uses of the break-glass token', 'keys and API tokens', 'schedules'])
    await dialog.getByLabel(kind).uncheck();
  await accessible(page, 'the dialog of a new webhook');
  // The address is one of this machine, which has to be said.
  await dialog.getByRole('button', { name: 'Make the webhook' }).click();
  await dialog.getByRole('alert').getByText('/url').waitFor();
  await dialog.getByLabel('The target is in a private network').check();
  await dialog.getByRole('button', { name: 'Make the webhook' }).click();
  const shown = page.getByRole('dialog', { name: 'Copy it now' });
  const secret = await shown.getByLabel('Secret of archive', { exact: true }).inputValue();
  await shown.getByRole('button', { name: 'I have it' }).click();
  await shown.waitFor({ state: 'detached' });
  assert.ok(!(await page.content()).includes(secret));
  assert.ok(!(await page.content()).includes('with/sesame'));
  assert.deepEqual((await listed('archive')).kinds, ['change', 'rollback']);

  await turn('kill');
  await receiving.until(messages => messages.length > 0);
  assert.ok(isGenuine(secret, receiving.messages[0]));
  const row = item(page, 'archive');
  await row.getByText('delivering').waitFor();
  await row.getByText('Told of rollbacks, by the guard or an operator; all other changes').waitFor();
  await row.getByText('Last attempts').click();
  const attempts = row.getByRole('list', { name: 'Attempts of archive' });
  await attempts.getByText(/^taken: 204, \d+ ms$/).waitFor();
  await attempts.getByText('Turned off').waitFor();
  await turn('revive');
  assert.deepEqual(
    faults.filter(fault => !/status of 400/.test(fault)),
    [],
  );
  await page.close();
});

test('a test is delivered and says how the target took it, also one that takes nothing', async () => {
  let status = 204;
  const receiving = await target(() => status);
  await create('tried', receiving.url, { kinds: ['key'] });
  const { page, faults } = await signedIn(browser, server, { view: '/webhooks' });
  await page.getByRole('button', { name: 'Send a test: tried' }).click();
  await item(page, 'tried')
    .getByText(/^taken: 204, \d+ ms$/)
    .waitFor();
  assert.equal(receiving.messages[0].json.type, 'webhook.test');
  status = 500;
  await page.getByRole('button', { name: 'Send a test: tried' }).click();
  await item(page, 'tried')
    .getByText(/^not taken: it answered 500, \d+ ms$/)
    .waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a target that fails says since when, and one that is given up why and how it goes on', async () => {
  // Something is wrong for now at the first; the second is gone for good.
  const [failing, gone] = [await target(() => 503), await target(() => 410)];
  await create('failing', failing.url);
  await create('gone', gone.url);
  await turn('kill');
  const { page, faults } = await signedIn(browser, server, { view: '/webhooks' });
  await item(page, 'gone')
    .getByText(/^given up/)
    .waitFor();
  const [record] = await changes(server, '&action=webhook.disable');
  assert.match(record.reason, /it answered 410$/);
  await item(page, 'gone').getByText(record.reason).waitFor();
  await item(page, 'failing')
    .getByText(/^failing since/)
    .waitFor();
  await item(page, 'failing').getByText('Last attempts').click();
  await item(page, 'failing')
    .getByText(/^not taken: it answered 503/)
    .first()
    .waitFor();
  await item(page, 'failing').getByText('The next attempt is due').waitFor();
  await accessible(page, 'webhooks that fail');
  await turn('revive');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a webhook is changed in what was touched alone, paused, enabled and removed, each with a reason in the trail', async () => {
  const receiving = await target();
  const { id } = await create('on call', receiving.url, { kinds: ['rollback', 'held'] });
  const { page, faults } = await signedIn(browser, server, { view: '/webhooks' });
  await page.getByRole('button', { name: 'Change: on call' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Label').fill('night shift');
  // Another operator changes something else meanwhile.
  await admin(`webhooks/${id}`, { method: 'PUT', body: { format: 'slack', reason: 'they have Slack' } });
  await confirm(page, 'Change the webhook', 'the shift has a name');
  await item(page, 'night shift').getByText('as lines for Slack').waitFor();
  const { label, format, kinds, url } = await listed('night shift');
  assert.deepEqual([label, format, kinds], ['night shift', 'slack', ['rollback', 'held']]);
  assert.ok(receiving.url.startsWith(url.replace(/\/….*$/, '')), url);

  await page.getByRole('button', { name: 'Pause: night shift' }).click();
  await confirm(page, 'Pause', 'holidays');
  await item(page, 'night shift').getByText('An operator paused it').waitFor();
  assert.equal((await listed('night shift')).enabled, false);
  await page.getByRole('button', { name: 'Enable: night shift' }).click();
  await confirm(page, 'Enable', 'back at work');
  await item(page, 'night shift').getByText('delivering').waitFor();
  await page.getByRole('button', { name: 'Remove: night shift' }).click();
  await confirm(page, 'Remove', 'the shift ended');
  await item(page, 'night shift').waitFor({ state: 'detached' });
  assert.equal(await listed('night shift'), undefined);
  const records = (await changes(server)).slice(0, 5).map(({ action, reason }) => `${action}: ${reason}`);
  assert.deepEqual(records, [
    'webhook.remove: the shift ended',
    'webhook.change: back at work',
    'webhook.change: holidays',
    'webhook.change: the shift has a name',
    'webhook.change: they have Slack',
  ]);
  assert.deepEqual(faults, []);
  await page.close();
});
