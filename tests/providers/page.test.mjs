// The provider for pages in Chromium: a page of another origin gets its flags, and after a reload without the edge it answers from what it kept.
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
  };`;

let folder, server, site, browser;
before(async () => {
  folder = await dataFolder();
  const { build } = createRequire(new URL('../../npm/package.json', import.meta.url))('esbuild');
  const bundled = await build({ stdin: { contents: SCRIPT, resolveDir: HERE }, bundle: true, format: 'iife', write: false });
  server = await startServer({ data: folder.path, document: DOCUMENT });
  const html = `<!doctype html><script>${bundled.outputFiles[0].text.replaceAll('</script', '<\\/script')}</script>`;
  site = await startSite({ folder: HERE, worker: server.url, pages: { '/': html } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await server?.stop();
  await folder?.remove();
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
