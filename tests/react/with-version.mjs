// The hooks in Chromium, against a real worker, with a version of React.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { bootstrapScript, createServerClient } from '../../npm/server/dist/entry/node.js';
import { launch, newPage } from '../chromium.mjs';
import { bundle, createProject } from '../packaging/project.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { startSite } from '../site.mjs';

const FILES = [
  'app.jsx',
  'first-paint.jsx',
  'server.jsx',
  'hydrate.jsx',
  'hydrate-first-paint.jsx',
  'mount.jsx',
  'adapters.jsx',
  'scenarios.jsx',
];
/** 500 flags, each on for its own value of `n`; and one that is on. */
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    booking_agent_enabled: { default: 'on' },
    words: { type: 'object', variants: { a: { label: 'Pay' }, b: { label: 'Pay now' } }, on: 'b', off: 'a', default: 'b' },
    ...Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [
        `f${n}`,
        { rules: [{ name: 'n', if: { attribute: 'n', op: 'eq', value: String(n) }, serve: 'on' }] },
      ]),
    ),
  },
};

/** The warning in development for the flag that no document has. */
const UNKNOWN = /the server has no flag "nobody"/;

/** Runs the tests of the hooks with a version of React. */
export function testReact(version) {
  describe(`React ${version}`, () => {
    let folder;
    let server;
    let browser;
    let project;
    let site;
    before(async () => {
      folder = await dataFolder();
      server = await startServer({ data: folder.path, document: DOCUMENT });
      browser = await launch();
      const sources = await Promise.all(FILES.map(async name => [name, await readFile(new URL(name, import.meta.url), 'utf8')]));
      project = await createProject({
        ours: ['@twinflag/client', '@twinflag/react'],
        others: { react: version, 'react-dom': version },
        files: {
          ...Object.fromEntries(sources),
          'dist/scenarios.html': '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/scenarios.js"></script>',
        },
      });
      await bundle(project, ['scenarios.jsx', 'hydrate.jsx', 'hydrate-first-paint.jsx']);
      await bundle(project, ['server.jsx'], '--platform=node', '--packages=external');
      site = await startSite({ folder: project.path('dist'), worker: server.url });
    });
    after(async () => {
      await browser?.close();
      await site?.stop();
      await server?.stop();
      await project?.remove();
      await folder?.remove();
    });

    /** Plays a scenario in a page of its own; the page must not complain of anything else than it may. */
    async function play(name, { trials, mayLog } = {}) {
      const { page, faults } = await newPage(browser);
      await page.goto(`${site.url}/scenarios.html`);
      await page.waitForFunction(() => globalThis.scenarios);
      const before = site.programs();
      const options = { url: site.url, clientKey: server.clientKey };
      const result = await page.evaluate(([scenario, ...rest]) => globalThis.scenarios[scenario](...rest), [name, options, trials]);
      await page.close();
      assert.deepEqual(
        faults.filter(fault => !mayLog?.test(fault)),
        [],
      );
      return { ...result, programs: site.programs() - before };
    }

    test('rendered on a server, taken over in the page, without a word of complaint', async () => {
      const options = JSON.stringify({ url: site.url, clientKey: server.clientKey, context: { customerId: 'c-1' } });
      const { stdout: html, stderr } = await project.node('dist/server.js', options);
      assert.equal(stderr, '');
      assert.equal(site.programs(), 0, 'a server that renders asks for nothing');
      const text = html.replaceAll('&quot;', '"');
      assert.ok(text.includes('{"enabled":false,"loading":true,"reason":"ERROR","stale":false}'), text);
      assert.ok(text.includes('<p id="bare">false</p>'), text);
      site.pages['/hydrated'] =
        `<!doctype html><link rel="icon" href="data:,"><script type="application/json" id="options">${options}</script><div id="root">${html}</div><script type="module" src="/hydrate.js"></script>`;
      const { page, faults } = await newPage(browser);
      await page.goto(`${site.url}/hydrated`);
      await page.locator('#bare', { hasText: 'true' }).waitFor();
      assert.deepEqual(JSON.parse(await page.locator('#details').textContent()), {
        enabled: true,
        loading: false,
        variant: 'on',
        reason: 'STATIC',
        stale: false,
      });
      assert.deepEqual(faults, []);
      assert.equal(site.programs(), 1, 'StrictMode mounts twice and asks once');
      await page.close();
    });

    /** The page that a server renders with its answers, and its HTML. */
    async function firstPaint() {
      const context = { customerId: 'c-1' };
      const flags = createServerClient({ url: server.url, serverKey: server.serverKey });
      const given = await flags.bootstrap(['booking_agent_enabled', 'words'], context).finally(() => flags.close());
      const options = { url: site.url, clientKey: server.clientKey, context };
      const { stdout: html, stderr } = await project.node(
        'dist/server.js',
        JSON.stringify({ ...options, bootstrap: given }),
        'first-paint',
      );
      assert.equal(stderr, '');
      site.pages['/first-paint'] =
        `<!doctype html><link rel="icon" href="data:,">${bootstrapScript(given)}<script type="application/json" id="options">${JSON.stringify(options)}</script><div id="root">${html}</div><script type="module" src="/hydrate-first-paint.js"></script>`;
      return html.replaceAll('&quot;', '"');
    }

    test("a page with its server's answers is whole in the HTML, and taken over without a mismatch or a second rendering", async () => {
      const html = await firstPaint();
      assert.doesNotMatch(html, /"loading":true|ERROR|skeleton|default/);
      const answered = '{"enabled":true,"loading":false,"variant":"on","reason":"STATIC","stale":false}';
      for (const text of ['>ready<', answered, '>Pay now<', '<p id="bare">true</p>', '<p id="suspense">true</p>', '<p id="side">ai</p>'])
        assert.ok(html.includes(text), text);
      const { page, faults } = await newPage(browser);
      await page.addInitScript(() => {
        globalThis.shifts = 0;
        new PerformanceObserver(list => {
          for (const { value } of list.getEntries()) globalThis.shifts += value;
        }).observe({ type: 'layout-shift', buffered: true });
      });
      const programs = site.programs();
      const answer = page.waitForResponse(/v1.program/);
      await page.goto(`${site.url}/first-paint`);
      await answer;
      await page.waitForFunction(() => globalThis.shown?.some(text => text.startsWith('suspense')));
      const { shown, complaints, shifts } = await page.evaluate(() => ({
        shown: [...new Set(globalThis.shown)],
        complaints: globalThis.complaints,
        shifts: globalThis.shifts,
      }));
      assert.deepEqual(shown, ['status:ready', `details:${answered}`, 'value:Pay now', 'bare:true', 'suspense:true']);
      assert.deepEqual([complaints, shifts, faults], [[], 0, []]);
      assert.equal(site.programs() - programs, 1);
      await page.close();
    });

    test('a flag that was killed behind the rendering goes off after the page was taken over', async () => {
      await firstPaint();
      const steer = action =>
        server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'booking_agent_enabled', action, reason: 'a test' } });
      assert.equal((await steer('kill')).status, 200);
      const { page, faults } = await newPage(browser);
      await page.goto(`${site.url}/first-paint`);
      await page.locator('#side', { hasText: 'classic' }).waitFor();
      await page.locator('#suspense', { hasText: 'false' }).waitFor();
      assert.deepEqual([await page.evaluate(() => globalThis.complaints), faults], [[], []]);
      assert.equal((await steer('revive')).status, 200);
      await page.close();
    });

    test('a flag that suspends shows the fallback until it is answered, wherever the boundary is, and asks once', async () => {
      const { programs, ...seen } = await play('suspense');
      assert.deepEqual(seen, { inside: ['skeleton', 'true'], outside: ['skeleton', 'true'] });
      assert.equal(programs, 2);
    });

    test('the status tells of a server that is away, and a flag that suspends is its default then', async () => {
      const { seen, flags } = await play('status');
      assert.deepEqual(seen, ['pending:', 'error:away', 'ready:']);
      assert.deepEqual(flags, ['false:false:PROVIDER_NOT_READY', 'true:false:']);
    });

    test('a value renders when it is another one, and for nothing else of its flag', async () => {
      const { rendered, subscriptions, leaked } = await play('value', { mayLog: UNKNOWN });
      assert.deepEqual(
        { rendered, subscriptions, leaked },
        {
          rendered: [
            [false, 'default', true],
            [true, 'default', true],
          ],
          subscriptions: 3,
          leaked: 0,
        },
      );
    });

    test('a side that throws is reported and replaced by the other one, until the flag has been off', async () => {
      const { shown, failed, heard, leaked } = await play('sides', { mayLog: /the quota is full|above error|error boundary/ });
      assert.deepEqual(shown, [
        ['old', 'off', ''],
        ['old', 'off', ''],
        ['old', 'on', ''],
        ['new', 'off', ''],
      ]);
      assert.deepEqual({ failed, heard, leaked }, { failed: ['f7: the quota is full'], heard: ['the quota is full'], leaked: 0 });
    });

    test("the source documents' hook runs unchanged over the adapter", async () => {
      const { before, seen, told, after } = await play('posthog', { mayLog: UNKNOWN });
      assert.deepEqual(JSON.parse(JSON.stringify(before)), [null, null]);
      assert.deepEqual(seen, ['false false', 'true false', 'true true']);
      const variants = { words: 'b', booking_agent_enabled: true };
      assert.deepEqual(told, [
        [['words', 'booking_agent_enabled'], { ...variants, f7: false }],
        [['f7', 'words', 'booking_agent_enabled'], { ...variants, f7: true }],
      ]);
      assert.deepEqual(JSON.parse(JSON.stringify(after)), [true, 'b', null]);
    });

    test("the provider for tests answers the test's flags, changes with them, and tells of failures", async () => {
      const { shown, failed } = await play('testing', { mayLog: /broken|above error|error boundary/ });
      assert.deepEqual(shown, [
        ['false false DISABLED default false ready', 'old'],
        ['true false DISABLED set false ready', 'old'],
        ['false true ERROR default false pending', 'skeleton'],
        ['false false DISABLED default false ready', 'old'],
      ]);
      assert.deepEqual(failed, ['f9: broken']);
    });

    test('a provider in StrictMode asks once, follows its context and closes what it made', async () => {
      assert.deepEqual(await play('lifecycle'), { seen: ['false', 'true'], status: 'ready', after: 'the client is closed', programs: 1 });
    });

    test("the effects of another visitor's first rendering see that visitor's answers; logging out is another visitor", async () => {
      const { visits, calls } = await play('visitors');
      assert.deepEqual(
        { visits, calls },
        { visits: [['f7:false', 'f8:true'], [], [], ['f8:false']], calls: 2 },
        'each flag is seen once a visitor, and an equal context is no change',
      );
    });

    test('another identity token, and none any more, is asked with at once; another time-out is another client', async () => {
      const { sent, clients } = await play('tokens');
      assert.deepEqual({ sent, clients }, { sent: ['ada', 'bob', null, null], clients: 2 });
    });

    test('neither a logger nor a function that is made anew is another client; the latest logger is told', async () => {
      const { same, lines, clients } = await play('loggers');
      assert.deepEqual({ same, lines, clients }, { same: 1, lines: ['second: away'], clients: 2 });
    });

    test('another key is another client', async () => {
      const closed = 'the client is closed';
      const { answers, ends } = await play('rekeyed', { mayLog: /status of 401|answers 401: it knows no such client key/ });
      assert.deepEqual({ answers, ends }, { answers: ['true', 'false', 'true'], ends: [closed, closed, undefined] });
    });

    test('switched off, everything is a default and nothing is asked', async () => {
      const { seen, programs } = await play('switched');
      assert.deepEqual(seen, [
        ['false', 'true', 'DISABLED', 0],
        ['true', 'false', 'TARGETING_MATCH', 1],
        ['false', 'true', 'DISABLED', 1],
      ]);
      assert.equal(programs, 1);
    });

    if (version.startsWith('19')) {
      test('hidden and shown again: the client goes and another one comes', async () => {
        assert.deepEqual(await play('hidden'), { closed: 'the client is closed', other: true, status: 'ready', text: 'true', programs: 2 });
      });
    }

    test('one of 500 flags changes: one of 500 components renders', async () => {
      const { first, subscriptions, second, third, leaked } = await play('wide');
      assert.deepEqual(
        { first, subscriptions, second, third, leaked },
        { first: 500, subscriptions: 500, second: [['f7', true]], third: [], leaked: 0 },
      );
    });

    test('the bare boolean renders for its own flag alone, and leaves no subscription', async () => {
      const { rendered, subscriptions, leaked } = await play('bare');
      assert.deepEqual({ rendered, subscriptions, leaked }, { rendered: [false, true], subscriptions: 2, leaked: 0 });
    });

    test('a change between rendering and subscribing is seen, a thousand times out of a thousand', async () => {
      const { seen, leaked } = await play('between', { trials: 1000 });
      assert.deepEqual({ seen, leaked }, { seen: 1000, leaked: 0 });
    });

    test('the state is the same while nothing changes, and never that of the flag before', async () => {
      const { programs, ...rest } = await play('identity');
      assert.deepEqual(rest, { same: true, first: true, other: false, renders: 3 });
    });

    test('a default that is written anew each time does not render for ever', async () => {
      const { renders, text } = await play('inlineDefault', { mayLog: /the server has no flag "nobody"/ });
      assert.deepEqual({ renders, text }, { renders: 1, text: 'xFLAG_NOT_FOUND' });
    });
  });
}
