// The worker in workerd, without `cargo xtask dev`: without a document, and with other settings.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker } from './workerd.mjs';

const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: {} },
});
const LEAVES = {
  phase1: { parentStorage: true, crossDomainMessaging: true, autoRestore: true },
  phase2: { enhancedStorage: false, connectionMonitoring: false, retryLogic: false },
  phase3: { tabSync: false, performanceMode: false, analytics: false },
};
const PAGE = 'https://shop.example';

const folders = [];
const hosted = async options => {
  const folder = await dataFolder();
  folders.push(folder);
  return hostWorker({ data: folder.path, ...options });
};
let empty, listed, locked;
before(async () => {
  empty = await hosted({ settings: { CLIENT_ORIGINS: '*' } });
  listed = await hosted({ document: DOCUMENT, settings: { CLIENT_ORIGINS: `https://a.example, ${PAGE}` } });
  locked = await hosted({ document: DOCUMENT, settings: { JWT_SECRET: '' } });
});
after(async () => {
  for (const server of [empty, listed, locked]) await server?.stop();
  for (const folder of folders) await folder.remove();
});

test('without a document the worker answers 503 with Retry-After, never 200 with defaults', async () => {
  const answers = [
    await empty.request('/health', { method: 'GET' }),
    await empty.asClient('/ofrep/v1/evaluate/flags', { body: { context: {} } }),
    await empty.asClient('/ofrep/v1/evaluate/flags/plain', { body: { context: {} } }),
    await empty.asClient('/v1/program', { body: {} }),
    await empty.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'plain', default: true }] } }),
    await empty.asServer('/v1/ruleset', { method: 'GET' }),
    await empty.asAdmin('/v1/explain', { body: { flag: 'plain' } }),
    await empty.asAdmin('/api/admin/document', { method: 'GET' }),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '1');
  }
});

test('without a document the widget gets the built-in configuration, marked as stale', async () => {
  const answer = await empty.asClient('/api/widget/config?customerId=c-1', { method: 'GET' });
  assert.equal(answer.status, 200);
  const { evaluatedAt, ...rest } = answer.json();
  assert.deepEqual(rest, { config: { sessionPersistence: LEAVES }, customerId: 'c-1', source: 'default', stale: true });
  assert.equal(typeof evaluatedAt, 'string');
  const again = await empty.asClient('/api/widget/config?customerId=c-1', {
    method: 'GET',
    headers: { 'if-none-match': answer.headers.get('etag') },
  });
  assert.equal(again.status, 304);
});

const preflight = (server, path, origin, method = 'POST') =>
  server.request(path, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization,content-type' },
  });
const CLIENT_ROUTES = [
  ['/ofrep/v1/evaluate/flags', 'POST'],
  ['/ofrep/v1/evaluate/flags/plain', 'POST'],
  ['/v1/program', 'POST'],
  ['/api/widget/config', 'GET'],
];
const OTHER_ROUTES = ['/v1/evaluate', '/v1/ruleset', '/v1/explain', '/api/admin/document', '/health'];

test('a page of a listed origin may use the client key and read answers and refusals', async () => {
  for (const [path, method] of CLIENT_ROUTES) {
    const may = await preflight(listed, path, PAGE, method);
    assert.equal(may.status, 204);
    assert.equal(may.headers.get('access-control-allow-origin'), PAGE);
    assert.match(may.headers.get('access-control-allow-methods'), new RegExp(method));
    for (const name of ['authorization', 'content-type', 'if-none-match', 'x-api-key'])
      assert.match(may.headers.get('access-control-allow-headers'), new RegExp(name));
    assert.equal(may.headers.get('vary'), 'origin');
    const body = method === 'POST' ? { context: {} } : undefined;
    for (const token of [listed.clientKey, 'wrong']) {
      const answer = await listed.request(path, { method, body, token, headers: { origin: PAGE } });
      assert.equal(answer.headers.get('access-control-allow-origin'), PAGE, path);
      assert.match(answer.headers.get('access-control-expose-headers'), /etag/);
      assert.match(answer.headers.get('vary'), /origin/);
    }
  }
});

test('a preflight from an origin that is not listed gets no CORS headers', async () => {
  for (const [server, origin] of [
    [listed, 'https://evil.example'],
    [listed, `${PAGE}.evil.example`],
    [listed, 'null'],
    [locked, PAGE],
  ]) {
    for (const [path, method] of CLIENT_ROUTES) {
      const may = await preflight(server, path, origin, method);
      assert.equal(may.status, 204);
      assert.equal(may.headers.get('access-control-allow-origin'), null);
      assert.equal(may.headers.get('access-control-allow-methods'), null);
      assert.equal(may.headers.get('vary'), 'origin');
    }
  }
});

test('CLIENT_ORIGINS=* allows every origin', async () => {
  assert.equal((await preflight(empty, '/v1/program', 'https://any.example')).headers.get('access-control-allow-origin'), '*');
});

test('routes that are not for pages never send CORS headers', async () => {
  for (const server of [empty, listed]) {
    for (const path of OTHER_ROUTES) {
      assert.equal((await preflight(server, path, PAGE)).headers.get('access-control-allow-origin'), null, path);
      assert.equal(
        (await server.asAdmin(path, { method: 'GET', headers: { origin: PAGE } })).headers.get('access-control-allow-origin'),
        null,
        path,
      );
    }
  }
});

test('without JWT_SECRET no token is accepted', async () => {
  for (const token of ['', 'null', 'undefined', listed.adminToken])
    assert.equal((await locked.request('/api/admin/document', { method: 'GET', token })).status, 401);
});

test('the demo page, its files and /demo/explain are not found unless DEMO is on', async () => {
  for (const [path, method] of [
    ['/demo', 'GET'],
    ['/demo/main.js', 'GET'],
    ['/demo/explain', 'POST'],
    ['/demo/explain', 'OPTIONS'],
  ]) {
    const answer = await listed.asClient(path, { method, body: method === 'POST' ? {} : undefined });
    assert.deepEqual([answer.status, answer.json().code], [404, 'NOT_FOUND'], `${method} ${path}`);
  }
});
