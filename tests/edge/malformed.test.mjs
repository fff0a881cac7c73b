// Thousands of malformed requests: each is refused in the format of its route, and none changes anything or gets a 5xx.
//
// MALFORMED_COUNT and MALFORMED_SEED choose other requests: `cargo xtask malformed --count 10000 --seed 1`.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { extent } from '../extent.mjs';
import { ownServer } from '../own-server.mjs';
import { malformed, ROUTES } from './malformed/generate.mjs';
import { featureOf, until } from './reported.mjs';

const COUNT = Number(process.env.MALFORMED_COUNT ?? extent({ usual: 1_000, all: 5_000 }));
const SEED = Number(process.env.MALFORMED_SEED ?? 1);
const AT_ONCE = 8;
/** The paths below `/api/admin/` that show what is stored. */
const STATE = [
  'document',
  'changes?limit=1000',
  'changes/verify',
  'versions?limit=1000',
  'overrides?kind=customers',
  'overrides?kind=organizations',
  'customers',
  'customers?customerId=c-1',
  'stats',
];

const server = ownServer({
  document: {
    schema: 'twinflag/1',
    environment: 'test',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags: { plain: { default: 'on' } },
  },
});

const ask = ({ method, as }, path, { body, headers } = {}) =>
  server.request(path, {
    method,
    body,
    headers: { ...(method === 'PUT' && { 'if-match': '*' }), ...headers },
    token: { client: server.clientKey, server: server.serverKey, admin: server.adminToken }[as],
  });

test('the control: well-formed requests to the same routes succeed', async () => {
  for (const route of ROUTES) {
    const answer = await ask(route, route.path + (route.sound ?? ''), { body: route.valid });
    assert.equal(answer.status, route.taken ?? 200, `${route.path}: ${answer.text}`);
  }
  // The outcome counts a second later.
  await until(
    () => featureOf(server, 'plain'),
    ({ statistics }) => statistics.lastEvaluated !== null,
  );
});

test(`${COUNT} malformed requests from seed ${SEED} are refused and change nothing`, { timeout: 600_000 }, async t => {
  const state = async () => {
    const told = [];
    for (const path of STATE) {
      const { status, text, headers } = await server.asAdmin(`/api/admin/${path}`, { method: 'GET' });
      assert.equal(status, 200, path);
      told.push([path, text, headers.get('etag')]);
    }
    const { version } = (await server.request('/health', { method: 'GET' })).json();
    return { told, version };
  };
  const before = await state();
  const seen = new Map();
  let index = 0;
  const work = async () => {
    while (index < COUNT) {
      const request = malformed(SEED, index++);
      const { route, what } = request;
      const answer = await ask(route, request.path.startsWith('?') ? route.path + request.path : request.path, request);
      refused(answer, request);
      const kind = `${route.method} ${route.path}: ${what}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  assert.deepEqual(await state(), before);
  // The control: a change shows in the state.
  await server.asAdmin('/api/admin/overrides', { body: { customerId: 'c-1', flags: { plain: false }, reason: 'r' } });
  assert.notDeepEqual(await state(), before);
  await server.stop();
  assert.doesNotMatch(server.said(), /RuntimeError|panicked|unreachable/);
  t.diagnostic(`${seen.size} ways, ${[...seen.values()].sort((a, b) => a - b)[0]} requests at least in each`);
  for (const route of ROUTES)
    assert.ok(
      [...seen.keys()].some(kind => kind.startsWith(`${route.method} ${route.path}: `)),
      route.path,
    );
});

function refused(answer, { route, index, what, status, body, pointer }) {
  const said = () =>
    `seed ${SEED}, request ${index}, ${route.path}: ${what}\n${String(body).slice(0, 200)}\n${answer.status} ${answer.text.slice(0, 200)}`;
  assert.ok([status].flat().includes(answer.status), said());
  const refusal = answer.json();
  if (route.ofrep) {
    assert.equal(answer.type, 'application/json', said());
    assert.equal(refusal.errorCode, status === 400 ? refusal.errorCode : 'GENERAL', said());
    assert.ok(['PARSE_ERROR', 'INVALID_CONTEXT', 'GENERAL'].includes(refusal.errorCode), said());
    assert.equal(typeof refusal.errorDetails, 'string', said());
    assert.equal(refusal.key, route.key, said());
  } else {
    assert.equal(answer.type, 'application/problem+json', said());
    assert.equal(refusal.status, answer.status, said());
    if (pointer !== undefined) assert.ok(`${refusal.pointer}/`.startsWith(`${pointer}/`), said());
    assert.match(refusal.code, /^[A-Z_]+$/, said());
    for (const member of ['detail', 'title', 'type']) assert.equal(typeof refusal[member], 'string', said());
  }
}
