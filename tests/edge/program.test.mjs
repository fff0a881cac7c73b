// `POST /v1/program`: its media types, its formats and its entity tags.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const flags = { plain: { default: 'on' }, drawn: { unit: 'userId', rollout: { status: 'active', percentage: 50 } } };
const DOCUMENT = { schema: 'twinflag/1', environment: 'test', bucketKey: '000102030405060708090a0b0c0d0e0f', flags };
const BINARY = 'application/vnd.twinflag.program';

const server = ownServer({ document: DOCUMENT });

const program = ({ query = '', ...options } = {}) =>
  server.asClient(`/v1/program${query}`, { body: { context: { customerId: 'c-1' } }, ...options });
const put = document => server.asAdmin('/api/admin/document', { method: 'PUT', body: document });

test('Accept: application/json answers the program as JSON', async () => {
  const answer = await program({ headers: { accept: 'application/json' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.type, 'application/json');
  const { format, known, flags } = answer.json();
  assert.equal(format, 2);
  assert.deepEqual(known, ['customerId', 'organizationId']);
  assert.equal(flags.plain.type, 'boolean');
  assert.equal(flags.plain.steps.length, 1);
});

test('without Accept the program is binary', async () => {
  const answer = await program();
  assert.equal(answer.status, 200);
  assert.equal(answer.type, BINARY);
  assert.ok(answer.bytes.length > 0);
  assert.equal((await program({ token: undefined })).status, 401);
  assert.equal((await program({ body: { context: [] } })).json().code, 'INVALID_CONTEXT');
});

test('the worker answers the media type that Accept prefers, and 406 if it accepts none', async () => {
  const forms = [
    ['*/*', BINARY],
    [`application/json;q=0.5, ${BINARY}`, BINARY],
    [`${BINARY};q=0.5, application/json`, 'application/json'],
    ['application/json, text/plain, */*', 'application/json'],
    [`${BINARY};q=0, application/*`, 'application/json'],
  ];
  for (const [accept, type] of forms) {
    const answer = await program({ headers: { accept } });
    assert.equal(answer.type, type, accept);
    assert.match(answer.headers.get('vary'), /accept/);
  }
  for (const accept of ['text/html', 'application/json;q=0']) {
    const refused = await program({ headers: { accept } });
    assert.equal(refused.status, 406);
    assert.equal(refused.json().code, 'NOT_ACCEPTABLE');
  }
});

test('a client that reads format 2 or a later one gets the program, an older client 406', async () => {
  for (const query of ['', '?format=2', '?format=3', '?format=4294967295']) assert.equal((await program({ query })).status, 200, query);
  for (const query of ['?format=0', '?format=1']) assert.equal((await program({ query })).json().code, 'NOT_ACCEPTABLE', query);
  for (const query of ['?format=', '?format=x', '?format=-1', '?format=2&format=2', '?formats=1', '?minVersion=x', '?minVersion=1']) {
    assert.equal((await program({ query })).status, 400, query);
  }
});

test('a program is sent again only if it changed', async () => {
  const first = await program();
  const headers = { 'if-none-match': first.headers.get('etag') };
  const again = await program({ headers });
  assert.equal(again.status, 304);
  assert.equal(again.bytes.length, 0);
  assert.equal((await program({ headers: { ...headers, accept: 'application/json' } })).status, 200);
  assert.equal((await program({ headers, body: { context: { customerId: 'c-2' } } })).status, 200);

  // A new version that does not change this visitor's program keeps the entity tag.
  const version = (await put({ ...DOCUMENT, overrides: { customers: { 'c-9': { plain: false } }, organizations: {} } })).headers
    .get('etag')
    .slice(1, -1);
  const unchanged = await program({ headers, query: `?minVersion=${version}` });
  assert.equal(unchanged.status, 304);
  assert.equal(unchanged.headers.get('twinflag-version'), version);

  await put({ ...DOCUMENT, flags: { plain: { default: 'off' } } });
  assert.equal((await program({ headers })).status, 200);
  await put(DOCUMENT);
  assert.equal((await program({ headers })).status, 304);
});
