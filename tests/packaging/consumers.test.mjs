// The packages as others use them: packed, installed into empty projects, built by their tools, and run in their runtimes. Pages that esbuild builds
// are in `no-wasm.test.mjs`.
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launch, newPage } from '../chromium.mjs';
import { WORKERD } from '../edge/workerd.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { startSite } from '../site.mjs';
import { spawnTied } from '../tied.mjs';
import { bundle, createProject } from './project.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    'search.model': {
      type: 'string',
      variants: { classic: 'bm25', vector: 'embedding-2' },
      on: 'vector',
      off: 'classic',
      targets: [{ attribute: 'userId', values: ['u-1'], variant: 'vector' }],
    },
    'checkout.button': {
      type: 'object',
      variants: { plain: { label: 'Pay' }, bold: { label: 'Pay now' } },
      on: 'bold',
      off: 'plain',
      default: 'bold',
    },
  },
};
const PAGE = script =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;
const VANILLA = entry => `
  import { createClient } from '${entry}';
  const flags = createClient({ url: location.origin, clientKey: new URLSearchParams(location.search).get('key'), context: { customerId: 'c-1', userId: 'u-1' } });
  await flags.ready();
  document.body.append(Object.assign(document.createElement('output'), { textContent: flags.error?.message ?? flags.getValue('search.model', 'none') }));
`;
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

/** What the page of a built folder shows in an element. */
async function shown(built, path, selector) {
  const site = await startSite({ folder: built, worker: server.url });
  const { page, faults } = await newPage(browser);
  try {
    await page.goto(`${site.url}${path}?key=${server.clientKey}`);
    const text = await page.locator(selector).textContent();
    return { text, faults };
  } finally {
    await page.close();
    await site.stop();
  }
}

test('Vite: a React app of twenty lines, and the engine as a file of its own', async () => {
  const app = fileURLToPath(new URL('react-app/', import.meta.url));
  const files = Object.fromEntries(await Promise.all((await readdir(app)).map(async name => [name, await readFile(app + name, 'utf8')])));
  const project = await createProject({
    ours: ['@twinflag/client', '@twinflag/react'],
    others: { react: '19.3.1', 'react-dom': '19.3.1', vite: '8.3.8' },
    files: {
      ...files,
      'url.html': PAGE('./url.js'),
      'url.js': VANILLA('@twinflag/client/url'),
      'vite.config.js':
        "export default { logLevel: 'warn', build: { assetsInlineLimit: 0, rolldownOptions: { input: ['index.html', 'url.html'] } } };",
    },
  });
  await project.bin('vite', 'build');
  assert.deepEqual(await shown(project.path('dist'), '/', 'button'), { text: 'Pay now', faults: [] });
  assert.deepEqual(await shown(project.path('dist'), '/url.html', 'output'), { text: 'embedding-2', faults: [] });
  await project.remove();
});

test('Node: a script, and types for both ways of resolving modules', async () => {
  const project = await createProject({
    ours: ['@twinflag/client'],
    files: {
      'script.mjs': `
        import { createClient } from '@twinflag/client';
        const [url, clientKey] = process.argv.slice(2);
        const flags = createClient({ url, clientKey, context: { customerId: 'c-1', userId: 'u-1' } });
        await flags.ready();
        console.log(flags.status, flags.getValue('search.model', 'none'));
        flags.close();`,
      'full.mjs': `
        import { readFileSync } from 'node:fs';
        import { loadFull } from '@twinflag/client/full';
        const full = loadFull(readFileSync(new URL(import.meta.resolve('@twinflag/client/full.wasm'))));
        const ruleset = full.compile(JSON.stringify({ schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { f: { default: 'on' } } }));
        console.log(ruleset.evaluate('f', false, {}).value);`,
      'types.mts': `
        import { createClient, type FlagClient } from '@twinflag/client';
        import { createClient as byUrl } from '@twinflag/client/url';
        import { loadFull } from '@twinflag/client/full';
        import { loadEngine } from '@twinflag/client/engine';
        const flags: FlagClient = createClient({ url: '', clientKey: '', context: { plan: 'pro' } });
        const on: boolean = flags.getValue('a', false);
        const model: 'x' | 'y' = flags.get<'x' | 'y'>('b', 'x').value;
        const off: () => void = flags.subscribe('a', () => undefined);
        // @ts-expect-error a boolean is no number
        const wrong: number = flags.getValue('a', false);
        export { byUrl, loadEngine, loadFull, model, off, on, wrong };`,
    },
  });
  const said = await project.node('script.mjs', server.url, server.clientKey);
  assert.deepEqual(said, { stdout: 'ready embedding-2\n', stderr: '' });
  assert.equal((await project.node('full.mjs')).stdout, 'true\n');
  const tsc = fileURLToPath(new URL('../../npm/node_modules/typescript/bin/tsc', import.meta.url));
  for (const module of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const resolved = await project
      .node(
        tsc,
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--lib',
        'es2022,dom,esnext.disposable',
        '--module',
        module[0],
        '--moduleResolution',
        module[1],
        'types.mts',
      )
      .catch(error => error);
    assert.equal(resolved.stdout, '', resolved.stdout);
  }
  await project.remove();
});

test('workerd: a worker that imports the client', async () => {
  const project = await createProject({
    ours: ['@twinflag/client'],
    files: {
      'worker.js': `
        import { createClient } from '@twinflag/client';
        export default {
          async fetch(request, env) {
            const flags = createClient({ url: env.EDGE, clientKey: env.CLIENT_KEY, context: { customerId: 'c-1', userId: 'u-1' } });
            await flags.ready();
            const { value, reason } = flags.get('search.model', 'none'), error = flags.error?.message;
            flags.close();
            return Response.json({ value, reason, error });
          },
        };`,
    },
  });
  await bundle(project, ['worker.js'], '--conditions=workerd', '--loader:.wasm=copy', '--asset-names=[name]');
  const port = await freePort();
  await writeFile(
    project.path('dist/config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["public", "private", "local"]))],
      sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
    );
    const worker :Workerd.Worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "engine.wasm", wasm = embed "engine.wasm")],
      compatibilityDate = "2026-10-01",
      bindings = [(name = "EDGE", text = "${server.url}"), (name = "CLIENT_KEY", text = "${server.clientKey}")],
    );`,
  );
  const workerd = spawnTied(WORKERD, ['serve', project.path('dist/config.capnp')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  workerd.stderr.on('data', chunk => {
    said += chunk;
  });
  const ended = new Promise(resolve => workerd.once('exit', resolve));
  try {
    assert.deepEqual(await answerOf(`http://127.0.0.1:${port}`), { value: 'embedding-2', reason: 'TARGETING_MATCH' }, said);
  } finally {
    workerd.kill('SIGKILL');
    await ended;
  }
  await project.remove();
});

/** The answer of a server that is starting. */
async function answerOf(url) {
  for (const end = Date.now() + 15_000; ; await new Promise(resolve => setTimeout(resolve, 20))) {
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

function freePort() {
  return new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
