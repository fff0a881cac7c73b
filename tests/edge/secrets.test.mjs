// A secret that a caller puts anywhere in a request appears neither in an answer nor in the log.
import assert from 'node:assert/strict';
import { Agent, request as ask } from 'node:http';
import { after, before, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { hostWorker, KEYS, token } from './workerd.mjs';

const COUNT = extent({ usual: 1_500, all: 10_000 });
const AT_ONCE = 16;
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: { default: 'on', rules: [{ if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'off' }] } },
};
/** No text of the worker contains this, and base64url does not contain it by chance. */
const CANARY = 'c4nary-8d1f0e5b';

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({
    data: folder.path,
    document: JSON.stringify(DOCUMENT),
    settings: { CLIENT_ORIGINS: 'https://shop.example' },
  });
});
after(async () => {
  agent.destroy();
  await server?.stop();
  await folder?.remove();
});

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const send = ({ path, method, headers, body }) =>
  new Promise((resolve, reject) => {
    const request = ask(server.url + path, { method, headers, agent }, response => {
      const chunks = [];
      response
        .on('data', chunk => chunks.push(chunk))
        .on('end', () => resolve({ status: response.statusCode, text: `${JSON.stringify(response.rawHeaders)}${Buffer.concat(chunks)}` }));
    });
    request.on('error', reject).end(body);
  });

const encoded = value => Buffer.from(JSON.stringify(value)).toString('base64url');
const exp = () => Math.floor(Date.now() / 1000) + 600;
/** The valid credentials, then the wrong ones. */
const right = () =>
  [
    server.clientKey,
    server.serverKey,
    server.adminToken,
    token({ sub: CANARY, exp: exp(), [CANARY]: CANARY }),
    token({ sub: CANARY, exp: exp(), app_metadata: { role: 'member', organizationId: CANARY } }),
  ].map(key => ({ authorization: `Bearer ${key}` }));
const wrong = () => [
  { authorization: `Bearer ${CANARY}` },
  { authorization: `Basic ${Buffer.from(`u:${CANARY}`).toString('base64')}` },
  { authorization: CANARY },
  { 'x-api-key': CANARY },
  { 'x-api-key': `${KEYS.SERVER_KEY}${CANARY}` },
  { authorization: `Bearer ${token({ sub: CANARY, exp: 1 })}` },
  { authorization: `Bearer ${encoded({ alg: 'HS256', kid: CANARY })}.${encoded({ sub: CANARY, exp: CANARY })}.${CANARY}` },
  { authorization: `Bearer ${token({ sub: 's', exp: exp() }, { alg: 'HS256', jku: `http://${CANARY}/` })}` },
  { authorization: `Bearer ${CANARY}.${CANARY}.${CANARY}` },
  {},
];
const HEADERS = [
  {},
  { cookie: `session=${CANARY}` },
  { origin: `https://${CANARY}.example` },
  { referer: `https://shop.example/?token=${CANARY}` },
  { 'x-forwarded-for': CANARY, 'cf-connecting-ip': CANARY },
  { 'if-none-match': `"${CANARY}"` },
  { 'if-match': `"${CANARY}"` },
  { accept: `text/${CANARY}` },
  { 'content-type': `text/${CANARY}` },
  { 'user-agent': CANARY, traceparent: CANARY },
  { 'sec-fetch-site': CANARY },
  { 'x-secret': `é${CANARY}` },
];
/** The canary is in values only: the names of a document's members are no secrets, because a refusal's pointer has them. */
const BODIES = [
  { context: { password: CANARY, userId: CANARY, customerId: CANARY, plan: 'pro' } },
  { context: CANARY },
  { context: { a: [CANARY] }, secret: CANARY },
  { schema: CANARY },
  { evaluations: CANARY },
  { evaluations: [{ flag: { secret: CANARY } }] },
  { evaluations: [{ flag: 'plain', context: { secret: CANARY }, now: CANARY }] },
  { evaluations: [{ flag: 'plain', context: { secret: CANARY, userId: CANARY } }] },
  { evaluations: [CANARY] },
  { evaluations: [{ flag: 'plain', bucket: CANARY }] },
  { flag: [CANARY] },
  { flag: 'plain', now: CANARY },
  { minVersion: CANARY, evaluations: [] },
  `"${CANARY}"`,
  CANARY,
  `{"context":{"a":"${CANARY}`,
  `{"context":{"x":"${CANARY}","x":"${CANARY}","y":1e999}}`,
  `{"context":{"a":"${CANARY}\\ud800"}}`,
  `[${JSON.stringify(CANARY)}]`,
];
const ROUTES = [
  ['POST', '/ofrep/v1/evaluate/flags'],
  ['POST', '/ofrep/v1/evaluate/flags/plain'],
  ['POST', '/v1/program'],
  ['POST', '/v1/evaluate'],
  ['POST', '/v1/explain'],
  ['PUT', '/api/admin/document?dryRun=true'],
  ['PUT', '/api/admin/document?state=other'],
  ['GET', '/v1/ruleset?since=x'],
  ['GET', '/api/widget/config'],
  ['GET', '/api/admin/document?x=1'],
  ['DELETE', '/v1/program'],
  ['OPTIONS', '/v1/program'],
  ['POST', '/demo/explain'],
  ['GET', '/absent'],
];

/** A request by its number. The lists' lengths have no common factor, so that every route meets every header and body. */
function planted(index, credentials) {
  const [method, path] = ROUTES[index % ROUTES.length];
  const shows = credentials[Math.floor(index / ROUTES.length) % credentials.length];
  const body = BODIES[index % BODIES.length];
  const headers = { 'content-type': 'application/json', ...HEADERS[index % HEADERS.length], ...shows };
  return {
    method,
    path,
    headers,
    body: ['GET', 'OPTIONS', 'DELETE'].includes(method) ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  };
}

test(`no answer and no log line has a secret from ${COUNT} requests`, { timeout: 300_000 }, async t => {
  const [credentials, statuses] = [[...right(), ...wrong(), ...right()], new Map()];
  // Each part of a token counts as a secret.
  const secrets = [
    CANARY,
    encoded({ sub: CANARY }).slice(0, 20),
    KEYS.JWT_SECRET,
    server.clientKey,
    server.serverKey,
    ...server.adminToken.split('.').slice(1),
  ];
  let index = 0;
  const work = async () => {
    while (index < COUNT) {
      const request = planted(index++, credentials);
      const { status, text } = await send(request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      for (const secret of secrets)
        assert.ok(
          !text.includes(secret),
          `${request.method} ${request.path} ${JSON.stringify(request.headers)} ${request.body}\n${status} ${text}`,
        );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  // After the worker has ended, its whole log was read.
  await server.stop();
  for (const secret of secrets) assert.ok(!server.said().includes(secret), server.said().slice(0, 2_000));
  assert.ok(
    [...statuses.keys()].every(status => status < 500),
    JSON.stringify([...statuses]),
  );
  for (const status of [200, 204, 400, 401, 403, 404, 405, 415, 422])
    assert.ok(statuses.get(status) > 0, `${status} in ${JSON.stringify([...statuses])}`);
  t.diagnostic(
    `${[...statuses]
      .sort()
      .map(([status, count]) => `${count} answers ${status}`)
      .join(', ')}; ${server.said().length} characters said`,
  );
});
