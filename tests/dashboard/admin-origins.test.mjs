// The dashboard as a component of a page on another origin that has no back end: the page sends the operator's token itself, to a worker that
// lists its origin in `ADMIN_ORIGINS`.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { hostWorker } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { bundled, hostPage, policy } from './host-page.mjs';
import { changes, confirm } from './operator.mjs';

const DOCUMENT = JSON.stringify({ schema: 'twinflag/1', flags: { first: { unit: 'customerId' }, second: { unit: 'customerId' } } });
/** As a host writes it. */
const CLIENT = `(path, init) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', 'Bearer ' + given.token);
  return fetch(given.url + path, { ...init, headers });
}`;

let browser, folder, server, listed, other, script;
before(async () => {
  [browser, folder, script] = await Promise.all([launch(), dataFolder(), bundled(CLIENT)]);
  [listed, other] = await Promise.all([startHost(), startHost()]);
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { ADMIN_ORIGINS: originOf(listed) } });
});
after(async () => {
  await browser?.close();
  for (const host of [listed, other]) {
    host?.closeAllConnections();
    host?.close();
  }
  await server?.stop();
  await folder?.remove();
});

const originOf = host => `http://127.0.0.1:${host.address().port}`;

async function startHost() {
  const listening = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://host');
    const [type, body] = { '/page.js': ['text/javascript', script], '/style.css': ['text/css', ''] }[pathname] ?? [
      'text/html',
      hostPage({ url: server.url, token: server.adminToken }),
    ];
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy(server.url) }).end(body);
  });
  await new Promise(resolve => listening.listen(0, '127.0.0.1', resolve));
  return listening;
}

async function opened(host) {
  const { page, faults } = await newPage(browser);
  await page.goto(originOf(host));
  return { page, faults };
}

test('an operator turns a flag off from a listed page, and sees what others change', async () => {
  const { page, faults } = await opened(listed);
  await page.locator('.rows > li').first().waitFor();
  await page.getByRole('switch', { name: 'first: enabled' }).click();
  await confirm(page, 'Turn off for everyone', 'seen in the host');
  await page.getByText('first is off for everyone.').waitFor();
  const [record] = await changes(server);
  assert.deepEqual([record.action, record.flagPath, record.reason], ['flag.kill', 'first', 'seen in the host']);
  // The stream of changes comes across origins, too.
  const body = { featureName: 'second', action: 'kill', reason: 'by another operator' };
  assert.equal((await server.asAdmin('/api/admin/feature-flags', { body })).status, 200);
  await page.getByRole('switch', { name: 'second: enabled', checked: false }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('the playground of a listed page asks the worker for its program', async () => {
  const { page, faults } = await opened(listed);
  await page.getByRole('link', { name: 'Customers' }).click();
  await page.getByRole('link', { name: 'Any context' }).click();
  await page.getByLabel('Flag').fill('second');
  await page.getByLabel('Context, as JSON').fill('{"customerId":"c-1"}');
  await page.getByRole('button', { name: 'Ask the edge' }).click();
  await page.getByRole('region', { name: 'In this page' }).getByText('The edge agrees, at the same version.').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a page that is not listed shows nothing, and says that the server cannot be reached', async () => {
  const { page } = await opened(other);
  await page
    .getByRole('alert')
    .getByText(/cannot be reached/)
    .waitFor();
  assert.equal(await page.locator('.rows > li').count(), 0);
  await page.close();
});
