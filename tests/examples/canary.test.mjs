// The canary of the source documents, copied and built from the packed packages: 24 cases of the flag, and the page in Chromium.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import { getFeatureFlagHash, isEnabled, userInBucket } from '../../npm/edge/dist/entry/index.js';
import { launch, newPage } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { murmur3, murmurOfUnits } from '../reference/murmur.mjs';
import { startSite } from '../site.mjs';
import { copyExample } from './copied.mjs';

const USERS = Array.from({ length: 10_000 }, (_, n) => `user-${n}`);
const share = percentage => USERS.filter(user => isEnabled({ enabled: true, rolloutPercentage: percentage }, user)).length / USERS.length;
const within = (value, least, most) => assert.ok(value >= least && value <= most, `${value} is not from ${least} to ${most}`);

describe('the flag', () => {
  test('a flag that is off is off for everybody', () => assert.equal(isEnabled({ enabled: false, rolloutPercentage: 100 }, 'u-1'), false));
  test('a flag that is on for all is on', () => assert.equal(isEnabled({ enabled: true, rolloutPercentage: 100 }, 'u-1'), true));
  test('a flag that is on for nobody is off', () => assert.equal(isEnabled({ enabled: true, rolloutPercentage: 0 }, 'u-1'), false));
  test('a flag without a percentage is on for all', () => assert.equal(isEnabled({ enabled: true }, 'u-1'), true));
  for (const percentage of [-1, 101, Number.NaN])
    test(`a percentage of ${percentage} is refused`, () => assert.throws(() => userInBucket('u-1', percentage), RangeError));
  test('25 % of 10,000 users are 20 to 30 %', () => within(share(25), 0.2, 0.3));
  test('5 % of 10,000 users are 3 to 7 %', () => within(share(5), 0.03, 0.07));
  test('10 % of 10,000 users are 8 to 12 %', () => within(share(10), 0.08, 0.12));
  test('50 % of 10,000 users are 48 to 52 %', () => within(share(50), 0.48, 0.52));
  test('the same user has the same answer each time', () => {
    for (const user of USERS.slice(0, 100)) assert.equal(new Set(Array.from({ length: 10 }, () => userInBucket(user, 25))).size, 1);
  });
  test('a user of 5 % is a user of 25 %, and of every percentage above', () => {
    for (const user of USERS.filter(each => userInBucket(each, 5)))
      for (let above = 6; above <= 100; above++) assert.ok(userInBucket(user, above));
  });
  test('the hash is MurmurHash3', () => {
    for (const user of USERS.slice(0, 1000)) assert.equal(getFeatureFlagHash(user), murmur3(Buffer.from(user)));
  });
  for (const [what, user] of [
    ['an empty id', ''],
    ['special characters', 'a\'b"c;--<>&%\\/\n\t'],
    ['unicode', 'ünïcødé-用户-😀'],
    ['a long id', 'x'.repeat(10_000)],
  ])
    test(`${what}: a bucket as the reference draws it`, () => {
      assert.equal(getFeatureFlagHash(user), murmurOfUnits(user));
      assert.equal(userInBucket(user, 100), true);
    });
});

describe('the page', () => {
  const server = ownServer();
  let project, site, browser;
  before(async () => {
    project = await copyExample('canary');
    await project.bin('vite', 'build', '--logLevel', 'warn');
    site = await startSite({ folder: project.path('dist'), worker: server.url });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
    await project?.remove();
  });

  /** The page of a user. */
  async function open(user, prepare) {
    const { page, faults } = await newPage(browser);
    await prepare?.(page);
    await page.goto(`${site.url}/?key=${server.clientKey}&user=${encodeURIComponent(user)}`);
    const tabs = () => page.getByRole('tab').allTextContents();
    const close = async () => {
      await page.close();
      assert.deepEqual(faults, []);
    };
    return { page, tabs, close, ready: () => page.getByRole('tab').first().waitFor() };
  }
  /** Users on either side of 5 %, by the reference. */
  const inside = USERS.find(user => murmurOfUnits(user) % 100 < 5),
    outside = USERS.find(user => murmurOfUnits(user) % 100 >= 5);

  test('a user of the canary has three tabs and the badge', async () => {
    const { page, tabs, close, ready } = await open(inside);
    await ready();
    assert.deepEqual(await tabs(), ['Overview', 'Settings', 'Advanced']);
    assert.equal(await page.locator('.badge').textContent(), 'Enhanced');
    await close();
  });

  test('any other user has two tabs and no badge', async () => {
    const { page, tabs, close, ready } = await open(outside);
    await ready();
    assert.deepEqual([await tabs(), await page.locator('.badge').count()], [['Overview', 'Settings'], 0]);
    await close();
  });

  test('the skeleton is there until the flags are, and no tab', async () => {
    let release;
    const held = new Promise(resolve => {
      release = resolve;
    });
    const { page, tabs, close, ready } = await open(inside, opened =>
      opened.route('**/v1/program*', async route => {
        await held;
        await route.continue();
      }),
    );
    await page.locator('section[aria-busy=true] .skeleton').waitFor();
    assert.deepEqual(await tabs(), []);
    assert.match(await page.locator('#ai-flags').textContent(), /ai_ga_enabled: …/);
    release();
    await ready();
    assert.equal(await page.locator('.skeleton').count(), 0);
    await close();
  });

  test('the flag server is away: the old page and the classic button, and no skeleton for ever', async () => {
    const { page, faults } = await newPage(browser);
    await page.route('**/v1/**', route => route.abort());
    await page.goto(`${site.url}/?key=${server.clientKey}&user=${inside}`);
    await page.getByRole('tab').first().waitFor();
    assert.deepEqual(await page.getByRole('tab').allTextContents(), ['Overview', 'Settings']);
    assert.equal(await page.locator('#booking').textContent(), 'Book a session');
    assert.ok(
      faults.every(fault => /Failed to load resource/.test(fault)),
      faults.join('\n'),
    );
    await page.close();
  });

  test('tabs by keyboard, and nothing that axe objects to', async () => {
    const { page, close, ready } = await open(inside);
    await ready();
    await page.getByRole('tab', { name: 'Overview' }).focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.locator('[role=tabpanel]').textContent(), 'Advanced');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('[role=tab][aria-selected=true]').textContent(), 'Overview');
    await page.addScriptTag({ path: createRequire(new URL('../../npm/package.json', import.meta.url)).resolve('axe-core/axe.min.js') });
    const found = await page.evaluate(() => globalThis.axe.run(document.getElementById('root')));
    assert.deepEqual(
      found.violations.map(({ id }) => id),
      [],
    );
    await close();
  });

  test('the agent books while its flag is on, and a kill brings the classic button to the open page', async () => {
    const steer = async action => {
      const answer = await server.asAdmin('/api/admin/feature-flags', {
        body: { featureName: 'booking_agent_enabled', action, reason: 'a test' },
      });
      assert.equal(answer.status, 200, answer.text);
    };
    const { page, close, ready } = await open(outside);
    await ready();
    const flags = await page.locator('#ai-flags li').allTextContents();
    assert.deepEqual(
      flags.filter(text => !/^ai_(alpha|beta)_users/.test(text)),
      ['ai_ga_enabled', 'booking_agent_enabled', 'session_agent_enabled', 'insights_agent_enabled', 'followup_agent_enabled'].map(
        name => `${name}: on`,
      ),
    );
    assert.equal(flags.length, 7);
    assert.equal(await page.locator('#booking').textContent(), 'Book with the agent');
    await steer('kill');
    await page.locator('#booking', { hasText: 'Book a session' }).waitFor();
    await steer('revive');
    await page.locator('#booking', { hasText: 'Book with the agent' }).waitFor();
    await close();
  });
});
