// The audit trail in the dashboard: filters in the address, the chain's verification, and callers who may look and not touch.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { changes, signedIn, visit } from './operator.mjs';

const server = ownServer({ document: { schema: 'twinflag/1', flags: { first: { unit: 'customerId' }, second: {} } } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const act = async body => {
  const answered = await server.asAdmin('/api/admin/feature-flags', { body: { reason: 'a test', ...body } });
  assert.equal(answered.status, 200, answered.text);
};
const sequences = page => page.locator('.change').evaluateAll(items => items.map(({ dataset }) => Number(dataset.sequence)));

test('filters of the trail stand in the address and show what the server has for them', async () => {
  await act({ featureName: 'first', action: 'kill' });
  await act({ featureName: 'second', action: 'kill' });
  await act({ featureName: 'first', customerId: 'customer-1', enabled: true });
  const { page, faults } = await signedIn(browser, server, { view: '/audit' });
  await page.locator('.change').first().waitFor();
  assert.deepEqual(
    await sequences(page),
    (await changes(server)).map(({ sequence }) => sequence),
  );

  const filtered = async (query, count) => {
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.waitForFunction(expected => document.querySelectorAll('.change').length === expected, count);
    assert.deepEqual(
      await sequences(page),
      (await changes(server, query)).map(({ sequence }) => sequence),
    );
  };
  await page.getByLabel('Flag').fill('first');
  await filtered('&flag=first', 3);
  await page.getByLabel('What').selectOption('flag.kill');
  await filtered('&flag=first&action=flag.kill', 1);
  assert.match(new URL(page.url()).hash, /flag=first/);
  await page.getByLabel('Flag').fill('');
  await filtered('&action=flag.kill', 2);
  await page.getByLabel('What').selectOption('');
  await page.getByLabel('Customer').fill('customer-1');
  await filtered('&customerId=customer-1', 1);
  await page.getByLabel('Customer').fill('');
  await page.getByLabel('Who').fill('somebody who never was here');
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await page.getByText('No change matches.').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('the chain is verified to its last record', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/audit' });
  const [{ sequence }] = await changes(server);
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await page.getByText(`The chain of ${sequence} records is whole.`).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a viewer reads every view and is offered no change, an operator none of definitions and overrides', async () => {
  const made = async role => {
    const answered = await server.asAdmin('/api/admin/tokens', { body: { name: `a-${role}`, role, reason: 'a test' } });
    assert.equal(answered.status, 200, answered.text);
    return answered.json().token;
  };
  const offered = async (role, view, settled) => {
    const { page, faults } = await signedIn(browser, server, { token: await made(role), view });
    await page.locator(settled).first().waitFor();
    const buttons = await page
      .locator('main button:not([disabled])')
      .evaluateAll(all => all.map(each => each.ariaLabel ?? each.textContent));
    return { page, faults, buttons };
  };
  const changing =
    /^(New flag|Edit: |Name someone|Turn |Choose|Add$|Override|Change|At a percentage|In tiers|Start|Roll|Set|Revert|Review|Assign|first: enabled|second: enabled)/;
  const viewer = await offered('viewer', '/', '.rows > li');
  const seen = [...viewer.buttons];
  for (const [view, settled] of [
    ['/flags/second', '.change'],
    ['/customers?id=customer-1', '.change'],
    ['/audit', '.change'],
  ]) {
    await visit(viewer.page, view);
    await viewer.page.locator(settled).first().waitFor();
    seen.push(
      ...(await viewer.page.locator('main button:not([disabled])').evaluateAll(all => all.map(each => each.ariaLabel ?? each.textContent))),
    );
  }
  assert.deepEqual(
    seen.filter(name => changing.test(name)),
    [],
  );
  assert.ok(seen.includes('Verify the chain'));

  const operator = await offered('operator', '/', '.rows > li');
  assert.ok(!operator.buttons.includes('New flag'));
  assert.ok(operator.buttons.includes('first: enabled'));
  await visit(operator.page, '/customers?id=customer-1');
  await operator.page.locator('.answers > li').first().waitFor();
  assert.equal(await operator.page.getByRole('button', { name: /verride/ }).count(), 0);
  assert.deepEqual([...viewer.faults, ...operator.faults], []);
  await Promise.all([viewer.page.close(), operator.page.close()]);
});
