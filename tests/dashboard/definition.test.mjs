// A definition edited as JSON: errors at their lines, consequences by name, and two operators at the same flag.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { changes, signedIn } from './operator.mjs';

const flags = {
  faulty: { description: 'before', unit: 'customerId' },
  shared: { description: 'before', owner: 'team-a' },
  varied: { type: 'string', variants: { a: 'a', b: 'b' }, on: 'a', off: 'a' },
};
const server = ownServer({ document: { schema: 'twinflag/1', flags } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const definition = async key => (await server.asAdmin(`/api/admin/flags/${key}`, { method: 'GET' })).json().definition;
const write = async (key, body) => {
  const written = await server.asAdmin(`/api/admin/flags/${key}?reason=by+another`, { method: 'PUT', body });
  assert.equal(written.status, 200, written.text);
};
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

async function editing(key) {
  const { page, faults } = await signedIn(browser, server, { view: `/flags/${key}` });
  await page.getByText('Edit the definition').click();
  return { page, faults, text: page.getByLabel('Definition, as JSON') };
}

async function save(page, reason) {
  await press(page, 'Review');
  await page.getByRole('heading', { name: 'Before and after' }).waitFor();
  await page.getByLabel('Reason').fill(reason);
  await press(page, 'Save');
}

/** The browser itself reports each refused request. */
const unexpected = faults =>
  faults.filter(fault => !/Failed to load resource: the server responded with a status of 4(00|12|22)/.test(fault));

test('an error of the server stands at its line, which a press selects, and the mended text is saved', async () => {
  const { page, faults, text } = await editing('faulty');
  await text.fill('{ "description": ');
  await page.getByRole('alert').first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Review' }).isDisabled(), true);

  await text.fill(
    '{\n  "description": "after",\n  "rules": [\n    { "if": { "attribute": "plan", "op": "eq", "value": "pro" }, "serve": "no-such-variant" }\n  ]\n}',
  );
  await save(page, 'a rule');
  const error = page.getByRole('list', { name: 'Errors' }).getByRole('listitem').first();
  await error.getByText('/rules/0').waitFor();
  await error.getByRole('button', { name: 'Line 4' }).click();
  const selected = await text.evaluate(area => area.value.slice(area.selectionStart, area.selectionEnd));
  assert.match(selected, /no-such-variant/);
  assert.deepEqual(await definition('faulty'), flags.faulty);

  await text.fill(
    '{\n  "description": "after",\n  "rules": [\n    { "if": { "attribute": "plan", "op": "eq", "value": "pro" }, "serve": "on" }\n  ]\n}',
  );
  await save(page, 'a rule');
  await page.getByText('faulty is saved.').waitFor();
  assert.deepEqual(await definition('faulty'), {
    description: 'after',
    rules: [{ if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }],
  });
  assert.equal((await changes(server))[0].reason, 'a rule');
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a change by another operator keeps what is typed, shows theirs, and neither overwrites the other unseen', async () => {
  const { page, faults, text } = await editing('shared');
  const mine = JSON.stringify({ description: 'mine', owner: 'team-a' }, undefined, 2);
  await text.fill(mine);
  await write('shared', { description: 'before', owner: 'team-b' });
  const notice = page.getByRole('alert').filter({ hasText: 'What you typed is kept.' });
  await notice.waitFor();
  await notice.getByText('by another').waitFor();
  await notice.locator('.diff').getByText('team-b').waitFor();
  assert.equal(await text.inputValue(), mine);

  await press(page, 'Keep mine, compare with theirs');
  await save(page, 'mine is newer');
  await page.getByText('shared is saved.').waitFor();
  assert.deepEqual(await definition('shared'), { description: 'mine', owner: 'team-a' });

  await text.fill(JSON.stringify({ description: 'never sent' }));
  await write('shared', { description: 'theirs' });
  await press(page, 'Take theirs');
  assert.deepEqual(JSON.parse(await text.inputValue()), { description: 'theirs' });
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('an edit sent before the news of another one is refused with 412, and stays in the field', async () => {
  const { page, faults, text } = await editing('faulty');
  await text.fill('{ "description": "typed" }');
  await press(page, 'Review');
  await page.getByLabel('Reason').fill('raced');
  // The page's own look at the other edit comes too late.
  await page.route(/\/api\/admin\/(changes|flags\/faulty)\b/, route =>
    route.request().method() === 'GET' ? route.abort() : route.continue(),
  );
  await write('faulty', { description: 'first' });
  await press(page, 'Save');
  await page.getByRole('alert').filter({ hasText: 'Somebody else changed it.' }).waitFor();
  assert.equal(await text.inputValue(), '{ "description": "typed" }');
  assert.deepEqual(await definition('faulty'), { description: 'first' });
  assert.deepEqual(
    unexpected(faults).filter(fault => !/ERR_FAILED/.test(fault)),
    [],
  );
  await page.close();
});

test('a change that takes something away is saved once the operator allows that by its name', async () => {
  const override = { featureName: 'varied', customerId: 'customer-1', variant: 'b', reason: 'a test' };
  assert.equal((await server.asAdmin('/api/admin/feature-flags', { body: override })).status, 200);
  const { page, faults, text } = await editing('varied');
  const without = { type: 'string', variants: { a: 'a' }, on: 'a', off: 'a' };
  await text.fill(JSON.stringify(without));
  await save(page, 'b is over');
  const consequences = page.getByRole('list', { name: 'Consequences' }).getByRole('listitem');
  await consequences.getByText('1 override is concerned.').waitFor();
  assert.equal(await consequences.count(), 1);
  assert.deepEqual(await definition('varied'), flags.varied);

  await consequences.getByRole('checkbox', { name: 'Allow this' }).check();
  await press(page, 'Save');
  await page.getByText('varied is saved.').waitFor();
  assert.deepEqual(await definition('varied'), without);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});
