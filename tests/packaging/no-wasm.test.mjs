// Pages that may run no WebAssembly, built by others' tools: the engine as a script is a chunk that they load, and that no other page does.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { extent } from '../extent.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { startSite } from '../site.mjs';
import { bundle, createProject } from './project.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    booking: { default: 'on' },
    'search.model': {
      type: 'string',
      variants: { classic: 'bm25', vector: 'embedding-2' },
      on: 'vector',
      off: 'classic',
      targets: [{ attribute: 'userId', values: ['u-1'], variant: 'vector' }],
    },
  },
};
const PAGE = (script, type = 'type="module"') =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script ${type} src="${script}"></script>`;
/** A page that reads a flag by two contexts, the second one without a request. */
const VANILLA = (entry, more = '') => `
  import { createClient } from '${entry}';
  const clientKey = new URLSearchParams(location.search).get('key');
  const flags = createClient({ url: location.origin, clientKey, context: { customerId: 'c-1', userId: 'u-1' }${more} });
  await flags.ready();
  const first = flags.getValue('search.model', 'none');
  await flags.setContext({ customerId: 'c-1', userId: 'u-2' });
  const textContent = flags.error?.message ?? first + ' ' + flags.getValue('search.model', 'none');
  document.body.append(Object.assign(document.createElement('output'), { textContent }));
`;
const SHOWN = 'embedding-2 bm25';
const ELEMENTS = `
  document.body.innerHTML = \`<flag-provider url="\${location.origin}" client-key="\${new URLSearchParams(location.search).get('key')}" context='{"customerId":"c-1"}'>
    <feature-flag flag="booking"><output>on</output><p slot="off">off</p></feature-flag></flag-provider>\`;
`;
/** A text of the engine's data, which stands nowhere else: base64 of `targetingKey`. */
const MARK = 'dGFyZ2V0aW5nS2V5';
const STRICT = { 'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:" };

let folder, server, browser;
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

/**
 * What a page of a built folder shows, the scripts and modules that it loads, and its faults.
 *
 * @param {{ headers?: object, init?: string, selector?: string }} options `headers` of every file; `init` runs before the page's scripts
 */
async function visit(built, path, { headers, init, selector = 'output' } = {}) {
  const site = await startSite({ folder: built, worker: server.url, headers });
  const { page, faults } = await newPage(browser);
  const loaded = [];
  page.on('request', request => loaded.push(new URL(request.url()).pathname));
  try {
    if (init) await page.addInitScript(init);
    await page.goto(`${site.url}${path}?key=${server.clientKey}`);
    const text = await page.locator(selector).textContent();
    return { text, faults, loaded: loaded.filter(name => /\.(js|wasm)$/.test(name)), asked: site.asked };
  } finally {
    await page.close();
    await site.stop();
  }
}

/** The one file of a built folder that has the engine as a script; fails where there are several, or it is part of another file. */
async function chunkOf(built) {
  const names = (await readdir(built, { recursive: true })).filter(name => name.endsWith('.js'));
  const having = [];
  for (const name of names) {
    const text = await readFile(`${built}/${name}`, 'utf8');
    if (text.includes(MARK)) having.push({ name, length: text.length, isClient: text.includes('/v1/program') });
  }
  assert.equal(having.length, 1, JSON.stringify(having));
  assert.equal(having[0].isClient, false, having[0].name);
  return `/${having[0].name}`;
}

/** Visits a page as most are, under a strict policy, and in a browser without WebAssembly. */
async function check(built, path, { chunk, module, selector, shown = SHOWN }) {
  const usual = await visit(built, path, { selector });
  assert.deepEqual([usual.text, usual.faults], [shown, []], path);
  assert.equal(usual.loaded.includes(chunk), false, `${path}: ${usual.loaded}`);
  for (const [what, options] of [
    ['strict', { headers: STRICT }],
    ['without', { init: 'delete globalThis.WebAssembly' }],
  ]) {
    const { text, faults, loaded, asked } = await visit(built, path, { ...options, selector });
    assert.equal(text, shown, `${path}, ${what}: ${faults}`);
    assert.equal(loaded.filter(name => name === chunk).length, 1, `${path}, ${what}: ${loaded}`);
    assert.equal(
      loaded.some(name => name === module),
      false,
      `${path}, ${what}: ${loaded}`,
    );
    // A program is fetched once: an engine that cannot be had would ask again and again.
    assert.equal(asked.filter(name => name === '/v1/program').length, 1, `${path}, ${what}: ${asked}`);
    for (const fault of faults) assert.match(fault, /WebAssembly/, `${path}, ${what}`);
  }
}

test('esbuild: the client, the client with the engine as a file, and the elements', async () => {
  const project = await createProject({
    ours: ['@twinflag/client', '@twinflag/elements'],
    files: {
      'vanilla.js': VANILLA('@twinflag/client'),
      'url.js': VANILLA('@twinflag/client/url', ", engineUrl: '/engine.wasm'"),
      'elements.js': `import '@twinflag/elements/define';${ELEMENTS}`,
    },
  });
  const entries = ['vanilla.js', 'url.js', 'elements.js'];
  await bundle(project, entries, '--minify');
  for (const entry of entries) await writeFile(project.path(`dist/${entry}.html`), PAGE(`/${entry}`));
  const file = name => readFile(project.path(`node_modules/@twinflag/${name}`));
  await writeFile(project.path('dist/engine.wasm'), await file('client/dist/engine/engine.wasm'));
  const built = project.path('dist');
  const chunk = await chunkOf(built);
  await check(built, '/vanilla.js.html', { chunk });
  await check(built, '/url.js.html', { chunk, module: '/engine.wasm' });
  await check(built, '/elements.js.html', { chunk, selector: 'output:visible', shown: 'on' });

  // The file for a script tag has no bundler: it takes the engine from the file beside it.
  await mkdir(project.path('dist/alone'));
  for (const name of ['twinflag-elements.js', 'script-engine.js'])
    await writeFile(project.path(`dist/alone/${name}`), await file(`elements/dist/entry/${name}`));
  await writeFile(project.path('dist/alone/start.js'), ELEMENTS);
  await writeFile(project.path('dist/alone.html'), `${PAGE('/alone/twinflag-elements.js', '')}<script src="/alone/start.js"></script>`);
  await check(built, '/alone.html', { chunk: '/alone/script-engine.js', selector: 'output:visible', shown: 'on' });
  await project.remove();
});

test('Vite: the client, and the client with the engine as a file', async () => {
  const project = await createProject({
    ours: ['@twinflag/client'],
    others: { vite: '8.3.8' },
    files: {
      'index.html': PAGE('./vanilla.js'),
      'vanilla.js': VANILLA('@twinflag/client'),
      'url.html': PAGE('./url.js'),
      'url.js': VANILLA('@twinflag/client/url'),
      'vite.config.js':
        "export default { logLevel: 'warn', build: { assetsInlineLimit: 0, rolldownOptions: { input: ['index.html', 'url.html'] } } };",
    },
  });
  await project.bin('vite', 'build');
  const built = project.path('dist');
  const chunk = await chunkOf(built);
  const module = (await readdir(built, { recursive: true })).find(name => name.endsWith('.wasm'));
  await check(built, '/index.html', { chunk });
  await check(built, '/url.html', { chunk, module: `/${module}` });
  await project.remove();
});

test('the condition `react-native`: hooks and outcomes of an app are over the entry for apps, once', async () => {
  const project = await createProject({
    ours: ['@twinflag/client', '@twinflag/react'],
    others: { react: '19.3.1' },
    files: {
      'app.js': `
        import { createClient, deviceStorage } from '@twinflag/client';
        import { outcomes } from '@twinflag/client/outcomes';
        import { FlagProvider, useFeatureFlag } from '@twinflag/react';
        export { createClient, deviceStorage, FlagProvider, outcomes, useFeatureFlag };`,
    },
  });
  await bundle(project, ['app.js'], '--conditions=react-native', '--minify');
  const built = project.path('dist');
  const scripts = (await readdir(built)).map(name => readFile(`${built}/${name}`, 'utf8'));
  const text = (await Promise.all(scripts)).join('');
  assert.equal(text.split(MARK).length - 1, 1);
  assert.doesNotMatch(text, /WebAssembly|DecompressionStream|BigInt|new URL\b|[^.\w]TextDecoder\(/);
  await project.remove();
});

// It takes long to install.
const others = extent({ usual: [], all: ['webpack'] });
for (const other of others)
  test(`${other}: the client`, async () => {
    const project = await createProject({
      ours: ['@twinflag/client'],
      others: { webpack: '5.112.2', 'webpack-cli': '7.3.1' },
      files: {
        'vanilla.js': `async function start() {${VANILLA('@twinflag/client').replace(/import .*;/, '')}}
        import { createClient } from '@twinflag/client';
        void start();`,
        'webpack.config.mjs': "export default { mode: 'production', entry: './vanilla.js', performance: { hints: false } };",
      },
    });
    await project.bin('webpack');
    await writeFile(project.path('dist/index.html'), PAGE('/main.js', ''));
    const built = project.path('dist');
    await check(built, '/index.html', { chunk: await chunkOf(built) });
    await project.remove();
  });
