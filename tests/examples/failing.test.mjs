// A React page whose new side throws for a fifth of its visitors: each sees the old side, and the guard rolls the flag back without any other code.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { featureOf, startRollout, until } from '../edge/reported.mjs';
import { ownServer } from '../own-server.mjs';
import { bundle, createProject } from '../packaging/project.mjs';
import { startSite } from '../site.mjs';

/** Enough for the guard, which wants 20 errors or more. */
const VISITORS = 125;

const server = ownServer({
  document: { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { new_checkout: { unit: 'customerId' } } },
});
let project, site, browser;
before(async () => {
  project = await createProject({
    ours: ['@twinflag/client', '@twinflag/react'],
    others: { react: '19.3.1', 'react-dom': '19.3.1' },
    files: { 'main.jsx': await readFile(new URL('failing/main.jsx', import.meta.url), 'utf8') },
  });
  await bundle(project, ['main.jsx'], '--define:process.env.NODE_ENV="production"');
  await writeFile(
    project.path('dist/index.html'),
    '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="/main.js"></script>',
  );
  site = await startSite({ folder: project.path('dist'), worker: server.url });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await project?.remove();
});

test('a page that throws for a fifth of its visitors shows them the old side, and is rolled back by its one line', async () => {
  await startRollout(server, { flag: 'new_checkout' });
  const { page, faults } = await newPage(browser);
  await page.goto(`${site.url}/?key=${server.clientKey}`);
  await page.waitForFunction(() => globalThis.visit);
  await page.evaluate(count => globalThis.visit(count), VISITORS);
  await page.waitForFunction(count => globalThis.shown().filter(text => text !== '…').length === count, VISITORS, { timeout: 60_000 });
  assert.deepEqual(
    await page.evaluate(() => globalThis.shown()),
    Array.from({ length: VISITORS }, (_, visitor) => (visitor % 5 === 4 ? 'old' : 'new')),
  );
  await until(
    () => featureOf(server, 'new_checkout'),
    ({ status }) => status === 'rolled_back',
  );
  const { changes } = (await server.asAdmin('/api/admin/changes?action=rollout.rollback', { method: 'GET' })).json();
  assert.deepEqual(
    changes.map(({ changedBy, flagPath }) => [changedBy, flagPath]),
    [['system', 'new_checkout']],
  );
  // A visitor who looks at the page again.
  await page.evaluate(() => globalThis.dispatchEvent(new Event('focus')));
  await page.waitForFunction(() => globalThis.shown().every(text => text === 'old'), undefined, { timeout: 60_000 });
  assert.deepEqual(
    faults.filter(fault => !/no price for this basket/.test(fault)),
    [],
  );
  await page.close();
});
