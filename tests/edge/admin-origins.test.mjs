// `ADMIN_ORIGINS`: the pages of other origins that may send operators' requests, and what they may not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { APP, PAGE, rawTo, TRICKS } from './foreign-pages.mjs';
import { hostWorker } from './workerd.mjs';

const DOCUMENT = JSON.stringify({ schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { plain: {} } });
/** A page that may use the client key, and is none of operators. */
const SHOP = 'https://other.example';
const KILL = JSON.stringify({ featureName: 'plain', action: 'kill', reason: 'from a page' });

let folder, server;
before(async () => {
  folder = await dataFolder();
  const settings = { ADMIN_ORIGINS: `${PAGE}, ${APP}`, CLIENT_ORIGINS: SHOP };
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const raw = (...request) => rawTo(server, ...request);
const preflight = (origin, path, method) =>
  raw(path, 'OPTIONS', { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' });
const asOperator = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' };
const send = (origin, path, method, body, token = server.adminToken) =>
  raw(path, method, { origin, ...asOperator, authorization: `Bearer ${token}` }, body);
/** Requests of an operators' page, with the status of a good answer. */
const REQUESTS = [
  ['/api/admin/flags', 'GET', undefined, 200],
  ['/api/admin/me', 'GET', undefined, 200],
  ['/v1/explain', 'POST', '{"flag":"plain","context":{}}', 200],
  ['/v1/program', 'POST', '{"context":{}}', 200],
  ['/health', 'GET', undefined, 200],
  ['/version', 'GET', undefined, 200],
  ['/api/admin/feature-flags', 'POST', KILL, 200],
];

const cors = headers => Object.keys(headers).filter(name => name.startsWith('access-control-'));

test('a listed page sends operators’ requests and reads the answers, and its preflights allow their headers', async () => {
  for (const origin of [PAGE, APP]) {
    for (const [path, method, body, status] of REQUESTS) {
      const { statusCode, headers } = await preflight(origin, path, method);
      const allowed = headers['access-control-allow-headers'].split(', ');
      assert.deepEqual([statusCode, headers['access-control-allow-origin']], [204, origin], path);
      assert.ok(headers['access-control-allow-methods'].split(', ').includes(method), path);
      for (const name of ['authorization', 'content-type', 'if-match', 'idempotency-key'])
        assert.ok(allowed.includes(name), `${path}: ${name}`);
      assert.equal(headers['access-control-allow-credentials'], undefined);
      const answer = await send(origin, path, method, body);
      assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [status, origin], path);
      assert.match(answer.headers['access-control-expose-headers'], /(^|, )etag(,|$)/);
      // No listed page may be answered with what was said to another one.
      const isChange = path === '/api/admin/feature-flags';
      const unlisted = await send('https://evil.example', path, isChange ? 'GET' : method, isChange ? undefined : body);
      assert.deepEqual(cors(unlisted.headers), [], path);
    }
  }
});

test('refusals of a listed page can be read there too, and its changes need rights and JSON', async () => {
  const refused = async (status, ...request) => {
    const { statusCode, headers } = await raw(...request);
    assert.deepEqual([statusCode, headers['access-control-allow-origin']], [status, PAGE], request[0]);
  };
  const path = '/api/admin/feature-flags';
  await refused(401, path, 'POST', { origin: PAGE, ...asOperator }, KILL);
  await refused(401, path, 'POST', { origin: PAGE, ...asOperator, authorization: `Bearer ${server.clientKey}` }, KILL);
  await refused(
    415,
    path,
    'POST',
    { origin: PAGE, ...asOperator, authorization: `Bearer ${server.adminToken}`, 'content-type': 'text/plain' },
    KILL,
  );
  await refused(
    412,
    '/api/admin/flags/plain',
    'PUT',
    { origin: PAGE, ...asOperator, authorization: `Bearer ${server.adminToken}`, 'if-match': '"none"' },
    '{}',
  );
});

test('an origin that resembles a listed one is refused, and allowed nothing', async t => {
  let count = 0;
  for (const origin of [...TRICKS, [PAGE, 'https://evil.example'], ['https://evil.example', PAGE], SHOP]) {
    for (const [path, method, body] of REQUESTS.filter(([path]) => path.startsWith('/api/admin/') || path === '/v1/explain')) {
      const answers = [await preflight(origin, path, method), await send(origin, path, method, body)];
      for (const { headers } of answers) assert.deepEqual(cors(headers), [], `${origin}: ${path}`);
      // A request without an origin is no page's, but the browser says that this one is from another site.
      if (method !== 'GET') assert.equal(answers[1].statusCode, 403, `${origin}: ${path}`);
      count += 1;
    }
  }
  assert.ok(count >= 200, count);
  t.diagnostic(`${count} requests of pages that are not listed`);
});

test('a listed page may neither use the client key, nor what is for servers', async () => {
  const asked = await send(PAGE, '/ofrep/v1/evaluate/flags', 'POST', '{"context":{}}', server.clientKey);
  assert.deepEqual(cors(asked.headers), []);
  assert.deepEqual(cors((await preflight(PAGE, '/v1/evaluate', 'POST')).headers), []);
  const streamed = (await server.request('/ofrep/v1/evaluate/flags', { token: server.clientKey, body: { context: {} } })).json();
  const { requestUri } = streamed.eventStreams[0].endpoint;
  assert.equal((await raw(requestUri, 'GET', { origin: PAGE })).statusCode, 403);
  const evaluated = await send(PAGE, '/v1/evaluate', 'POST', '{"evaluations":[{"flag":"plain"}]}', server.serverKey);
  assert.deepEqual([evaluated.statusCode, cors(evaluated.headers)], [200, []]);
});

test('without the setting no page of another origin is let in', async () => {
  const own = await dataFolder();
  const closed = await hostWorker({ data: own.path, document: DOCUMENT });
  try {
    for (const [path, method, body] of REQUESTS) {
      const asked = { origin: PAGE, 'content-type': 'application/json', authorization: `Bearer ${closed.adminToken}` };
      for (const { headers } of [await rawTo(closed, path, 'OPTIONS', asked), await rawTo(closed, path, method, asked, body)])
        assert.deepEqual(cors(headers), [], path);
    }
  } finally {
    await closed.stop();
    await own.remove();
  }
});
