/** The runner in Chromium: the same code as in Node, bundled, with lines handed over ten thousand at a time. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const npm = new URL('../../npm/', import.meta.url);
const require = createRequire(npm);
const BATCH = 10_000;

/** Opens a page with a runner; `runtime` is `chromium` for whole documents or `chromium-program`. */
export async function chromiumRunner(runtime) {
  const { chromium } = require('playwright-core');
  const esbuild = require('esbuild');
  const path = relative => JSON.stringify(fileURLToPath(new URL(relative, import.meta.url)));
  const { outputFiles } = await esbuild.build({
    stdin: {
      contents: `
        export { loadFull } from ${path('../../npm/client/dist/bundle/full.js')};
        export { loadEngine } from ${path('../../npm/client/dist/bundle/engine.js')};
        export { openRunner } from ${path('runner.mjs')};
        export { fullRuntime, programRuntime } from ${path('runtimes.mjs')};`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    format: 'iife',
    globalName: 'runners',
    write: false,
  });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--disable-background-networking', '--disable-component-update'],
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(600_000);
  await page.addScriptTag({ content: outputFiles[0].text });
  const module = file => readFileSync(new URL(`client/dist/${file}`, npm)).toString('base64');
  await page.evaluate(
    async ({ full, engine, byProgram }) => {
      const bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
      const whole = runners.loadFull(bytes(full));
      const runtime = byProgram
        ? runners.programRuntime(whole, runners.loadEngine(bytes(engine), { step: true }))
        : runners.fullRuntime(whole);
      globalThis.runner = runners.openRunner(runtime);
    },
    { full: module('full/full_bg.wasm'), engine: module('engine/engine.wasm'), byProgram: runtime === 'chromium-program' },
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
