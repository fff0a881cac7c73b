// The hooks in Chromium, against a real worker, with both versions of React that may be there.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { bundle, createProject } from '../packaging/project.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { startSite } from '../site.mjs';

const FILES = ['app.jsx', 'server.jsx', 'hydrate.jsx', 'scenarios.jsx'];
/** 500 flags, each on for its own value of `n`; and one that is on. */
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    booking_agent_enabled: { default: 'on' },
    ...Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [
        `f${n}`,
        { rules: [{ name: 'n', if: { attribute: 'n', op: 'eq', value: String(n) }, serve: 'on' }] },
      ]),
    ),
  },
};

let folder;
let server;
let browser;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: DOCUMENT });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

for (const version of ['18.3.1', '19.3.1']) {
  describe(`React ${version}`, () => {
    let project;
    let site;
    before(async () => {
      const sources = await Promise.all(FILES.map(async name => [name, await readFile(new URL(name, import.meta.url), 'utf8')]));
      project = await createProject({
        ours: ['@twinflag/client', '@twinflag/react'],
        others: { react: version, 'react-dom': version },
        files: {
          ...Object.fromEntries(sources),
          'dist/scenarios.html': '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/scenarios.js"></script>',
        },
      });
      await bundle(project, ['scenarios.jsx', 'hydrate.jsx']);
      await bundle(project, ['server.jsx'], '--platform=node', '--packages=external');
      site = await startSite({ folder: project.path('dist'), worker: server.url });
    });
    after(async () => {
      await site?.stop();
      await project?.remove();
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
      const { renders, text } = await play('inlineDefault');
      assert.deepEqual({ renders, text }, { renders: 1, text: 'xFLAG_NOT_FOUND' });
    });
  });
}
