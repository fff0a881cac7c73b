// A client key never reveals what the document says about other visitors, in any answer, and neither does the log.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { ALL, DOCUMENT, MEMBERS, ownOf, PLACES, SHOWN } from './canaries/document.mjs';
import { canariesIn, canary, nearMiss } from './canaries/search.mjs';
import { hostWorker } from './workerd.mjs';

const AT_ONCE = 4;
const ANSWERS = 2_000;
const BINARY = 'application/vnd.twinflag.program';
const PAGE = 'https://shop.example';

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT), settings: { CLIENT_ORIGINS: PAGE } });
  for (const [number, customerId] of MEMBERS.entries()) {
    const answer = await server.asAdmin('/api/admin/customers', { body: { customerId, organizationId: PLACES.organization.ids[number] } });
    assert.equal(answer.status, 200, answer.text);
  }
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

test('the control: the search finds a canary in every encoding', () => {
  const text = canary('allowed', 7),
    bytes = Buffer.from(text);
  assert.deepEqual([...canariesIn(`{"a":"${text.toUpperCase()}"}`)], [text]);
  const written = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    text.replace(/./g, letter => `\\u00${letter.charCodeAt(0).toString(16)}`),
  ];
  written.push(
    encodeURIComponent(text).replace(/\w/g, letter => `%${letter.charCodeAt(0).toString(16)}`),
    Buffer.from(text, 'utf16le'),
  );
  for (const beside of ['', 'a', 'ab', 'abc'])
    for (const form of ['base64', 'base64url']) written.push(Buffer.from(`${beside}${text}${beside}`).toString(form));
  for (const one of written)
    assert.equal(canariesIn(Buffer.concat([Buffer.from('x"'), Buffer.from(one), Buffer.from([0xff, 0])])).size, 1, String(one));
  assert.equal(canariesIn(text.slice(-8)).size, 1);
  for (const none of [nearMiss(text), text.slice(0, -1), Buffer.from(nearMiss(text)).toString('base64')])
    assert.equal(canariesIn(none).size, 0, none);
});

/** The visitors: the context of each, and the canaries that they may see. */
function* visitors() {
  const nobody = new Set();
  for (const context of [
    {},
    { customerId: 'c-1' },
    { customerId: 'c-1', organizationId: 'o-1' },
    { targetingKey: 'u-1' },
    { customerId: null, organizationId: 7 },
    { userId: 'u-1', email: 'ada@example.com', plan: 'pro' },
    { customerId: 'c-1', plan: 'pro', sessionId: 's-1', geo: { region: 'EU' } },
  ])
    yield { context, may: nobody };
  for (const [place, { attribute, ids }] of [...Object.entries(PLACES), ['member', { attribute: 'customerId', ids: MEMBERS }]]) {
    for (const number of [0, ids.length >> 1, ids.length - 1]) {
      const id = ids[number],
        missed = nearMiss(id);
      for (const other of [missed, missed.toUpperCase(), id.slice(0, -1), ` ${missed}`, [missed], { [missed]: missed }])
        yield { context: { [attribute]: other }, may: nobody };
      yield {
        context: {
          customerId: missed,
          organizationId: missed,
          userId: missed,
          targetingKey: missed,
          sessionId: missed,
          email: missed,
          plan: missed,
        },
        may: nobody,
      };
      yield { context: { [attribute]: id, plan: 'pro' }, may: ownOf(place, number) };
    }
  }
}

/** The answers to every request that a page can send for one visitor with the client key, refused ones included. */
async function* answersTo(context) {
  const { asClient } = server;
  const body = { context };
  const post = (path, options) => asClient(path, { body, ...options });
  const again = (path, { headers }, options = {}) =>
    asClient(path, { ...options, headers: { ...options.headers, 'if-none-match': headers.get('etag'), origin: PAGE } });
  for (const flag of [...Object.keys(DOCUMENT.flags), 'absent']) yield post(`/ofrep/v1/evaluate/flags/${flag}`);
  const all = await post('/ofrep/v1/evaluate/flags', { headers: { origin: PAGE } });
  yield all;
  yield again('/ofrep/v1/evaluate/flags', all, { body });
  for (const accept of [BINARY, 'application/json']) {
    const program = await post('/v1/program', { headers: { accept } });
    yield { ...program, isOpen: !('plan' in context) };
    yield again('/v1/program', program, { body, headers: { accept } });
  }
  const text = ['customerId', 'organizationId', 'userId', 'sessionId', 'targetingKey'].filter(name => typeof context[name] === 'string');
  const path = `/api/widget/config?${new URLSearchParams(text.map(name => [name, context[name]]))}`;
  const widget = await asClient(path, { method: 'GET' });
  yield widget;
  yield again(path, widget, { method: 'GET' });
  yield asClient(path, { method: 'HEAD' });
  yield asClient(`${path}&customer=x`, { method: 'GET' });
  yield post('/v1/program?format=0');
  yield post('/v1/program', { headers: { accept: 'text/html' } });
  yield post('/v1/evaluate', { body: { evaluations: [{ flag: 'secret', context }] } });
  yield post('/v1/explain', { body: { flag: 'listed', context } });
  yield post('/demo/explain');
  for (const path of ['/ofrep/v1/evaluate/flags/secret', '/ofrep/v1/evaluate/flags', '/v1/program']) {
    yield post(path, { body: JSON.stringify(body).slice(0, -1) });
    yield post(path, { body: `{"context":${JSON.stringify(context).replace('{', '{"a":"\\u0000",').replace(',}', '}')}}` });
    yield post(path, { token: 'tf_client_wrong', headers: { origin: 'https://evil.example' } });
  }
}

/** The answers that do not depend on a context: every path with every method, with the client key and without credentials. */
async function* pages() {
  const { asClient, request } = server;
  const admin = [
    'document',
    'feature-flags',
    'overrides',
    'customers',
    'changes',
    'changes/verify',
    'versions',
    'stats',
    'rollout/lists',
  ].map(name => `/api/admin/${name}`);
  const paths = [
    ...admin,
    '/demo',
    '/demo/main.js',
    '/demo/style.css',
    '/demo/engine.wasm',
    '/health',
    '/',
    '/demo/flags.json',
    '/v1/ruleset',
    '/api/widget/config',
  ];
  for (const path of [
    ...paths,
    '/v1/program',
    '/v1/evaluate',
    '/v1/explain',
    '/demo/explain',
    '/ofrep/v1/evaluate/flags',
    '/ofrep/v1/evaluate/flags/secret',
  ]) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PROPFIND']) {
      yield asClient(path, { method, headers: { origin: PAGE } });
      yield request(path, { method });
    }
  }
}

const written = ({ bytes, headers }) => Buffer.concat([bytes, Buffer.from(`\n${JSON.stringify([...headers])}`)]);

test('an answer names nobody but its visitor, and the log names nobody', { timeout: 300_000 }, async t => {
  const statuses = new Map();
  let bytes = 0,
    answers = 0,
    open = 0,
    own = 0;
  const look = (answer, may, who) => {
    const found = canariesIn(written(answer));
    answers++;
    bytes += answer.bytes.length;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.isOpen) {
      open++;
      // The control: the same search finds the value that an open condition compares with.
      assert.ok(found.delete(SHOWN), `${who()}: a program without its open condition`);
    }
    for (const id of found) assert.ok(may.has(id), `${who()}: ${answer.status} tells of ${id}`);
    own += found.size;
  };
  const everybody = visitors();
  const work = async () => {
    for (const { context, may } of everybody)
      for await (const answer of answersTo(context)) look(answer, may, () => JSON.stringify(context));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for await (const answer of pages()) look(answer, new Set(), () => 'a page');
  assert.match(server.said(), /\/flags\/broken/);
  assert.deepEqual([...canariesIn(server.said())], []);

  t.diagnostic(
    `${answers} answers of ${bytes} bytes, ${open} open programs; ${own} times somebody saw their own; by status ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`,
  );
  assert.ok(answers >= ANSWERS && open >= ANSWERS / 20, `${answers} answers, ${open} open programs`);
  for (const status of [200, 204, 304, 400, 401, 403, 404, 405, 406]) assert.ok(statuses.get(status) > 0, `no answer was ${status}`);
  // The control: the search finds the visitors' own values in their answers.
  assert.ok(own >= 50, `${own} own names and values`);
});

test('the control: an operator gets every canary, found by the same search', async t => {
  const document = canariesIn(written(await server.asAdmin('/api/admin/document', { method: 'GET' })));
  const explained = canariesIn(written(await server.asAdmin('/v1/explain', { body: { flag: 'targeted', context: {} } })));
  const members = canariesIn(written(await server.asAdmin(`/api/admin/customers?limit=${MEMBERS.length}`, { method: 'GET' })));
  t.diagnostic(`${document.size} canaries in the document, ${explained.size} in an explanation, ${members.size} members`);
  assert.ok(ALL.length > 10_000);
  assert.deepEqual(document, new Set(ALL));
  assert.deepEqual(explained, new Set(PLACES.targeted.ids));
  assert.deepEqual(members, new Set(MEMBERS));
});
