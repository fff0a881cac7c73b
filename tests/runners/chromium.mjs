/** The runner in Chromium: the same code as in Node, bundled, with lines handed over ten thousand at a time. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { scriptText } from './script.mjs';

const npm = new URL('../../npm/', import.meta.url);
const require = createRequire(npm);
const BATCH = 10_000;
/** The site of the pages; Chromium asks nobody for it. */
const SITE = 'http://runner.example';
const COMPILER = ['npm/client/dist/bundle/full.js', 'tests/runners/runner.mjs', 'tests/runners/runtimes.mjs'];
/** The files of the site, with the policy of each. */
const FILES = {
  '/': { text: '<!doctype html><meta charset="utf-8"><script src="/runners.js"></script>' },
  '/strict': {
    text: '<!doctype html><meta charset="utf-8"><script src="/engine.js"></script>',
    policy: "default-src 'none'; script-src 'self'",
  },
  '/runners.js': { modules: [...COMPILER, 'npm/client/dist/bundle/engine.js'] },
  '/engine.js': { modules: ['npm/client/dist/bundle/script-engine.js'] },
};

/**
 * Opens a page with a runner.
 *
 * @param runtime `chromium` for whole documents, `chromium-program` for programs, or `chromium-nowasm-program`: then the engine is that of a
 *   frame whose policy, `script-src 'self'`, refuses WebAssembly
 */
export async function chromiumRunner(runtime) {
  const { chromium } = require('playwright-core');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--disable-background-networking', '--disable-component-update'],
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(600_000);
  await page.route(`${SITE}/**`, async route => {
    const { text, modules, policy } = FILES[new URL(route.request().url()).pathname];
    await route.fulfill({
      contentType: modules ? 'text/javascript' : 'text/html',
      headers: policy && { 'content-security-policy': policy },
      body: text ?? (await scriptText(modules)),
    });
  });
  await page.goto(`${SITE}/`);
  const module = file => readFileSync(new URL(`client/dist/${file}`, npm)).toString('base64');
  await page.evaluate(
    async ({ full, engine, runtime }) => {
      const bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
      const whole = runners.loadFull(bytes(full));
      const strict = async () => {
        const frame = Object.assign(document.createElement('iframe'), { src: '/strict' });
        await new Promise(resolve => {
          frame.onload = resolve;
          document.body.append(frame);
        });
        const realm = frame.contentWindow;
        const refused = await realm.WebAssembly.compile(bytes(engine)).catch(error => error);
        if (!(refused instanceof realm.WebAssembly.CompileError)) throw new Error('the policy lets WebAssembly run');
        return realm.runners.loadScriptEngine({ step: true });
      };
      const open = {
        chromium: () => runners.fullRuntime(whole),
        'chromium-program': () => runners.programRuntime(whole, runners.loadEngine(bytes(engine), { step: true })),
        'chromium-nowasm-program': async () => runners.programRuntime(whole, await strict()),
      }[runtime];
      globalThis.runner = runners.openRunner(await open());
    },
    { full: module('full/full_bg.wasm'), engine: module('engine/engine.wasm'), runtime },
  );

  let waiting = [],
    answers = [];
  const send = async () => {
    if (waiting.length === 0) return;
    const text = await page.evaluate(
      lines =>
        lines
          .split('\n')
          .map(line => runner(line))
          .filter(answer => answer !== null)
          .join('\n'),
      waiting.join('\n'),
    );
    if (text) answers.push(...text.split('\n'));
    waiting = [];
  };
  return {
    async take(line) {
      waiting.push(line);
      if (waiting.length === BATCH) await send();
    },
    async flush() {
      await send();
      const done = answers;
      answers = [];
      return done;
    },
    close: () => browser.close(),
  };
}
