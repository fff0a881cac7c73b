// The demo page in Chromium, by the keyboard, against a real worker: both sides agree, the page goes on without the edge, and
// nobody is shut out by width, colours or a screen reader.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';

const require = createRequire(new URL('../../npm/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = Object.keys(JSON.parse(readFileSync(new URL('../../npm/examples/flags.json', import.meta.url), 'utf8')).flags);
const FIELDS = ['customerId', 'organizationId', 'userId', 'plan', 'country'];

let folder;
let server;
let browser;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium' });
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

/** Opens the demo and collects what the page complains of. */
async function open({ address = server.demo, until = 'good', prepare = async () => {}, ...options } = {}) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(15_000);
  const faults = [];
  page.on('pageerror', error => faults.push(error.message));
  page.on('console', message => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await prepare(page);
  await page.goto(address);
  await page.locator(`#status[data-state=${until}]`).waitFor();
  return { page, faults };
}

/** Types into a field as a person at a keyboard would; a list is chosen from by its first letters. */
async function type(page, field, text) {
  await page.locator(`[name=${field}]`).focus();
  if (field === 'plan') return page.keyboard.type(text || 'none');
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  if (text) await page.keyboard.type(text);
}

async function settle(page, state = 'good') {
  await page.locator(`#status[data-state=${state}]`).waitFor();
}

const cell = (page, flag, name) => page.locator(`[data-flag="${flag}"] .${name}`);
const text = async (page, flag, name) => (await cell(page, flag, name).textContent()).trim();

/** What stands in the form, as a context. */
const visitorOf = page =>
  page.evaluate(names => {
    const given = names.map(name => [name, document.querySelector(`[name=${name}]`).value.trim()]).filter(([, value]) => value);
    return Object.fromEntries(given);
  }, FIELDS);

/** Every row says that both are the same, and what both say is what a server is answered. */
async function agrees(page) {
  await settle(page);
  assert.equal(await page.locator('[data-flag]').count(), FLAGS.length);
  assert.equal(await page.locator('[data-flag][data-verdict=same]').count(), FLAGS.length);
  assert.match(await page.locator('#status').textContent(), new RegExp(`^All ${FLAGS.length} flags are the same`));
  const visitor = await visitorOf(page);
  const context = visitor.userId ? { targetingKey: visitor.userId, ...visitor } : visitor;
  const answers = await server.evaluate(...FLAGS.map(flag => ({ flag, context })));
  for (const [index, flag] of FLAGS.entries()) {
    const { value, errorCode, reason, layer } = answers[index];
    const expected = [errorCode ? 'error' : value ? 'on' : 'off', errorCode ?? reason, layer ?? ''];
    assert.deepEqual(
      [await text(page, flag, 'page'), await text(page, flag, 'reason'), await text(page, flag, 'layer')],
      expected,
      `${flag} for ${JSON.stringify(visitor)}`,
    );
    assert.equal(await text(page, flag, 'edge'), expected[0]);
  }
}

test('the page and the edge say the same of whoever is typed in', async () => {
  const { page, faults } = await open();
  for (const [fields, flag, shown] of [
    [{}, 'profile_ui_revamp', 'off'],
    [{ plan: 'pro' }, 'profile_ui_revamp', 'on'],
    [{ country: 'DE', userId: 'mary' }, 'profile_ui_revamp', 'on'],
    [{ userId: 'héloïse 🌻' }, 'ai_ga_enabled', 'on'],
    [{ userId: '' }, 'ai_alpha_users', 'error'],
    [{ customerId: 'customer-123', userId: 'grace' }, 'sessionPersistence.phase2.enhancedStorage', 'on'],
    [{ organizationId: 'org-456' }, 'sessionPersistence.phase2.retryLogic', 'on'],
    [{ customerId: 'customer-789' }, 'sessionPersistence.phase2.enhancedStorage', 'off'],
    [{ customerId: '', organizationId: 'org-classic' }, 'booking_agent_enabled', 'off'],
  ]) {
    for (const [field, value] of Object.entries(fields)) await type(page, field, value);
    await cell(page, flag, 'edge').getByText(shown, { exact: true }).waitFor();
    await agrees(page);
  }
  assert.deepEqual(faults, []);
  await page.close();
});

async function command(action, featureName) {
  const answer = await server.asAdmin('/api/admin/feature-flags', { body: { featureName, action, reason: 'seen in the demo' } });
  assert.equal(answer.status, 200, answer.text);
}

/** Notes each row that says from now on that its answers differ; returns a function that reads them. */
async function differences(page) {
  await page.evaluate(() => {
    globalThis.different = [];
    new MutationObserver(changes => {
      for (const { target } of changes) if (target.dataset.verdict === 'different') globalThis.different.push(target.dataset.flag);
    }).observe(document.querySelector('#flags'), { subtree: true, attributeFilter: ['data-verdict'] });
  });
  return () => page.evaluate(() => globalThis.different);
}

test('both sides follow a change by the stream, and no flag differs meanwhile', async () => {
  const { page, faults } = await open();
  await type(page, 'userId', 'mary');
  await cell(page, 'profile_ui_revamp', 'edge').getByText('on', { exact: true }).waitFor();
  await agrees(page);
  const different = await differences(page);
  for (const shown of ['off', 'on', 'off', 'on']) {
    await command(shown === 'on' ? 'revive' : 'kill', 'profile_ui_revamp');
    for (const side of ['page', 'edge']) await cell(page, 'profile_ui_revamp', side).getByText(shown, { exact: true }).waitFor();
    await agrees(page);
  }
  assert.deepEqual([await different(), faults], [[], []]);
  await page.close();
});

test('answers of two versions are not compared', async () => {
  const { page, faults } = await open();
  await type(page, 'userId', 'mary');
  await cell(page, 'profile_ui_revamp', 'edge').getByText('on', { exact: true }).waitFor();
  await agrees(page);
  const different = await differences(page);
  // The edge's answer after a kill is held back.
  const released = new AbortController(),
    held = new AbortController();
  await page.route('**/ofrep/v1/evaluate/flags*', async route => {
    held.abort();
    if (!released.signal.aborted) await once(released.signal, 'abort');
    // The page may have given it up.
    await route.continue().catch(() => {});
  });
  await command('kill', 'profile_ui_revamp');
  await cell(page, 'profile_ui_revamp', 'page').getByText('off', { exact: true }).waitFor();
  if (!held.signal.aborted) await once(held.signal, 'abort');
  assert.equal(await text(page, 'profile_ui_revamp', 'edge'), 'on');
  assert.equal(await page.locator('[data-flag][data-verdict=unknown]').count(), FLAGS.length);
  assert.match(await page.locator('#status').textContent(), /The edge answered from another version/);
  released.abort();
  await cell(page, 'profile_ui_revamp', 'edge').getByText('off', { exact: true }).waitFor();
  await agrees(page);
  assert.deepEqual([await different(), faults], [[], []]);
  await command('revive', 'profile_ui_revamp');
  await page.close();
});

test('everything is reached and pressed with the keyboard', async () => {
  const { page, faults } = await open();
  const reached = [];
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const at = document.activeElement;
      const outline = getComputedStyle(at).outlineStyle;
      return { name: at.getAttribute('name') ?? at.textContent.trim(), seen: outline !== 'none' };
    });
    if (focus.seen) reached.push(focus.name);
    if (focus.name === 'an organization without AI') {
      await page.keyboard.press('Enter');
      await cell(page, 'ai_ga_enabled', 'edge').getByText('off', { exact: true }).waitFor();
      await agrees(page);
    }
  }
  const people = ['a near miss', 'a user in the 5 %', 'a user by name', 'a customer with an override', 'an organization without AI'];
  for (const name of [...FIELDS, ...people, ...FLAGS]) assert.ok(reached.includes(name), `${name} is reached, and seen to be`);
  for (const name of people) {
    await page.getByRole('button', { name }).press('Enter');
    await page
      .locator('#status:not([data-state=good])')
      .waitFor({ timeout: 300 })
      .catch(() => {});
    await agrees(page);
  }
  assert.deepEqual(faults, []);
  await page.close();
});

test('a flag unfolds into its steps, down to the condition that failed', async () => {
  const { page, faults } = await open();
  const button = page.getByRole('button', { name: 'profile_ui_revamp' });
  assert.equal(await button.getAttribute('aria-expanded'), 'false');
  await button.focus();
  await page.keyboard.press('Enter');
  assert.equal(await button.getAttribute('aria-expanded'), 'true');
  const why = page.locator(`#${await button.getAttribute('aria-controls')}`);
  // grace, plan free, from NZ: one condition of the second rule holds, the other does not; murmur3 puts grace at 48.
  const near = why.locator('.step.near');
  await near.waitFor();
  assert.equal(await near.count(), 1);
  assert.match(await near.textContent(), /✓ holds country eq "NZ".*✗ fails plan in \["enterprise","pro"\]: the visitor has "free"/);
  assert.match(await why.textContent(), /userId "grace" falls into bucket 48,000 of 100,000, not below 5,000\./);
  assert.equal(await why.locator('.step.answered strong').textContent(), 'Default of the flag');
  // It follows the visitor.
  await type(page, 'userId', 'mary');
  await why.getByText('userId "mary" falls into bucket 2,000 of 100,000, below 5,000.').waitFor();
  assert.equal(await why.locator('.step.answered strong').textContent(), 'Rollout percentage');
  await button.focus();
  await page.keyboard.press('Space');
  assert.equal(await button.getAttribute('aria-expanded'), 'false');
  assert.equal(await why.isVisible(), false);
  assert.deepEqual(faults, []);
  await page.close();
});

test('without the edge the page goes on, until another customer needs it', async () => {
  const own = await dataFolder();
  const mortal = await startServer({ data: own.path });
  try {
    const { page, faults } = await open({ address: mortal.demo });
    await page.getByRole('button', { name: 'profile_ui_revamp' }).press('Enter');
    await page.locator('.steps').waitFor();
    await mortal.stop();

    await type(page, 'userId', 'mary');
    // At once: the edge is asked only after a pause.
    assert.equal(await text(page, 'profile_ui_revamp', 'page'), 'on');
    assert.equal(await text(page, 'profile_ui_revamp', 'bucket'), '2,000');
    await settle(page, 'away');
    assert.match(await page.locator('#status').textContent(), /^The edge is not reachable\. 17 flags answered in this page/);
    assert.equal(await text(page, 'profile_ui_revamp', 'edge'), 'not reachable');
    await page.getByText('The steps come from the edge, which is not reachable.').waitFor();
    await type(page, 'userId', 'grace');
    assert.equal(await text(page, 'profile_ui_revamp', 'page'), 'off');
    await type(page, 'plan', 'enterprise');
    assert.equal(await text(page, 'profile_ui_revamp', 'page'), 'on');
    assert.equal(await text(page, 'profile_ui_revamp', 'layer'), 'rule');

    await type(page, 'customerId', 'customer-123');
    for (const flag of FLAGS) assert.equal(await text(page, flag, 'page'), 'needs the edge', flag);
    await page.getByText('Another customer or organization needs it').waitFor();
    assert.equal(await page.locator('.value').count(), 0, 'nothing that was settled for somebody else is shown');

    await type(page, 'customerId', '');
    await cell(page, 'profile_ui_revamp', 'page').getByText('on', { exact: true }).waitFor();
    assert.deepEqual(
      faults.filter(fault => !fault.includes('net::ERR_')),
      [],
    );
    await page.close();
  } finally {
    await mortal.stop();
    await own.remove();
  }
});

test('when the edge is back, it is asked again', async () => {
  const { page, faults } = await open();
  await page.context().setOffline(true);
  await type(page, 'customerId', 'customer-123');
  await settle(page, 'away');
  await cell(page, 'profile_ui_revamp', 'page').getByText('needs the edge').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Ask the edge again' }).press('Enter');
  await agrees(page);
  assert.equal(await text(page, 'sessionPersistence.phase2.enhancedStorage', 'layer'), 'customer');
  assert.equal(await page.locator('#again').isVisible(), false);
  assert.deepEqual(
    faults.filter(fault => !fault.includes('net::ERR_')),
    [],
  );
  await page.close();
});

test('a refusal is said in words', async () => {
  const wrongKey = page =>
    page.route('**/demo', async route => {
      const response = await route.fetch();
      return route.fulfill({ response, body: (await response.text()).replace(server.clientKey, 'tf_client_wrong') });
    });
  const { page } = await open({ prepare: wrongKey, until: 'away' });
  await page
    .locator('#status')
    .getByText(/^The edge refused to answer, 401: /)
    .waitFor();
  assert.equal(await page.locator('#link').textContent(), 'The edge refuses');
  await page.close();
});

for (const [name, viewport] of Object.entries({
  'narrow phone': { width: 360, height: 740 },
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 900 },
})) {
  for (const colorScheme of ['light', 'dark']) {
    test(`for everybody on a ${name}, ${colorScheme}`, async () => {
      const { page } = await open({ viewport, colorScheme, reducedMotion: 'reduce' });
      await page.getByRole('button', { name: 'profile_ui_revamp' }).press('Enter');
      await page.locator('.steps').waitFor();
      await isAccessible(page);
      await page.context().setOffline(true);
      await type(page, 'userId', 'mary');
      await settle(page, 'away');
      await isAccessible(page);
      await type(page, 'customerId', 'c');
      await cell(page, 'profile_ui_revamp', 'page').getByText('needs the edge').waitFor();
      await isAccessible(page);
      assert.equal(
        await page
          .locator('.chevron')
          .first()
          .evaluate(chevron => getComputedStyle(chevron).transitionDuration),
        '0s',
      );
      await page.close();
    });
  }
}

/** Nothing to scroll sideways, and nothing that axe minds. */
async function isAccessible(page) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing to scroll sideways');
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => axe.run());
  assert.ok(passes.length > 20, 'axe looked');
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    [],
  );
}
