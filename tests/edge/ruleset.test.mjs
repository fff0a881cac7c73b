// `GET /v1/ruleset`: the document, for servers that evaluate it themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const document = flags => ({ schema: 'twinflag/1', environment: 'test', bucketKey: '000102030405060708090a0b0c0d0e0f', flags });

const server = ownServer({ document: document({ first: {} }) });

const get = (query = '', options) => server.asServer(`/v1/ruleset${query}`, { method: 'GET', ...options });

test('the ruleset has the newest document and its version', async () => {
  const { version } = (await server.asAdmin('/api/admin/document', { method: 'PUT', body: document({ second: {} }) })).json();
  const answer = await get();
  assert.equal(answer.status, 200);
  assert.equal(answer.type, 'application/json');
  const ruleset = answer.json();
  assert.equal(ruleset.version, version);
  assert.deepEqual(ruleset.document.flags, { second: {} });
  assert.equal(answer.headers.get('etag'), `"${ruleset.epoch}.${version}"`);
});

test('an unchanged ruleset is 204 for since, and 304 for its entity tag', async () => {
  const { epoch, version } = (await get()).json();
  assert.equal((await get(`?since=${epoch}.${version}`)).status, 204);
  assert.equal((await get('', { headers: { 'if-none-match': `"${epoch}.${version}"` } })).status, 304);
  assert.equal((await get(`?since=${epoch}.${version - 1}`)).json().version, version);
  assert.equal((await get(`?since=${epoch}.0`)).status, 200);
  // A higher number, or another epoch, is from another store.
  for (const since of [`${epoch}.${version + 1}`, `0a1b2c3d4e5f.${version}`])
    assert.equal((await get(`?since=${since}`)).json().version, version, since);
  assert.equal((await get('', { headers: { 'if-none-match': `"0a1b2c3d4e5f.${version}", "${version}"` } })).status, 200);
});

test('a query with a wrong or repeated parameter is refused', async () => {
  const { epoch } = (await get()).json(),
    since = `?since=${epoch}.1`;
  for (const query of [
    '?since=',
    '?since=x',
    `?since=${epoch}`,
    `?since=${epoch}.-1`,
    `?since=${epoch}.4294967296`,
    `${since}&${since.slice(1)}`,
    '?sinse=1',
    '?since=%ff',
  ]) {
    const answer = await get(query);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.json().code, 'PARSE_ERROR');
  }
  // A number alone does not name a version.
  assert.equal((await get('?since=1')).json().detail, 'expected since to be a version with its epoch, such as "0a1b2c3d4e5f.12"');
});

test('a client key, a token or no key cannot use /v1/ruleset', async () => {
  assert.equal((await get('', { token: server.clientKey })).status, 403);
  assert.equal((await get('', { token: undefined })).status, 401);
  assert.equal((await get('', { token: server.adminToken })).status, 401);
});
