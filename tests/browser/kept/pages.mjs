// Pages with a client that keeps programs and shares its stream, on a site of a test file's own in front of a real worker.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { launch } from '../../chromium.mjs';
import { dataFolder, startServer } from '../../server.mjs';
import { startSite } from '../../site.mjs';

const run = promisify(execFile);
const ESBUILD = fileURLToPath(new URL('../../../npm/node_modules/.bin/esbuild', import.meta.url));
const PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/** Sites on two origins, a browser, and the worker behind them, there before the first test and gone after the last. */
export function ownPages(document) {
  const own = {};
  let folder, data;
  before(async () => {
    data = await dataFolder();
    own.server = await startServer({ data: data.path, document });
    folder = await mkdtemp(join(tmpdir(), 'twinflag-kept-'));
    const page = fileURLToPath(new URL('page.js', import.meta.url));
    await run(ESBUILD, [page, '--bundle', '--splitting', '--format=esm', '--log-level=warning', `--outdir=${folder}`]);
    const site = () => startSite({ folder, worker: own.server.url, pages: { '/': PAGE } });
    [own.site, own.other] = [await site(), await site()];
    own.browser = await launch();
  });
  after(async () => {
    await own.browser?.close();
    await own.site?.stop();
    await own.other?.stop();
    await own.server?.stop();
    await data?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  return Object.assign(own, {
    /** A page in a context; `faults` are its uncaught errors. */
    async page(context, url = own.site.url) {
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      const faults = [];
      page.on('pageerror', error => faults.push(error.message));
      const load = async () => {
        await page.goto(url);
        await page.waitForFunction(() => globalThis.open?.length === 1);
      };
      await load();
      return { page, faults, load };
    },
    options: more => ({ clientKey: own.server.clientKey, ...more }),
  });
}

/** Lets no request of a page or a context through to the flag server; call the answer to let them through again. */
export async function away(target) {
  await target.route('**/v1/**', route => route.abort());
  return () => target.unroute('**/v1/**');
}
