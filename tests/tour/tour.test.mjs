// The README and the guides cannot lie: what they tell one to paste is pasted into a shell, and what they say is printed is printed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { dataFolder, freePort, startServer } from '../server.mjs';
import { blocksOf, installationOf, isAsSaid, serverOf, stepsOf } from './blocks.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MARK = '\u0001';
/** All of a page takes less, or does not end; also where `cargo xtask evaluate` has to be built first. */
const PATIENCE_MS = 900_000;

const read = file => blocksOf(readFileSync(join(ROOT, file), 'utf8'));
const readme = read('README.md');
const tour = read('docs/tour.md');

let folder;
before(async () => {
  folder = await dataFolder();
  // The program as `npm install --global` puts it in PATH.
  mkdirSync(join(folder.path, 'bin'));
  writeFileSync(join(folder.path, 'bin/twinflag'), `#!/bin/sh\nexec node '${ROOT}npm/twinflag/dist/entry/twinflag.js' "$@"\n`, {
    mode: 0o755,
  });
});
after(() => folder?.remove());

test('README.md: what is pasted prints what it says', async t => {
  const { build, installs, serve, rest } = installationOf(readme);
  assert.deepEqual([build, serve.split(/\s/)[0]], ['cargo xtask build', 'twinflag']);
  const own = await dataFolder();
  try {
    const port = await freePort();
    const here = text =>
      text.replaceAll('../shop', `${own.path}/shop`).replaceAll('../twinflag/', ROOT).replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`);
    const apart = `export npm_config_prefix='${own.path}/global' PATH="${own.path}/global/bin:$PATH"`;
    const steps = [
      {
        commands: `${apart}; {\n${installs.join('\n')}\n} > /dev/null; [ "$(command -v twinflag)" = '${own.path}/global/bin/twinflag' ]`,
        expected: [],
      },
      { commands: `${serve} --port ${port} > log &\nuntil grep -qs '^  curl' log; do sleep 0.1; done`, expected: [] },
      ...stepsOf(rest),
    ];
    assert.ok(steps.filter(({ expected }) => expected.length > 0).length >= 6, 'there is a first try');
    await paste(t, steps, here);
  } finally {
    await own.remove();
  }
});

for (const file of readdirSync(join(ROOT, 'docs'))
  .filter(name => name.endsWith('.md'))
  .sort()) {
  test(`docs/${file}: what is pasted prints what it says`, async t => {
    // A guide's own server: `cargo xtask dev` as the guide starts it, with a store of its own.
    const { first, options, data, rest } = serverOf(read(`docs/${file}`).filter(({ language }) => language === 'sh'));
    const own = await dataFolder();
    let running;
    try {
      const port = await freePort();
      // Two guides may run side by side, also on one machine with somebody who reads them.
      const here = text => {
        const apart = text.replaceAll('/tmp/', `${own.path}/`);
        const stored = data ? apart.replaceAll(`${data}/`, `${own.path}/`) : apart;
        const host = running ? new URL(running.url).host : `127.0.0.1:${port}`;
        return stored.replaceAll('127.0.0.1:8787', host).replaceAll('--port 8787', `--port ${port}`);
      };
      await paste(t, first.length > 0 ? stepsOf(first) : [], here);
      if (options) running = await startServer({ data: own.path, more: options.map(here) });
      await paste(
        t,
        rest.flatMap(({ lines }) => stepsOf(lines)),
        here,
      );
    } finally {
      await running?.stop();
      await own.remove();
    }
  });
}

test('React and the elements show what the tour says', async t => {
  const { options } = serverOf(tour.filter(({ language }) => language === 'sh'));
  const own = await dataFolder();
  const require = createRequire(join(ROOT, 'npm/package.json'));
  const [server, browser] = await Promise.all([
    startServer({ data: own.path, more: options }),
    require('playwright-core').chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium' }),
  ]);
  const only = language => {
    const found = tour.filter(block => block.language === language);
    assert.equal(found.length, 1, `one ${language} block`);
    return found[0].lines.join('\n').replaceAll('http://127.0.0.1:8787', server.url).replaceAll('tf_client_…', server.clientKey);
  };
  try {
    const { outputFiles } = await require('esbuild').build({
      stdin: {
        contents: `${only('tsx')}
          import { createRoot } from 'react-dom/client';
          import '@twinflag/elements/define';
          createRoot(document.getElementById('react')!).render(<App />);`,
        resolveDir: join(ROOT, 'npm'),
        loader: 'tsx',
      },
      bundle: true,
      write: false,
      jsx: 'automatic',
      format: 'esm',
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    // A page of the worker's own origin, which needs no permission to ask.
    const html = `<!doctype html><div id="react"></div><div id="html">${only('html')}</div><script type="module" src="/tour.js"></script>`;
    await page.route('**/tour', route => route.fulfill({ contentType: 'text/html', body: html }));
    await page.route('**/tour.js', route => route.fulfill({ contentType: 'text/javascript', body: outputFiles[0].text }));
    await page.goto(`${server.url}/tour`);
    await t.test('leo has the new search, in React', () => page.locator('#react').getByText('The new search').waitFor());
    await t.test('grace has the old one, in HTML', async () => {
      await page.locator('#html').getByText('The old search').waitFor();
      assert.equal(await page.locator('#html').getByText('One moment…').isVisible(), false);
    });
  } finally {
    await Promise.all([browser.close(), server.stop()]);
    await own.remove();
  }
});

test('the comparison can fail', () => {
  assert.ok(isAsSaid(['{"a":1,"b":2}'], ['{…"b":2}']));
  for (const [lines, expected] of [
    [['404'], ['400']],
    [['a', 'b'], ['a']],
    [[], ['a']],
    [['a'], []],
    [['{"b":3}'], ['{…"b":2}']],
    [['axb'], ['a.b']],
  ]) {
    assert.equal(isAsSaid(lines, expected), false, `${lines} ${expected}`);
  }
  assert.deepEqual(stepsOf(['a', 'b', '#> 1', '#> 2', 'c']), [
    { commands: 'a\nb', expected: ['1', '2'] },
    { commands: 'c', expected: [] },
  ]);
  assert.deepEqual(
    installationOf([
      { language: 'console', lines: ['a', 'b', 'c # d', 'e'] },
      { language: 'js', lines: ['// f.mjs', 'g'] },
      { language: 'js', lines: ['h'] },
      { language: 'sh', lines: ['i'] },
    ]),
    {
      build: 'a',
      installs: ['b', 'c # d'],
      serve: 'e',
      rest: ["cat > f.mjs <<'JS'", '// f.mjs', 'g', 'JS', 'i'],
    },
  );
  const started = serverOf([{ lines: ['a', 'cargo xtask dev --data d/e --test-clock'] }, { lines: ['b'] }]);
  assert.deepEqual(started, { first: ['a'], data: 'd/e', options: ['--test-clock'], rest: [{ lines: ['b'] }] });
  assert.deepEqual(serverOf([{ lines: ['b'] }]), { first: [], rest: [{ lines: ['b'] }] });
});

/** Pastes steps into one shell, each with `here` applied; after each its status and a mark. */
async function paste(t, steps, here) {
  if (steps.length === 0) return;
  const script = steps.map(({ commands }) => `${here(commands)}\nprintf '${MARK}%s${MARK}' "$?"\n`).join('');
  const said = (await shell(script)).split(MARK);
  for (const [index, { commands, expected }] of steps.entries()) {
    await t.test(commands.trim().split('\n').at(-1), () => {
      const lines = (said[2 * index] ?? '').split('\n').slice(0, -1);
      assert.ok(isAsSaid(lines, expected.map(here)), `${commands}\nsaid to print\n${expected.join('\n')}\nprinted\n${said[2 * index]}`);
      assert.equal(said[2 * index + 1], '0', commands);
    });
  }
}

/** What a shell prints that is given a script, started where the README says to be. Whatever it leaves running ends with it. */
function shell(script) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${join(folder.path, 'bin')}:${process.env.PATH}` };
    const bash = spawn('bash', ['-c', script], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const end = () => {
      try {
        process.kill(-bash.pid, 'SIGKILL');
      } catch {
        // Nothing was left.
      }
    };
    const patience = setTimeout(end, PATIENCE_MS);
    let said = '';
    bash.stdout.setEncoding('utf8').on('data', chunk => {
      said += chunk;
    });
    bash.once('error', reject);
    bash.once('exit', end);
    bash.once('close', () => {
      clearTimeout(patience);
      resolve(said);
    });
  });
}
