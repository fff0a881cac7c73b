// The playground: the core in the page answers any context as one types, and the edge agrees at the same version.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { accessible, signedIn } from './operator.mjs';

const CONTEXTS = 100;
const server = ownServer();
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Contexts that differ in every attribute that the example flags ask for. */
function* contexts() {
  const of = (values, index) => values[index % values.length];
  for (let index = 0; index < CONTEXTS; index++) {
    yield {
      customerId: of(['customer-123', 'customer-456', `customer-${index}`], index),
      ...(index % 3 === 0 && { organizationId: of(['org-1', 'org-2'], index) }),
      ...(index % 5 !== 0 && { userId: `user-${index}` }),
      plan: of(['free', 'pro', 'enterprise', 7], index),
      country: of(['NZ', 'DE', 'US'], index),
    };
  }
}

test('for a hundred contexts the edge agrees with the core in the page, variant, reason, layer and bucket included', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/playground' });
  const names = (await server.asAdmin('/api/admin/feature-flags', { method: 'GET' })).json().features.map(({ featureName }) => featureName);
  const own = page.getByRole('region', { name: 'In this page' });
  await own.getByText('Name a flag.').waitFor();
  let index = 0;
  const seen = new Set();
  for (const context of contexts()) {
    const flag = names[index++ % names.length];
    await page.getByLabel('Flag').fill(flag);
    await page.getByLabel('Context, as JSON').fill(JSON.stringify(context));
    await page.getByRole('button', { name: 'Ask the edge' }).click();
    await own.getByText('The edge agrees, at the same version.').waitFor();
    seen.add(await own.locator('.answer').textContent());
  }
  assert.ok(seen.has('on') && seen.has('off'), [...seen].join());
  await accessible(page, 'the playground');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a change reaches the core in the page, and a text that is no context has no answer', async () => {
  const { page, faults } = await signedIn(browser, server, { view: '/playground?flag=phase1_parent_storage' });
  const own = page.getByRole('region', { name: 'In this page' });
  await own.getByText('on', { exact: true }).waitFor();
  await page.locator('.liveness[data-state=live]').waitFor();
  const killed = await server.asAdmin('/api/admin/feature-flags', {
    body: { featureName: 'phase1_parent_storage', action: 'kill', reason: 'a test' },
  });
  assert.equal(killed.status, 200);
  await own.getByText('off', { exact: true }).waitFor();
  for (const [text, said] of [
    ['{"userId":', 'The context is no JSON yet.'],
    ['[]', 'The context has to be an object.'],
  ]) {
    await page.getByLabel('Context, as JSON').fill(text);
    await own.getByText(said).waitFor();
    assert.equal(await own.locator('.answer').count(), 0);
  }
  assert.deepEqual(faults, []);
  await page.close();
});
