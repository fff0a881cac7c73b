// Pages of other origins: the answers that they cannot read, and the requests that they cannot make an operator's browser send.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { APP, PAGE, rawTo, TRICKS } from './foreign-pages.mjs';
import { hostWorker } from './workerd.mjs';

const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: {} },
});
const LISTED = `${PAGE}, ${APP}`;

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { CLIENT_ORIGINS: LISTED, DEMO: 'on' } });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const PATHS = [
  ['/ofrep/v1/evaluate/flags', 'POST'],
  ['/v1/program', 'POST'],
  ['/api/widget/config', 'GET'],
];

const raw = (...request) => rawTo(server, ...request);

test('only an origin that equals a listed one gets CORS headers', async t => {
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
  let count = 0;
  for (const origin of [...TRICKS, [PAGE, 'https://evil.example'], ['https://evil.example', PAGE]]) {
    for (const [path, method] of PATHS) {
      const body = method === 'POST' ? '{"context":{}}' : undefined;
      const credentials = { authorization: `Bearer ${server.clientKey}`, 'content-type': 'application/json' };
      for (const answer of [await raw(path, 'OPTIONS', { origin, ...asked }), await raw(path, method, { origin, ...credentials }, body)]) {
        for (const name of Object.keys(answer.headers)) assert.ok(!name.startsWith('access-control-'), `${origin}: ${name}`);
        assert.match(answer.headers.vary, /(^|, )origin(,|$)/);
        count += 1;
      }
    }
  }
  assert.ok(TRICKS.length >= 50);
  for (const origin of LISTED.split(', '))
    assert.equal((await raw('/v1/program', 'OPTIONS', { origin, ...asked })).headers['access-control-allow-origin'], origin);
  t.diagnostic(`${TRICKS.length + 2} origins that are not listed, ${count} answers, 0 allowed`);
});

test('a preflight never allows cookies', async () => {
  for (const [path] of PATHS)
    assert.equal((await raw(path, 'OPTIONS', { origin: PAGE })).headers['access-control-allow-credentials'], undefined);
});

const put = (headers, token = server.adminToken) =>
  raw(
    '/api/admin/document?dryRun=true',
    'PUT',
    { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    DOCUMENT,
  );

test('a request that can change something is refused if a page of another site sent it', async () => {
  const { host } = new URL(server.url);
  const foreign = [
    PAGE,
    'null',
    'https://evil.example',
    `http://${host}.evil.example`,
    `http://x@${host}`,
    `http://${host.replace(/\d$/, '')}`,
  ];
  for (const headers of [
    ...foreign.map(origin => ({ origin })),
    { 'sec-fetch-site': 'cross-site' },
    { origin: server.url, 'sec-fetch-site': 'cross-site' },
  ]) {
    assert.equal((await put(headers)).statusCode, 403, JSON.stringify(headers));
    const explained = await raw(
      '/v1/explain',
      'POST',
      { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json', ...headers },
      '{"flag":"plain"}',
    );
    assert.equal(explained.statusCode, 403, JSON.stringify(headers));
    assert.equal(explained.headers['access-control-allow-origin'], undefined);
  }
  for (const headers of [
    {},
    { origin: server.url },
    { origin: server.url.replace('http:', 'https:') },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ])
    assert.equal((await put(headers)).statusCode, 200, JSON.stringify(headers));
  // A read from another site succeeds: it changes nothing, and the other page cannot read the answer.
  assert.equal(
    (await raw('/api/admin/document', 'GET', { authorization: `Bearer ${server.adminToken}`, 'sec-fetch-site': 'cross-site' })).statusCode,
    200,
  );
});

test('a request that can change something is refused unless its content type is JSON', async () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
    'application/jsonp',
    '',
    undefined,
  ]) {
    assert.equal((await put({ 'content-type': type ?? [] })).statusCode, 415, String(type));
  }
  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON'])
    assert.equal((await put({ 'content-type': type })).statusCode, 200, type);
});

test('every answer has nosniff and no-referrer', async () => {
  const answers = [
    await raw('/health', 'GET', {}),
    await raw('/absent', 'GET', {}),
    await raw('/demo', 'GET', {}),
    await raw('/demo/main.js', 'GET', {}),
    await raw('/v1/program', 'OPTIONS', {}),
    await raw('/v1/program', 'POST', {}, '{}'),
    await raw('/v1/program', 'DELETE', {}),
    await put({}),
    await put({ 'if-match': '"999"' }),
    await put({}, 'x'),
    await raw('/api/admin/document', 'GET', { authorization: `Bearer ${server.adminToken}` }),
  ];
  for (const { headers, req } of answers) {
    assert.equal(headers['x-content-type-options'], 'nosniff', req.path);
    assert.equal(headers['referrer-policy'], 'no-referrer', req.path);
  }
});

test("only the worker's own pages can frame the demo, which runs only the worker's own scripts", async () => {
  const policy = (await raw('/demo', 'GET', {})).headers['content-security-policy'];
  for (const rule of ["default-src 'self'", "frame-ancestors 'self'", "base-uri 'none'", "script-src 'self' 'wasm-unsafe-eval'"])
    assert.ok(policy.includes(rule), rule);
  assert.equal((await raw('/demo/index.html', 'GET', {})).statusCode, 404);
});
