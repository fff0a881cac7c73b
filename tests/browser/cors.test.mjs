// CORS: a page of another origin can read each response header that the client reads, in Chromium, which hides the others.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { launch } from '../chromium.mjs';
import { startOn } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { openShop, startShop } from './shop.mjs';

const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));
const WORKERS = fileURLToPath(new URL('../edge/workers/', import.meta.url));
const MODULE = '../../../edge-worker/dist/worker/edge_bg.wasm';
const DOCUMENT = { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { checkout: { default: 'on' } } };
/** So few requests of a page a minute that its last ones are refused. */
const RATE_LIMITS = 'client=12';
/** The names that a page may read of any answer (Fetch, "CORS-safelisted response-header name"). */
const SAFELISTED = ['cache-control', 'content-language', 'content-length', 'content-type', 'expires', 'last-modified', 'pragma'];

let browser;
let shop;
before(async () => {
  browser = await launch();
  shop = await startShop();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
});

/** Runs the worker whose hub a test can take away, with a module in place of the built one. */
async function withWorker(module, use) {
  const folder = await dataFolder();
  const config = join(folder.path, 'workerd.capnp');
  const text = (await readFile(join(WORKERS, 'away.capnp'), 'utf8')).replace(`embed "${MODULE}"`, 'embed "edge_bg.wasm"');
  await writeFile(
    config,
    text.replaceAll(/embed "(.*\.js)"/g, (_, path) => `embed "${relative(folder.path, join(WORKERS, path))}"`),
  );
  await writeFile(join(folder.path, 'edge_bg.wasm'), module);
  const server = await startOn({ config: pathToFileURL(config), data: folder.path, settings: { RATE_LIMITS } });
  try {
    return await use(server);
  } finally {
    await server.stop();
    await folder.remove();
  }
}

/** Sends an administrator's request that must succeed. */
async function administer(server, method, path, body) {
  const answer = await server.asAdmin(path, { method, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

const keyOf = (server, terms) =>
  administer(server, 'POST', '/api/admin/keys', { kind: 'client', label: 'the shop', origins: [shop.url], ...terms });

function identityOf({ identitySecret }) {
  const claims = [{ alg: 'HS256' }, { exp: Math.floor(Date.now() / 1000) + 600, customerId: 'c-1' }]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${claims}.${createHmac('sha256', identitySecret).update(claims).digest('base64url')}`;
}

/** Notes in a page which headers any script reads, and each answer to `fetch`. */
function instrument() {
  const { get } = Headers.prototype;
  const seen = { names: new Set(), answers: [] };
  for (const method of ['get', 'has']) {
    const original = Headers.prototype[method];
    Headers.prototype[method] = function (name) {
      seen.names.add(name.toLowerCase());
      return original.call(this, name);
    };
  }
  // A script that goes through all headers has no names to compare.
  for (const method of ['entries', 'forEach', 'keys', 'values', Symbol.iterator]) Headers.prototype[method] = undefined;
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    const answer = await fetch(...request);
    seen.answers.push(answer);
    return answer;
  };
  globalThis.readHeaders = () => ({
    names: [...seen.names],
    answers: seen.answers.map(({ status, headers }) => ({
      status,
      headers: Object.fromEntries([...seen.names].map(name => [name, get.call(headers, name)])),
    })),
  });
}

/** Asks a worker for programs from the shop's page, in each way that has headers of its own. Returns what was sent and what was readable. */
async function visit(server) {
  await administer(server, 'PUT', '/api/admin/document?state=replace', DOCUMENT);
  await administer(server, 'POST', '/api/admin/customers', { customerId: 'c-1', organizationId: 'o-1' });
  const open = await keyOf(server, {});
  const pinned = await keyOf(server, { identity: { kind: 'pinned', customerId: 'c-1' } });
  const signed = await keyOf(server, { identity: { kind: 'signed' } });
  const { page, close } = await openShop(browser, shop, /status of (401|429)/);
  await page.addInitScript(instrument);
  await page.reload();
  const sent = [];
  page.on('response', response => response.request().method() === 'POST' && sent.push(response));
  /** Asks twice, the second time with an ETag and a version. */
  const ask = options =>
    page.evaluate(
      async ([url, own]) => {
        const client = globalThis.shop.createClient({ url, refresh: false, ...own });
        await client.ready();
        await client.refresh();
        const { status } = client;
        client.close();
        return status;
      },
      [server.url, options],
    );
  const statuses = [
    await ask({ clientKey: open.key, context: { customerId: 'c-1' } }),
    await ask({ clientKey: pinned.key }),
    await ask({ clientKey: signed.key, identityToken: identityOf(signed) }),
    await ask({ clientKey: 'tf_client_wrong' }),
  ];
  await server.request('/test/hub', { body: 'gone' });
  while (!(await server.request('/health', { method: 'GET' })).json().stale);
  await ask({ clientKey: open.key });
  await page.evaluate(
    async ([url, clientKey]) => {
      const client = globalThis.shop.createClient({ url, clientKey, refresh: false });
      while (client.error?.status !== 429) await client.refresh();
      client.close();
    },
    [server.url, open.key],
  );
  const { names, answers } = await page.evaluate(() => globalThis.readHeaders());
  const told = await Promise.all(sent.map(response => response.allHeaders()));
  assert.deepEqual(
    answers.map(({ status }) => status),
    sent.map(response => response.status()),
  );
  await close();
  return { statuses, names, answers, told };
}

/** The headers that the page read and could not, although the worker had sent them. */
const hidden = ({ answers, told }) => [
  ...new Set(answers.flatMap(({ headers }, index) => Object.keys(headers).filter(name => headers[name] !== (told[index][name] ?? null)))),
];

async function sourcesOf(...packages) {
  const folders = packages.map(name => `${NPM}${name}/src/`);
  const files = (
    await Promise.all(folders.map(async folder => (await readdir(folder, { recursive: true })).map(file => folder + file)))
  ).flat();
  return Promise.all(files.filter(file => file.endsWith('.ts')).map(file => readFile(file, 'utf8')));
}

/** The names in the sources of the packages for pages; `*` stands for what a template computes. */
function namesInSources(sources) {
  const reads = sources.flatMap(source => [...source.matchAll(/headers\.(?:get|has)\(([^)]*)\)/gi)].map(([, name]) => name));
  return [...new Set(reads)].map(name => name.replace(/^(['`])(.*)\1$/, '$2').replace(/\$\{.*?\}/g, '*'));
}

const module = await readFile(join(WORKERS, MODULE), 'latin1');
let exposed;

test('a page of another origin can read each header that the client reads', async () => {
  const seen = await withWorker(Buffer.from(module, 'latin1'), visit);
  assert.deepEqual(hidden(seen), []);
  assert.deepEqual(seen.statuses, ['ready', 'ready', 'ready', 'error']);
  exposed = seen.told[0]['access-control-expose-headers'].split(', ');
  // Each name had a value at least once, so that a hidden one would have shown.
  const valued = seen.names.filter(name => seen.answers.some(({ headers }) => headers[name] !== null));
  assert.deepEqual(valued.sort(), seen.names.sort());
  assert.deepEqual(seen.names.filter(name => !SAFELISTED.includes(name)).sort(), [...exposed].sort());
  assert.deepEqual([...new Set(seen.answers.map(({ status }) => status))], [200, 304, 401, 429]);
  const named = namesInSources(await sourcesOf('client', 'react', 'elements'));
  assert.ok(named.includes('etag'), 'the sources were searched');
  for (const name of named.filter(name => !SAFELISTED.includes(name))) {
    const pattern = new RegExp(`^${name.replace('*', '.+')}$`);
    assert.ok(
      seen.names.some(read => pattern.test(read)),
      `no answer here had the header ${name}, which a package reads`,
    );
  }
});

test('each header that a worker does not expose is noticed', async t => {
  const list = exposed.join(', ');
  for (const name of exposed) {
    await t.test(name, async () => {
      const parts = module.split(list);
      assert.equal(parts.length, 2, 'the module holds the list of exposed headers once');
      const without = exposed.map(each => (each === name ? 'x'.repeat(name.length) : each)).join(', ');
      assert.deepEqual(hidden(await withWorker(Buffer.from(parts.join(without), 'latin1'), visit)), [name]);
    });
  }
});
