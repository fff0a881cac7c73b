// The provider for pages in Chromium: a page of another origin gets its flags, follows changes over the stream that the list of flags names, and
// after a reload without the edge it answers from what it kept.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launch, newPage } from '../chromium.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { startSite } from '../site.mjs';
import { DOCUMENT } from './flags.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SCRIPT = `
  import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
  import { OpenFeature } from '@openfeature/web-sdk';

  globalThis.ask = async ({ url, clientKey }) => {
    await OpenFeature.setContext({ targetingKey: 'u-1', userId: 'ada' });
    await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: url, headers: [['Authorization', 'Bearer ' + clientKey]] }));
    const client = OpenFeature.getClient();
    return ['getBooleanDetails', 'getStringDetails'].map((method, at) => client[method](['staff', 'text'][at], [false, 'none'][at]));
  };
  globalThis.follow = async ({ url, clientKey }) => {
    await OpenFeature.setContext({ customerId: 'c-9' });
    const headers = [['Authorization', 'Bearer ' + clientKey]];
    await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: url, headers, pollInterval: -1, cacheMode: 'disabled' }));
  };
  globalThis.value = flag => OpenFeature.getClient().getBooleanValue(flag, false);`;

let folder, server, site, browser;
before(async () => {
  folder = await dataFolder();
  const { build } = createRequire(new URL('../../npm/package.json', import.meta.url))('esbuild');
  const bundled = await build({ stdin: { contents: SCRIPT, resolveDir: HERE }, bundle: true, format: 'iife', write: false });
  server = await startServer({ data: folder.path, document: DOCUMENT });
  const html = `<!doctype html><link rel="icon" href="data:,"><script>${bundled.outputFiles[0].text.replaceAll('</script', '<\\/script')}</script>`;
  site = await startSite({ folder: HERE, worker: server.url, pages: { '/': html } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await server?.stop();
  await folder?.remove();
});

test('without polling a page of another origin follows a kill and an override of its customer over the stream', async () => {
  const { page, faults } = await newPage(browser);
  const streams = [];
  page.on('response', response => {
    if (new URL(response.url()).pathname === '/v1/watch/events') streams.push(response.status());
  });
  await page.goto(site.url);
  await page.evaluate(where => globalThis.follow(where), { url: server.url, clientKey: server.clientKey });
  const becomes = (flag, value) => page.waitForFunction(([name, wanted]) => globalThis.value(name) === wanted, [flag, value]);
  const command = async (path, body) => {
    const answer = await server.asAdmin(path, { body: { reason: 'r', ...body } });
    assert.equal(answer.status, 200, answer.text);
  };
  await becomes('on', true);
  await command('/api/admin/feature-flags', { featureName: 'on', action: 'kill' });
  await becomes('on', false);
  await command('/api/admin/feature-flags', { featureName: 'on', action: 'revive' });
  await becomes('on', true);
  assert.equal(await page.evaluate(() => globalThis.value('gift')), false);
  await command('/api/admin/overrides', { customerId: 'c-9', flags: { gift: true } });
  await becomes('gift', true);
  assert.deepEqual([streams, faults], [[200], []]);
  await page.close();
});

test('a page of another origin gets its flags, and gives the reason CACHED for them after a reload, also without the edge', async () => {
  const { page } = await newPage(browser);
  const ask = async () => {
    await page.goto(site.url);
    const details = await page.evaluate(where => globalThis.ask(where), { url: server.url, clientKey: server.clientKey });
    return details.map(({ value, variant, reason }) => [value, variant, reason]);
  };
  assert.deepEqual(await ask(), [
    [true, 'on', 'TARGETING_MATCH'],
    ['béta "2" 😀', 'b', 'STATIC'],
  ]);
  const kept = [
    [true, 'on', 'CACHED'],
    ['béta "2" 😀', 'b', 'CACHED'],
  ];
  await server.stop();
  assert.deepEqual(await ask(), kept);
  // No answer came by way of the site, whose own requests to the edge are of its origin.
  assert.deepEqual(site.asked, []);
});
