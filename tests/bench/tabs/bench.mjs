// Twenty pages of one browser share a stream; the page that holds it goes away, again and again. Prints the times until the next one has it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { launch } from '../../chromium.mjs';
import { dataFolder, startServer } from '../../server.mjs';
import { startSite } from '../../site.mjs';

const PAGES = 20,
  TIMES = 15;
const path = name => fileURLToPath(new URL(name, import.meta.url));
const isStream = message => /\/v1\/watch/.test(message.url());

const data = await dataFolder();
const folder = await mkdtemp(join(tmpdir(), 'twinflag-tabs-'));
const server = await startServer({ data: data.path });
const options = ['--bundle', '--splitting', '--format=esm', '--log-level=warning', `--outdir=${folder}`];
await promisify(execFile)(path('../../../npm/node_modules/.bin/esbuild'), [path('../../browser/kept/page.js'), ...options]);
const site = await startSite({
  folder,
  worker: server.url,
  pages: { '/': '<!doctype html><script type="module" src="/page.js"></script>' },
});
const browser = await launch();
try {
  const context = await browser.newContext();
  let asked = 0;
  context.on('request', request => {
    if (isStream(request)) asked++;
  });
  let stream = context.waitForEvent('response', isStream);
  const pages = [];
  for (let index = 0; index < PAGES; index++) {
    const page = await context.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => globalThis.open?.length === 1);
    await page.evaluate(given => open(given).ready(), { clientKey: server.clientKey, shared: true });
    pages.push(page);
  }
  await pages[0].waitForFunction(async all => {
    const { held, pending } = await navigator.locks.query();
    return held.length + pending.length === all;
  }, PAGES);
  const times = [];
  for (let time = 0; time < TIMES; time++) {
    const holder = (await stream).frame().page();
    stream = context.waitForEvent('response', isStream);
    const start = performance.now();
    await holder.goto('about:blank');
    await stream;
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({ pages: PAGES, times: TIMES, streams: asked - TIMES, p50: times[TIMES >> 1], slowest: times.at(-1) }));
} finally {
  await browser.close();
  await site.stop();
  await server.stop();
  await data.remove();
  await rm(folder, { recursive: true, force: true });
}
