// The OpenAPI description matches the worker: the tests send its examples in order and validate every answer against its schemas.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { openDescription } from './openapi.mjs';

const require = createRequire(new URL('../../npm/package.json', import.meta.url));
const { Validator } = await import(require.resolve('@seriousme/openapi-schema-validator'));

const server = ownServer();
const text = readFileSync(new URL('../../edge-worker/openapi.json', import.meta.url), 'utf8');
const description = openDescription(JSON.parse(text));
/** This operation needs a hub that was not written to. */
const RESTORE = 'POST /api/admin/restore';
/**
 * The statuses that answer the examples of an operation, where they are not 200 or 202: no example can name a moment of the last 30 days
 * or one to come, or a change of this store.
 */
const REFUSED = {
  [RESTORE]: 409,
  'POST /api/admin/changes/{id}/revert': 404,
  'GET /v1/watch/events': 404,
  'DELETE /api/admin/changes/{id}/payload': 404,
  'GET /api/admin/restore/pieces': 404,
  'POST /api/admin/restore/pieces': 409,
  'PUT /api/admin/restore/pieces/{id}': 404,
  'DELETE /api/admin/restore/pieces/{id}': 404,
  'POST /api/admin/restore/point': 400,
  'POST /api/admin/schedules': 400,
  'GET /api/admin/schedules/{id}': 404,
  'DELETE /api/admin/schedules/{id}': 404,
};
/** These read no body before they have found a restore. */
const UNREAD = [RESTORE, 'PUT /api/admin/restore/pieces/{id}'];

/** The id of a key, a token or a webhook in the examples. `send` replaces it by the id of the one made last, because a caller cannot choose ids. */
const KEY_ID = description.operations
  .find(({ name }) => name === 'POST /api/admin/keys/{id}/rotate')
  .examples()[0]
  .path.split('/')
  .at(-2);
let keyId = KEY_ID;
/** Sends an example of an operation. */
const send = ({ method, path, query, headers, body, scheme }, { request, clientKey, serverKey, adminToken } = server) =>
  request(path.replace(KEY_ID, keyId) + query, {
    method,
    headers: { ...headers, ...(scheme === 'keyHeader' && { 'x-api-key': clientKey }) },
    body,
    token: { clientKey, serverKey, token: adminToken }[scheme],
  });

test('the description is served without credentials', async () => {
  const answer = await server.request('/openapi.json', { method: 'GET' });
  assert.equal(answer.type, 'application/json');
  assert.equal(answer.text, text);
});

test('the description is valid OpenAPI', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(description.document));
  assert.ok(valid, JSON.stringify(errors));
  const spoilt = structuredClone(description.document);
  delete spoilt.info.title;
  assert.ok(!(await new Validator().validate(spoilt)).valid);
});

test('every example matches its schema', () => {
  assert.deepEqual(description.wrongExamples(), []);
});

test('every example is answered as described', async t => {
  // The example flags have no segment.
  assert.equal(
    (await server.asAdmin('/api/admin/segments/eu', { method: 'PUT', body: { attribute: 'country', op: 'eq', value: 'fr' } })).status,
    200,
  );
  let sent = 0;
  for (const operation of description.operations) {
    for (const request of operation.examples()) {
      await t.test(`${operation.name}, ${request.label}`, async () => {
        const answer = await send(request);
        assert.ok([REFUSED[operation.name] ?? [200, 202]].flat().includes(answer.status), answer.text);
        assert.deepEqual(operation.faults(answer), []);
        if (['POST /api/admin/keys', 'POST /api/admin/tokens', 'POST /api/admin/webhooks'].includes(operation.name))
          keyId = answer.json().id;
      });
      sent++;
    }
  }
  assert.ok(sent >= description.operations.length);
});

test('a backup is restored as described', async () => {
  const { text: backup } = await server.asAdmin('/api/admin/backup', { method: 'GET' });
  const folder = await dataFolder();
  const other = await startServer({ data: folder.path });
  const operation = description.operations.find(({ name }) => name === RESTORE);
  const [request] = operation.examples();
  try {
    for (const [body, status] of [
      [request.body, 400],
      [backup, 200],
      [backup, 409],
    ]) {
      const answer = await send({ ...request, body }, other);
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(operation.faults(answer), []);
    }
  } finally {
    await other.stop();
    await folder.remove();
  }
});

test('a request without credentials, or with the wrong kind, is refused as described', async () => {
  for (const operation of description.operations.filter(({ schemes }) => schemes.length > 0)) {
    const [request] = operation.examples();
    for (const scheme of [undefined, 'clientKey', 'serverKey', 'token']) {
      if (operation.schemes.includes(scheme)) continue;
      const answer = await send({ ...request, scheme });
      assert.ok([401, 403].includes(answer.status), `${operation.name} with ${scheme}`);
      assert.deepEqual(operation.faults(answer), []);
    }
  }
});

test('a body or a query that cannot be parsed is refused as described', async () => {
  for (const operation of description.operations) {
    const [request] = operation.examples();
    // An import passes over lines that it has taken: this one is another.
    const query = request.query.replace('import=', 'import=spoilt-');
    const isRead = request.body !== undefined && !UNREAD.includes(operation.name);
    const spoilt = isRead ? await send({ ...request, query, body: '[' }) : undefined;
    for (const answer of [spoilt, request.query && (await send({ ...request, query: '?%ff' }))].filter(Boolean)) {
      // The hub parses a document, and the lines of an import, and refuses them with 422.
      const isParsedInHub = ['PUT /api/admin/document', 'POST /api/admin/overrides/import'].includes(operation.name);
      assert.equal(answer.status, isParsedInHub && answer === spoilt ? 422 : 400, operation.name);
      assert.deepEqual(operation.faults(answer), []);
    }
  }
});

test('answers over the rate limit and with flags switched off are as described', async () => {
  const folder = await dataFolder();
  const other = await startServer({ data: folder.path, off: true, rateLimits: 'client=1,user=1,admin=1' });
  const seen = new Set();
  try {
    for (const operation of description.operations) {
      const [request] = operation.examples();
      for (let time = 0; time < 2; time++) {
        const answer = await send(request, other);
        seen.add(answer.status);
        assert.deepEqual(operation.faults(answer), [], operation.name);
      }
    }
  } finally {
    await other.stop();
    await folder.remove();
  }
  assert.ok(seen.has(429) && seen.has(503), [...seen].join());
});

test('the control: validation notices an answer that is not as described', async () => {
  const operation = description.operations.find(({ name }) => name === 'GET /health');
  const [request] = operation.examples();
  const answer = await send(request);
  assert.deepEqual(operation.faults(answer), []);
  const saying = change => ({ ...answer, json: () => ({ ...answer.json(), ...change }) });
  for (const spoilt of [
    saying({ version: '1' }),
    saying({ status: undefined }),
    saying({ more: 1 }),
    { ...answer, status: 201 },
    { ...answer, type: 'text/html' },
  ]) {
    assert.notDeepEqual(operation.faults(spoilt), []);
  }
  const document = structuredClone(description.document);
  document.paths['/health'].get.responses[200].content['application/json'].schema.properties.version = { type: 'string' };
  const mutated = openDescription(document).operations.find(({ name }) => name === 'GET /health');
  assert.match(mutated.faults(answer).join(), /\/version must be string/);
});
