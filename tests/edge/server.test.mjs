// The server of `cargo xtask dev`: its files, its pages, unknown paths and methods, and refused first documents.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';

let folder;
let server;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

test('dev.json has the addresses and credentials, and only its owner can read it', async () => {
  const described = JSON.parse(await readFile(join(folder.path, 'dev.json'), 'utf8'));
  assert.deepEqual(Object.keys(described).sort(), ['adminToken', 'clientKey', 'dashboard', 'demo', 'serverKey', 'url']);
  assert.equal((await stat(join(folder.path, 'dev.json'))).mode & 0o077, 0);
});

test('the example flags have no errors', async () => {
  const text = await readFile(new URL('../../npm/examples/flags.json', import.meta.url), 'utf8');
  const answer = await server.asAdmin('/api/admin/document', { method: 'PUT', body: text });
  assert.deepEqual(answer.json().errors, []);
});

test('the demo page has the client key and no other secret, and its script is served', async () => {
  const page = await server.request('/demo', { method: 'GET' });
  assert.equal(page.status, 200);
  assert.match(page.type, /^text\/html/);
  assert.ok(page.text.includes(server.clientKey));
  assert.ok(!page.text.includes(server.serverKey) && !page.text.includes(server.adminToken));
  assert.match((await server.request('/demo/main.js', { method: 'GET' })).type, /^text\/javascript/);
});

test('an unknown path is 404', async () => {
  for (const path of [
    '/absent',
    '/demo/',
    '/demo/absent.js',
    '/demo/.stamp',
    '/demo/..%2f..%2fworker%2findex.js',
    '/demo/%2e%2e/x.js',
    '/ofrep/v1/evaluate/flags/',
    '/%',
    '/v1/evaluate/x',
  ]) {
    const answer = await server.request(path, { method: 'GET' });
    assert.equal(answer.status, 404, path);
    assert.equal(answer.json().code, 'NOT_FOUND');
  }
});

const METHODS = [
  ['/health', 'GET, HEAD, OPTIONS'],
  ['/demo', 'GET, HEAD, OPTIONS'],
  ['/demo/main.js', 'GET, HEAD, OPTIONS'],
  ['/v1/ruleset', 'GET, HEAD, OPTIONS'],
  ['/api/widget/config', 'GET, HEAD, OPTIONS'],
  ['/api/admin/document', 'GET, HEAD, PUT, OPTIONS'],
  ['/v1/evaluate', 'POST, OPTIONS'],
  ['/v1/program', 'POST, OPTIONS'],
  ['/v1/explain', 'POST, OPTIONS'],
  ['/demo/explain', 'POST, OPTIONS'],
  ['/ofrep/v1/evaluate/flags', 'POST, OPTIONS'],
  ['/ofrep/v1/evaluate/flags/x', 'POST, OPTIONS'],
];

test('a method that a path does not take is 405 with Allow', async () => {
  for (const [path, allowed] of METHODS) {
    for (const method of ['DELETE', 'PATCH', 'PROPFIND', allowed.includes('GET') ? 'POST' : 'GET']) {
      const answer = await server.asAdmin(path, { method });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers.get('allow'), allowed);
    }
  }
});

test('OPTIONS answers 204 with Allow', async () => {
  for (const [path, allowed] of METHODS) {
    const answer = await server.request(path, { method: 'OPTIONS' });
    assert.equal(answer.status, 204, path);
    assert.equal(answer.headers.get('allow'), allowed);
  }
  assert.equal((await server.request('/absent', { method: 'OPTIONS' })).status, 404);
});

test('HEAD answers like GET, without a body', async () => {
  for (const path of ['/health', '/demo']) {
    const answer = await server.request(path, { method: 'HEAD' });
    assert.equal(answer.status, 200, path);
    assert.equal(answer.bytes.length, 0);
    assert.equal(answer.type, (await server.request(path, { method: 'GET' })).type);
  }
});

test('/version answers the release and the format of programs without credentials', async () => {
  const answer = await server.request('/version', { method: 'GET' });
  const { version } = JSON.parse(await readFile(new URL('../../npm/package.json', import.meta.url), 'utf8'));
  assert.deepEqual([answer.status, answer.json()], [200, { programFormat: 2, release: version }]);
  // Only GET /version exists.
  assert.equal((await server.request('/version', { method: 'POST' })).status, 405);
  assert.equal((await server.request('/version/', { method: 'GET' })).status, 404);
});

test('/health answers the served version and whether it may be stale', async () => {
  const answer = await server.request('/health', { method: 'GET' });
  assert.equal(answer.status, 200);
  const { epoch, version, ...rest } = answer.json();
  assert.match(epoch, /^[0-9a-f]{12}$/);
  assert.ok(version >= 1);
  assert.deepEqual(rest, { stale: false, status: 'ok' });
});

test('every answer has nosniff, and the cache-control of its route', async () => {
  const { asAdmin, asClient, asServer, request } = server;
  const kept = [
    ['no-store', await request('/health', { method: 'GET' })],
    ['no-store', await request('/absent', { method: 'GET' })],
    ['no-store', await asAdmin('/api/admin/document', { method: 'GET' })],
    ['no-store', await asAdmin('/api/admin/document', { method: 'PUT', body: '{' })],
    ['no-store', await asServer('/v1/evaluate', { body: { evaluations: [] } })],
    ['no-store', await asServer('/v1/ruleset', { method: 'GET' })],
    ['no-store', await asClient('/ofrep/v1/evaluate/flags', { body: '{' })],
    ['private, no-cache', await asClient('/ofrep/v1/evaluate/flags', { body: { context: {} } })],
    ['private, no-cache', await asClient('/v1/program', { body: {} })],
    ['private, no-cache', await asClient('/api/widget/config', { method: 'GET', body: undefined })],
    ['no-cache', await request('/demo', { method: 'GET' })],
  ];
  for (const [expected, answer] of kept) {
    assert.equal(answer.headers.get('cache-control'), expected);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  }
});

test('after SIGKILL the worker ends too, and the next start has the same keys', async () => {
  const { url, clientKey } = server;
  await server.stop();
  await gone(url);
  server = await startServer({ data: folder.path });
  assert.equal(server.clientKey, clientKey);
});

test('a start with a document that is refused fails with its error', async () => {
  const other = await dataFolder();
  try {
    await assert.rejects(
      startServer({ data: other.path, document: '{"schema":"other"}' }),
      /the document \S+given\.json is refused: \/schema/,
    );
  } finally {
    await other.remove();
  }
});

test('a start reports the errors in its first document', async () => {
  const other = await dataFolder();
  const document = { schema: 'twinflag/1', environment: 'test', flags: { good: {}, bad: { type: 'colour' } } };
  const started = await startServer({ data: other.path, document });
  try {
    await started.heard(/\/flags\/bad\/type: /);
  } finally {
    await started.stop();
    await other.remove();
  }
});

async function gone(url) {
  for (const end = Date.now() + 5_000; Date.now() < end; ) {
    try {
      await fetch(`${url}/health`, { signal: AbortSignal.timeout(1_000) });
    } catch {
      return;
    }
  }
  assert.fail('the worker outlives the command that started it');
}
