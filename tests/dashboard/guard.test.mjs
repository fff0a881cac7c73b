// The guard in the dashboard: real outcomes fill its figures, its chart and the strip, and roll a bad rollout back in front of the operator.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { accessible, answer, changes, signedIn, visit } from './operator.mjs';

const flags = { watched: { unit: 'customerId' }, quiet: { unit: 'customerId' }, tiered: { unit: 'customerId' } };
const server = ownServer({ document: { schema: 'twinflag/1', flags } });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const rollout = async (verb, body) => {
  const answered = await server.asAdmin(`/api/admin/rollout/${verb}`, { body: { reason: 'a test', ...body } });
  assert.equal(answered.status, 200, answered.text);
};
/** Reports an event of each of these units, by a server. */
async function report(flag, event, units) {
  const outcomes = units.map(unit => ({ id: randomUUID(), flag, variant: 'on', unit, event }));
  const answered = await server.asServer('/v1/outcomes', { body: { outcomes } });
  assert.equal(answered.status, 202, answered.text);
}
const units = (from, to) => Array.from({ length: to - from }, (_, index) => `session-${from + index}`);
const featureOf = async flag =>
  (await server.asAdmin(`/api/admin/feature-flags?featureName=${flag}`, { method: 'GET' })).json().features[0];

test('fifty good sessions and twenty bad ones: the page says how many errors roll back, shows them, and the roll back itself', async () => {
  await rollout('create', { featureName: 'watched', percentage: 50, start: true });
  const { page, faults } = await signedIn(browser, server, { view: '/flags/watched' });
  await page.getByText('Nothing was counted in this stage yet.').waitFor();
  await page.getByText('Nothing was reported in this time.').waitFor();
  await report('watched', 'enabled', units(0, 50));
  // The published boundary at a limit of 5 %: 11 errors of 50.
  await page.getByText('Rolls back at 11 of 50 errors; now 0.').waitFor();

  await report('watched', 'error', units(0, 20));
  await page.getByText('rolled back: nobody has it').waitFor();
  const [record] = await changes(server, '&flag=watched');
  assert.deepEqual([record.action, record.changedBy], ['rollout.rollback', 'system']);
  await page
    .locator('.change')
    .first()
    .getByText(/the guard: \d+ of \d+ outcomes had an error, the limit is 5 %/)
    .waitFor();
  assert.equal(await answer(server, 'watched', { customerId: 'anyone' }), false);

  // The figures by the hour are of this moment once the view is opened again.
  await visit(page, '/');
  const strip = page.getByRole('region', { name: 'Now' });
  await strip.getByText('Fired').waitFor();
  await strip.getByRole('link', { name: 'watched' }).first().waitFor();
  await strip.getByText('The hub answers.').waitFor();
  await strip.getByText('Push is up to date.').waitFor();
  await page.locator('li[data-flag=watched] .spark svg[aria-label="50 exposures and 20 errors in 24 hours"]').waitFor();
  await page.locator('li[data-flag=watched] .evaluated').waitFor();
  assert.equal(await page.locator('li[data-flag=quiet] .spark svg').count(), 0);
  await strip.getByRole('link', { name: 'watched' }).first().click();
  await page.getByText(/^Rolled back: .* by the guard\.$/).waitFor();
  assert.equal(await page.locator('.chart .rollback').count(), 2);
  await page.getByText('The same as a table').click();
  const cells = await page
    .getByRole('table')
    .locator('tbody tr')
    .evaluateAll(rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent)));
  assert.deepEqual(cells, [['50', '20', '40 %']]);
  await accessible(page, 'the chart');
  assert.deepEqual(faults, []);
  await page.close();
});

test('the gate of a tier says what it still wants of exposures and of time', async () => {
  await rollout('create', { featureName: 'tiered', start: true });
  const { rollout: state } = await featureOf('tiered');
  assert.deepEqual([state.rollbackThreshold.minSamples > 0, state.minTierDuration], [true, 48 * 3_600_000]);
  const { page, faults } = await signedIn(browser, server, { view: '/flags/tiered' });
  const wanted = `10 % is blocked: 0 of ${state.rollbackThreshold.minSamples} exposures, 0 h of 48 h.`;
  await page.locator('#gate', { hasText: wanted }).waitFor();
  await page.locator('#gate', { hasText: /Not before / }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});
