// Segments in the dashboard: their uses, their life, and a deletion that the server refuses because something uses them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, changes, confirm, signedIn } from './operator.mjs';

const eu = { attribute: 'country', op: 'in', value: ['AT', 'DE'] };
const server = ownServer({
  document: {
    schema: 'twinflag/1',
    segments: { eu, alone: { attribute: 'plan', op: 'eq', value: 'pro' }, outer: { all: [{ not: { segment: 'eu' } }] } },
    flags: {
      direct: { rules: [{ if: { any: [{ segment: 'eu' }] }, serve: 'on' }] },
      // The value of a variant looks like a condition, and is none.
      unrelated: { type: 'object', variants: { a: { segment: 'alone' } }, on: 'a', off: 'a' },
    },
  },
});
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const segment = name => server.asAdmin(`/api/admin/segments/${name}`, { method: 'GET' });
/** A refusal that a test provokes; a deleted segment is asked for once more when its deletion is heard of. */
const unexpected = faults => faults.filter(fault => !/the server responded with a status of 4(04|12|22|28)/.test(fault));

test('each segment is told in words, with the flags and segments that use it', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/segments' });
  const item = name => page.locator(`[data-segment="${name}"]`);
  await item('eu').getByText('Holds if country is one of AT or DE.').waitFor();
  await item('eu').getByText('Used by 1 flag and 1 segment.').waitFor();
  await item('alone').getByText('Not used.').waitFor();
  await item('eu').getByRole('link', { name: 'eu' }).click();
  const uses = page.getByRole('region', { name: 'Used by' });
  await uses.getByRole('link').first().waitFor();
  assert.deepEqual(await uses.getByRole('link').allTextContents(), ['direct', 'outer']);
  await uses.getByRole('link', { name: 'direct' }).click();
  await page.getByRole('heading', { level: 1, name: 'direct' }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a segment that a flag uses is not deleted, and the server says which', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/segments/eu' });
  await page.getByRole('button', { name: 'Delete the segment' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Used by 1 flag and 1 segment.').waitFor();
  await dialog.getByLabel('Reason').fill('unused, I thought');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog
    .getByRole('alert')
    .getByText(/the flag "direct" could not be read/)
    .waitFor();
  assert.deepEqual((await segment('eu')).json().definition, eu);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a segment is created under a free name, edited, and deleted', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/segments' });
  await page.getByRole('button', { name: 'New segment' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('eu');
  await dialog.getByRole('button', { name: 'Create the segment' }).click();
  await dialog.getByText('There is a segment eu already.').waitFor();
  await dialog.getByLabel('Name').fill('staff/all');
  await dialog.getByLabel('Condition, as JSON').fill('{\n  "attribute": "plan",\n  "op": "resembles"\n}');
  await dialog.getByRole('button', { name: 'Create the segment' }).click();
  await dialog
    .getByRole('list', { name: 'Errors' })
    .getByText(/resembles/)
    .waitFor();
  await dialog.getByLabel('Condition, as JSON').fill('{ "attribute": "plan", "op": "eq", "value": "staff" }');
  await confirm(page, 'Create the segment', 'for our own people');
  await page.getByRole('heading', { level: 1, name: 'staff/all' }).waitFor();
  await page.getByText('Holds if plan is staff.').waitFor();

  await page.getByText('Edit the definition').click();
  await page.getByLabel('Definition, as JSON').fill('{ "attribute": "plan", "op": "eq", "value": "team" }');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByLabel('Reason').fill('renamed');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Holds if plan is team.').waitFor();
  assert.deepEqual((await segment('staff%2Fall')).json().definition, { attribute: 'plan', op: 'eq', value: 'team' });

  await page.getByRole('button', { name: 'Delete the segment' }).click();
  await confirm(page, 'Delete', 'over');
  await page.getByRole('heading', { level: 1, name: 'Segments' }).waitFor();
  assert.equal((await segment('staff%2Fall')).status, 404);
  assert.equal((await changes(server))[0].reason, 'over');
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('an edit by another operator keeps what is typed into a segment, and shows theirs', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/segments/alone' });
  await page.getByText('Edit the definition').click();
  const text = page.getByLabel('Definition, as JSON');
  const mine = '{ "attribute": "plan", "op": "eq", "value": "mine" }';
  await text.fill(mine);
  const theirs = { attribute: 'plan', op: 'eq', value: 'theirs' };
  const written = await server.asAdmin('/api/admin/segments/alone?reason=by+another', { method: 'PUT', body: theirs });
  assert.equal(written.status, 200, written.text);
  const notice = page.getByRole('alert').filter({ hasText: 'What you typed is kept.' });
  await notice.locator('.diff').getByText('theirs').waitFor();
  assert.equal(await text.inputValue(), mine);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a segment that is edited changes the answers of the flags that use it', async () => {
  assert.equal(await answer(server, 'direct', { country: 'AT' }), true);
  const { page } = await signedIn(browser, server, { view: '/segments/eu' });
  await page.getByText('Edit the definition').click();
  await page.getByLabel('Definition, as JSON').fill('{ "attribute": "country", "op": "in", "value": ["FR"] }');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByLabel('Reason').fill('moved');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('eu is saved.').waitFor();
  assert.equal(await answer(server, 'direct', { country: 'AT' }), false);
  await page.close();
});
