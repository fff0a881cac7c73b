// The document for servers that evaluate it themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const document = (flags) => ({ schema: 'twinflag/1', environment: 'test', bucketKey: '000102030405060708090a0b0c0d0e0f', flags });

const server = ownServer({ document: document({ first: {} }) });

const get = (query = '', options) => server.asServer(`/v1/ruleset${query}`, { method: 'GET', ...options });

test('the document and its version', async () => {
  const { version } = (await server.asAdmin('/api/admin/document', { method: 'PUT', body: document({ second: {} }) })).json();
  const answer = await get();
  assert.equal(answer.status, 200);
  assert.equal(answer.type, 'application/json');
  const ruleset = answer.json();
  assert.equal(ruleset.version, version);
  assert.deepEqual(ruleset.document.flags, { second: {} });
  assert.equal(answer.headers.get('etag'), `"${version}"`);
});

test('nothing where nothing changed', async () => {
  const { version } = (await get()).json();
  assert.equal((await get(`?since=${version}`)).status, 204);
  assert.equal((await get('', { headers: { 'if-none-match': `"${version}"` } })).status, 304);
  assert.equal((await get(`?since=${version - 1}`)).json().version, version);
  assert.equal((await get('?since=0')).status, 200);
  // One that knows more than we do was told by another store.
  assert.equal((await get(`?since=${version + 1}`)).json().version, version);
});

test('a query that is none', async () => {
  for (const query of ['?since=', '?since=x', '?since=-1', '?since=1.5', '?since=4294967296', '?since=1&since=1', '?sinse=1', '?since=%ff']) {
    const answer = await get(query);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.json().code, 'PARSE_ERROR');
  }
});

test('a server key, not a client key', async () => {
  assert.equal((await get('', { token: server.clientKey })).status, 403);
  assert.equal((await get('', { token: undefined })).status, 401);
  assert.equal((await get('', { token: server.adminToken })).status, 401);
});
