// Each role at the dashboard, on a worker as a deployment hosts it: what its views offer, and that none asks for what the server refuses.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { hostWorker, token } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { confirm, signedIn, visit } from './operator.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  segments: { eu: { attribute: 'country', op: 'eq', value: 'DE' } },
  flags: { first: { unit: 'customerId' }, second: { rules: [{ if: { segment: 'eu' }, serve: 'on' }] } },
};
let folder, server, browser;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT) });
  const admin = (path, options) => server.asAdmin(path, options).then(answer => assert.equal(answer.status, 200, answer.text));
  await admin('/api/admin/environments', { body: { name: 'staging', reason: 'a test' } });
  await admin('/api/admin/document?environment=staging', { method: 'PUT', body: { ...DOCUMENT, environment: 'staging' } });
  await admin('/api/admin/customers', { body: { customerId: 'ours', organizationId: 'o-1', reason: 'a test' } });
  await admin('/api/admin/customers', { body: { customerId: 'theirs', organizationId: 'o-2', reason: 'a test' } });
  const kill = { featureName: 'first', action: 'kill', reason: 'a test' };
  const step = { at: new Date(Date.now() + 86_400_000).toISOString(), method: 'POST', path: '/api/admin/feature-flags', body: kill };
  await admin('/api/admin/webhooks', { body: { label: 'a chat', url: 'https://hooks.example/x', enabled: false, reason: 'a test' } });
  await admin('/api/admin/schedules', { body: { steps: [step], reason: 'a test' } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

const tokenOf = claims =>
  token({ sub: 'ada', exp: Math.floor(Date.now() / 1000) + 600, app_metadata: { organizationId: 'o-1', ...claims } });

const EVERYONE = ['Features', 'Customers', 'Audit'];
const READERS = ['Features', 'Customers', 'Audit', 'Schedules', 'Segments', 'Document', 'Keys', 'Webhooks', 'Environments'];
/** The views, each with what is there once it is shown, for readers and for callers of one organization. */
const VIEWS = [
  ['/', '.rows > li', true],
  ['/flags/second', 'h1', true],
  ['/customers?id=ours', '.answers > li', true],
  ['/playground', 'datalist option', false],
  ['/audit', '.change, .state', true],
  ['/schedules', '[data-schedule]', false],
  ['/segments', '[data-segment]', false],
  ['/segments/eu', 'h1', false],
  ['/document', '.change', false],
  ['/keys', '.state', false],
  ['/webhooks', '[data-webhook]', false],
  ['/environments', '[data-environment]', false],
];
/** The buttons and fields by which each role changes something, one of each view: a caller with the right sees all, another none. */
const CHANGES = {
  steer: ['Turn off for everyone', 'first: enabled', 'Cancel: first, turn off for everyone'],
  administer: [
    'New flag',
    'Delete the segment',
    'New segment',
    'New key',
    'New token',
    'New environment',
    'Change the organization',
    'New webhook',
    'Remove: a chat',
  ],
  override: ['Override: first'],
};
const ROLES = {
  viewer: { links: READERS, rights: [] },
  operator: { links: READERS, rights: ['steer'] },
  admin: { links: READERS, rights: ['steer', 'administer', 'override'] },
  member: { links: EVERYONE, rights: [] },
  organization_admin: { links: EVERYONE, rights: ['override'] },
};

for (const [role, { links, rights }] of Object.entries(ROLES))
  test(`the views of a caller with the role ${role} offer what it may do and nothing else`, async () => {
    const { page, faults } = await signedIn(browser, server, { token: tokenOf({ role }) });
    const refused = [];
    page.on('response', response => {
      if (response.status() >= 400) refused.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    assert.deepEqual(await page.getByRole('navigation', { name: 'Views' }).getByRole('link').allTextContents(), links);
    const offered = [];
    const isReader = links === READERS;
    for (const [view, content, isForEveryone] of VIEWS) {
      await visit(page, view);
      if (isReader || isForEveryone) await page.locator(content).first().waitFor({ state: 'attached' });
      else await page.getByRole('alert').getByText('Not allowed.').waitFor();
      await page.waitForFunction(() => !document.querySelector('main [role=status].state'));
      offered.push(
        ...(await page.locator('main button:not([disabled])').evaluateAll(all => all.map(each => each.ariaLabel ?? each.textContent))),
      );
    }
    for (const [right, names] of Object.entries(CHANGES))
      for (const name of names) assert.equal(offered.includes(name), rights.includes(right), `${role}: ${name}`);
    assert.deepEqual(refused, [], 'no view asks for what the server refuses');
    assert.deepEqual(faults, []);
    await page.close();
  });

test('roles by environment change what is offered as soon as another environment is chosen', async () => {
  const roles = { production: 'admin', staging: 'viewer' };
  const { page, faults } = await signedIn(browser, server, { token: tokenOf({ role: roles }) });
  const button = page.getByRole('button', { name: 'New flag' });
  await button.waitFor();
  await page.locator('.environment select').selectOption('staging');
  await page.locator('.who').getByText('viewer').waitFor();
  await page.locator('.rows > li').first().waitFor();
  assert.equal(await button.count(), 0);
  await page.locator('.environment select').selectOption('');
  await button.waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a token of one environment opens that one by its link, and says so in another', async () => {
  const only = tokenOf({ role: 'operator', environments: ['staging'] });
  const { page } = await signedIn(browser, server, { token: only, view: '/?env=staging' });
  await page.locator('.rows > li').first().waitFor();
  await page.locator('.who').getByText('operator').waitFor();
  await visit(page, '/');
  await page.getByRole('alert').getByText('Not allowed.').waitFor();
  assert.equal(await page.locator('.rows > li').count(), 0);
  await visit(page, '/?env=staging');
  await page.locator('.rows > li').first().waitFor();
  await page.close();
});

test('an organization’s administrator decides about their own customers, and is refused those of others', async () => {
  const { page } = await signedIn(browser, server, { token: tokenOf({ role: 'organization_admin' }), view: '/customers?id=ours' });
  await page.getByRole('button', { name: 'Override: first' }).click();
  await confirm(page, 'Set the override', 'they asked');
  await page.getByText('1 override of their own.').waitFor();
  const [{ value }] = await server.evaluate({ flag: 'first', context: { customerId: 'ours' } });
  assert.equal(value, true);
  await visit(page, '/customers?id=theirs');
  // The server does not tell whether there is such a customer.
  await page.getByRole('alert').getByText('there is no such customer or organization').waitFor();
  await page.close();
});
