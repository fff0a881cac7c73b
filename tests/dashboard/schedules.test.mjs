// Schedules in the dashboard: changes that the hub carries out later, where they are shown, cancelled, and told as refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { hostWorker } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { accessible, changes, confirm, signedIn, visit } from './operator.mjs';

const DAY_MS = 86_400_000;
const names = ['ramped', 'stopped', 'cancelled', 'refused', 'tiers', 'typed', 'worded'];
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  flags: Object.fromEntries(names.map(name => [name, { unit: 'customerId' }])),
};
let folder, server, browser;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT), settings: { TEST_CLOCK: 'on' } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

const admin = async (path, options) => {
  const answered = await server.asAdmin(`/api/admin/${path}`, options);
  assert.equal(answered.status, 200, answered.text);
  return answered.json();
};
const pending = async (flag = '') => (await admin(`schedules?flag=${flag}&limit=500`, { method: 'GET' })).schedules;
const post = (path, body, at = 0) => ({ at: new Date(at).toISOString(), method: 'POST', path: `/api/admin/${path}`, body });
const remove = path => ({ method: 'DELETE', path: `/api/admin/${path}` });
const add = (...steps) => admin('schedules', { body: { steps, reason: 'as planned' } });
/** The clock of the hub's jobs comes to a moment, in milliseconds since 1970. */
const elapse = at => admin('versions?limit=1', { method: 'GET', headers: { 'twinflag-now': String(at) } });
/** A time of the operator's own clock as the field takes it. */
const typed = (page, at) =>
  page.evaluate(moment => new Date(moment - new Date(moment).getTimezoneOffset() * 60_000).toISOString().slice(0, 16), at);
/** A moment to the minute, in milliseconds. */
const minute = at => Math.floor(at / 60_000) * 60_000;

/** The next 20 January or 20 February, at 9:00 UTC, that is at least a day and at most eleven months away. */
function winter() {
  const year = new Date().getUTCFullYear();
  const days = [year, year + 1].flatMap(each => [Date.UTC(each, 0, 20, 9), Date.UTC(each, 1, 20, 9)]);
  return days.find(day => day > Date.now() + DAY_MS);
}

/** A page in a time zone that is never UTC. */
async function inBerlin(options) {
  const context = await browser.newContext({ timezoneId: 'Europe/Berlin' });
  return { ...(await signedIn(browser, server, { context, ...options })), close: () => context.close() };
}

/** Chooses a moment in the open dialog of a change. */
async function choose(page, at) {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('When').selectOption('later');
  await dialog.getByLabel('Moment').fill(await typed(page, at));
  return dialog;
}

test('a percentage is scheduled in the operator’s own time, shown with UTC, by its author and reason, and in the list of flags', async () => {
  await admin('rollout/create', { body: { featureName: 'ramped', percentage: 10, start: true, reason: 'a test' } });
  const { page, faults, close } = await inBerlin({ view: '/flags/ramped' });
  // A winter's day: Berlin is an hour ahead of UTC.
  const at = winter();
  const day = new Date(at).toISOString().slice(0, 10);
  const shown = `${new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' }).format(at)} 20`;
  await page.getByRole('button', { name: '50 %', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('When').selectOption('later');
  await dialog.getByLabel('Moment').fill(`${day}T10:00`);
  await dialog.getByText(new RegExp(`^Europe/Berlin · .*${shown}, 09:00 UTC$`)).waitFor();
  await accessible(page, 'the dialog of a change to come');
  await confirm(page, 'Schedule it', 'the week after the launch');
  await page.getByText(new RegExp(`^ramped: scheduled for .*${shown}, 10:00\\.$`)).waitFor();
  const [schedule, ...others] = await pending('ramped');
  assert.equal(others.length, 0);
  const { path, body, reason, createdBy } = schedule;
  assert.deepEqual(
    [Date.parse(schedule.at), path, body.percentage, body.featureName, reason, createdBy],
    [at, '/api/admin/rollout/percentage', 50, 'ramped', 'the week after the launch', 'tester'],
  );
  // The flags are as they were.
  const [{ rollout }] = (await admin('feature-flags?featureName=ramped', { method: 'GET' })).features;
  assert.equal(rollout.percentage, 10);

  await page.getByRole('region', { name: 'Scheduled' }).getByText('set to 50 %').waitFor();
  await page
    .locator('.facts')
    .getByText(new RegExp(`next 50 % on .*${shown}, 10:00`))
    .waitFor();
  await page.locator('.change').getByText('Scheduled ramped: set to 50 %').waitFor();
  await visit(page, '/');
  const row = page.locator('.rows > li[data-flag=ramped]');
  await row.getByText(new RegExp(`^next 50 % on .*${shown}, 10:00$`)).waitFor();
  await page.getByRole('region', { name: 'Now' }).locator('.next').getByText('set to 50 %').waitFor();
  await page.getByRole('link', { name: 'Schedules' }).click();
  const item = page.locator(`[data-schedule="${schedule.id}"]`);
  await item.getByText('“the week after the launch”').waitFor();
  const text = await item.textContent();
  for (const part of [`${shown}, 10:00`, `${shown}, 09:00 UTC`, 'ramped: set to 50 %', 'tester · service'])
    assert.ok(text.includes(part), `${part} in ${text}`);
  assert.deepEqual(faults, []);
  await close();
});

test('a kill is scheduled by the dialog that kills, carried out by the hub at its moment, and leaves the list by itself', async () => {
  const { page, faults, close } = await inBerlin({ view: '/flags/stopped' });
  await page.getByRole('button', { name: 'Turn off for everyone' }).click();
  const at = minute(Date.now() + DAY_MS);
  await choose(page, at);
  await confirm(page, 'Schedule it', 'the sale is over');
  await visit(page, '/schedules');
  const item = page.getByRole('listitem').filter({ hasText: 'stopped: turn off for everyone' });
  await item.waitFor();
  // The page is told of what the hub did.
  await elapse(at);
  await item.waitFor({ state: 'detached' });
  const [record] = await changes(server, '&flag=stopped');
  assert.deepEqual([record.action, record.changedBy, record.reason], ['flag.kill', 'tester', 'the sale is over']);
  assert.deepEqual(faults, []);
  await close();
});

test('a schedule is cancelled with a reason, and the others stay', async () => {
  const at = Date.now() + 3 * DAY_MS;
  const kill = { featureName: 'cancelled', action: 'kill', reason: 'r' };
  const { ids } = await add(post('feature-flags', kill, at), post('feature-flags', { ...kill, action: 'revive' }, at + DAY_MS));
  const { page, faults } = await signedIn(browser, server, { view: '/schedules' });
  const button = page.getByRole('button', { name: 'Cancel: cancelled, turn off for everyone' });
  await button.click();
  await page.getByRole('dialog').getByText('Nothing happens then').waitFor();
  await confirm(page, 'Cancel the schedule', 'the launch is later');
  await button.waitFor({ state: 'detached' });
  assert.deepEqual(
    (await pending('cancelled')).map(({ id }) => id),
    [ids[1]],
  );
  const [record] = await changes(server, '&action=schedule.cancel');
  assert.deepEqual([record.schedule, record.reason], [ids[0], 'the launch is later']);
  assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0, 'no revert brings a schedule back');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a step that the hub refused when it was due is told by its code in a sentence, with what was wanted and by whom', async () => {
  const at = Date.now() + 4 * DAY_MS;
  // The flag has no rollout, which may be another matter by then.
  await add(post('rollout/start', { featureName: 'refused' }, at));
  const { page, faults } = await signedIn(browser, server, { view: '/schedules' });
  await page.getByRole('listitem').filter({ hasText: 'refused: start the rollout' }).waitFor();
  await elapse(at);
  const item = page.locator('[data-refused]');
  await item.getByText('The rollout was in a state that does not allow this step.').waitFor();
  const [record] = await changes(server, '&action=schedule.refuse');
  assert.deepEqual([record.newJson.code, record.flagPath], ['ILLEGAL_STEP', 'refused']);
  const text = await item.textContent();
  for (const part of ['refused: start the rollout', `The hub said: ${record.newJson.detail}`, 'Scheduled by tester'])
    assert.ok(text.includes(part), `${part} in ${text}`);
  await accessible(page, 'schedules with a refusal');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a tier whose gate is closed is scheduled from where it is blocked, tried again, and says what it waits for', async () => {
  await admin('rollout/create', { body: { featureName: 'tiers', reason: 'a test' } });
  await admin('rollout/start', { body: { featureName: 'tiers', reason: 'a test' } });
  const [{ rollout }] = (await admin('feature-flags?featureName=tiers', { method: 'GET' })).features;
  const { page, faults } = await signedIn(browser, server, { view: '/flags/tiers' });
  await page.getByRole('button', { name: 'Advance later' }).click();
  const dialog = page.getByRole('dialog');
  // The first minute behind the tier's shortest time, and a day of attempts.
  const opens = Math.floor(Date.parse(rollout.next.notBefore) / 60_000) * 60_000 + 60_000;
  assert.equal(await dialog.getByLabel('Moment').inputValue(), await typed(page, opens));
  await dialog.getByLabel('If its gate is closed then').selectOption('604800000');
  await confirm(page, 'Schedule it', 'as soon as it may');
  const group = page.getByRole('region', { name: 'Scheduled' });
  await group.getByText('advance to the next tier').waitFor();
  const [schedule] = await pending('tiers');
  assert.deepEqual(
    [Date.parse(schedule.at), Date.parse(schedule.until) - Date.parse(schedule.at), schedule.path],
    [opens, 7 * DAY_MS, '/api/admin/rollout/advance'],
  );
  // No server has reported an outcome, so the gate is closed still.
  await elapse(opens);
  const { waitingFor } = await waiting('tiers');
  const other = await signedIn(browser, server, { view: '/schedules' });
  await other.page.getByText(`It waits: ${waitingFor}`).waitFor();
  assert.deepEqual([...faults, ...other.faults], []);
  await Promise.all([page.close(), other.page.close()]);
});

/** The schedule of a flag once an attempt at it was put off. */
async function waiting(flag) {
  for (const end = Date.now() + 30_000; Date.now() < end; await server.heard(/after an alarm: .*\n/)) {
    const [schedule] = await pending(flag);
    if (schedule?.waitingFor !== undefined) return schedule;
  }
  throw new Error('no attempt was put off');
}

test('a moment that is being chosen stays while others change the same flag', async () => {
  const { page } = await signedIn(browser, server, { view: '/flags/typed' });
  await page.locator('.liveness[data-state=live]').waitFor();
  await page.getByRole('button', { name: 'Turn off for everyone' }).click();
  const at = minute(Date.now() + 5 * DAY_MS);
  const dialog = await choose(page, at);
  await admin('feature-flags', { body: { featureName: 'typed', customerId: 'c-1', enabled: true, reason: 'another operator' } });
  await page.locator('.change').getByText('“another operator”').waitFor();
  assert.equal(await dialog.getByLabel('Moment').inputValue(), await typed(page, at));
  await page.keyboard.press('Escape');

  await page.close();
});

test('a list that cannot be had says so, and comes back', async () => {
  const { page } = await signedIn(browser, server, { view: '/audit' });
  await page.route('**/api/admin/schedules?*', route => route.abort());
  await visit(page, '/schedules');
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await page.unroute('**/api/admin/schedules?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('[data-schedule]').first().waitFor();
  await page.close();
});

test('each kind of request that can wait is a sentence', async () => {
  const { id: key } = await admin('keys', { body: { kind: 'server', label: 'old', reason: 'a test' } });
  const { id: robot } = await admin('tokens', { body: { name: 'robot', role: 'viewer', reason: 'a test' } });
  const { changes: killed } = await admin('feature-flags', { body: { featureName: 'worded', action: 'kill', reason: 'a test' } });
  const flag = { featureName: 'worded', reason: 'a test' };
  const expected = [
    [post('rollout/create', { ...flag }), 'worded: plan a rollout in tiers'],
    [post('rollout/create', { ...flag, percentage: 12.5, start: true }), 'worded: begin a rollout at 12.5 %'],
    [post('rollout/start', flag), 'worded: start the rollout'],
    [post('rollout/advance', { ...flag, force: true }), 'worded: advance to the next tier, whatever the gate says'],
    [post('rollout/pause', flag), 'worded: pause the rollout'],
    [post('rollout/rollback', flag), 'worded: roll back'],
    [post('rollout/lists', { ...flag, add: { whitelistedCustomers: ['c'] } }), 'worded: change the lists'],
    [post('feature-flags', { ...flag, action: 'revive' }), 'worded: turn back on'],
    [post('feature-flags', { ...flag, customerId: 'c-1', enabled: true }), 'worded: give on to the customer c-1'],
    [post('feature-flags', { ...flag, organizationId: 'o-1', enabled: null }), 'worded: remove the override of the organization o-1'],
    [post('overrides', { customerId: 'c-2', flags: { worded: true }, reason: 'a test' }), 'set overrides of the customer c-2'],
    [post('customers', { customerId: 'c-3', organizationId: 'o-2', reason: 'a test' }), 'assign the customer c-3 to o-2'],
    [post(`changes/${killed[0].id}/revert`, { reason: 'a test' }), `revert the change ${killed[0].id}`],
    [remove('overrides?customerId=c%202&reason=x'), 'remove all overrides of the customer c 2'],
    [{ ...remove('flags/worded?reason=x'), ifMatch: '*' }, 'worded: delete the definition of the flag worded'],
    [remove(`keys/${key}?reason=x`), `revoke the key ${key}`],
    [remove(`tokens/${robot}?reason=x`), `revoke the API token ${robot}`],
  ];
  const at = Date.now() + 30 * DAY_MS;
  const steps = expected.map(([request], index) => ({ ...request, at: new Date(at + index * 1000).toISOString() }));
  const { ids } = await add(...steps);
  const { page, faults } = await signedIn(browser, server, { view: '/schedules' });
  const sentences = [];
  for (const id of ids) sentences.push(await page.locator(`[data-schedule="${id}"] .head p`).last().textContent());
  assert.deepEqual(
    sentences,
    expected.map(([, sentence]) => sentence),
  );
  assert.deepEqual(faults, []);
  await page.close();
});

test('the list of flags says what comes next in every environment', async () => {
  await admin('environments', { body: { name: 'staging', reason: 'a second one' } });
  const document = { ...DOCUMENT, environment: 'staging' };
  await admin('document?environment=staging&reason=first', { method: 'PUT', body: document });
  const step = post('feature-flags', { featureName: 'typed', action: 'kill', reason: 'r' }, Date.now() + 40 * DAY_MS);
  await admin('schedules?environment=staging', { body: { steps: [step], reason: 'only there' } });
  const { page, faults } = await signedIn(browser, server);
  const cells = page.locator('.rows > li[data-flag=typed] .cell');
  await cells
    .filter({ hasText: 'staging' })
    .getByText(/^next off on /)
    .waitFor();
  assert.equal(await cells.filter({ hasText: 'production' }).getByText(/next/).count(), 0);
  assert.deepEqual(faults, []);
  await page.close();
});
