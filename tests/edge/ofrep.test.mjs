// The OpenFeature Remote Evaluation Protocol, as any provider speaks it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    plain: { default: 'on' },
    'tree.text': { type: 'string', variants: { a: 'alpha', b: 'béta "2"' }, on: 'b', off: 'a' },
    killed: { enabled: false, default: 'on' },
    callers: { default: null },
    shape: { type: 'object', variants: { x: { b: [1, 2.5], a: null } }, on: 'x', off: 'x' },
    told: {
      metadata: { team: 'chat', weight: 0.5, public: true, version: 'theirs', layer: 'theirs', stale: false, flagConfigEtag: 'theirs' },
    },
    drawn: { unit: 'userId', metadata: { team: 'growth' }, rollout: { status: 'active', percentage: 50 } },
    count: { type: 'number', variants: { one: 1e21, two: 2 }, on: 'two', off: 'one' },
  },
};

const server = ownServer({ document: DOCUMENT });

const one = (key, options) =>
  server.asClient(`/ofrep/v1/evaluate/flags/${key}`, { body: { context: { targetingKey: 'u-1' } }, ...options });
const all = options => server.asClient('/ofrep/v1/evaluate/flags', { body: { context: { targetingKey: 'u-1' } }, ...options });
/** The number of the version that an answer came from. */
const versionOf = ({ headers }) => Number(headers.get('twinflag-version').split('.')[1]);

test('one flag answers with its value, variant, reason and metadata', async () => {
  const answer = await one('plain');
  assert.equal(answer.status, 200);
  assert.equal(answer.type, 'application/json');
  const { metadata, ...rest } = answer.json();
  assert.deepEqual(rest, { key: 'plain', reason: 'STATIC', value: true, variant: 'on' });
  assert.deepEqual(metadata, { layer: 'default', version: versionOf(answer) });
});

test("an answer has the flag's metadata, which cannot replace the worker's own members", async () => {
  const answer = await one('told');
  const told = { team: 'chat', weight: 0.5, public: true, layer: 'default' };
  assert.deepEqual(answer.json().metadata, { ...told, version: versionOf(answer) });
  const missing = await one('drawn', { body: { context: {} } });
  assert.deepEqual([missing.status, missing.json().errorCode, missing.json().metadata.team], [400, 'TARGETING_KEY_MISSING', 'growth']);
  const { flags } = (await all({ body: { context: {} } })).json();
  const metadata = key => flags.find(flag => flag.key === key).metadata;
  assert.deepEqual([metadata('told'), metadata('drawn'), metadata('plain')], [told, { team: 'growth' }, { layer: 'default' }]);
});

test('a killed flag answers DISABLED with its off variant', async () => {
  const { reason, value, variant } = (await one('killed')).json();
  assert.deepEqual({ reason, value, variant }, { reason: 'DISABLED', value: false, variant: 'off' });
});

test('text, object and number flags answer values of their type', async () => {
  assert.equal((await one('tree.text')).json().value, 'alpha');
  assert.deepEqual((await one('shape')).json().value, { a: null, b: [1, 2.5] });
  assert.equal((await one('count')).json().value, 1e21);
});

test("a flag whose answer is the caller's default answers 200 without a value", async () => {
  const answer = await one('callers');
  assert.equal(answer.status, 200);
  assert.equal('value' in answer.json(), false);
  assert.equal('variant' in answer.json(), false);
});

test('a percent-encoded flag key is decoded', async () => {
  assert.equal((await one('tree%2Etext')).json().key, 'tree.text');
});

test('all flags are answered, each with a reason', async () => {
  const answer = await all();
  assert.equal(answer.status, 200);
  assert.deepEqual(
    answer
      .json()
      .flags.map(flag => flag.key)
      .sort(),
    Object.keys(DOCUMENT.flags).sort(),
  );
  for (const flag of answer.json().flags) assert.equal(typeof flag.reason, 'string');
});

test('the list of all flags names its version, and answers 304 to its entity tag', async () => {
  const first = await all();
  const { version, flagConfigEtag } = first.json().metadata;
  assert.equal(flagConfigEtag, first.headers.get('twinflag-version'));
  assert.equal(version, versionOf(first));
  const etag = first.headers.get('etag');
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  assert.equal((await all()).headers.get('etag'), etag);
  for (const held of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const again = await all({ headers: { 'if-none-match': held } });
    assert.equal(again.status, 304, held);
    assert.equal(again.bytes.length, 0);
    assert.equal(again.headers.get('etag'), etag);
  }
  assert.equal((await all({ headers: { 'if-none-match': '"x"' } })).status, 200);
});

test('another context or another document changes the entity tag', async () => {
  const byUser = { ...DOCUMENT, flags: { mine: { targets: [{ attribute: 'userId', values: ['u-1'], variant: 'on' }] } } };
  const before = (await all()).headers.get('etag');
  await server.asAdmin('/api/admin/document', { method: 'PUT', body: byUser });
  const one = await all({ headers: { 'if-none-match': before } });
  assert.equal(one.status, 200);
  const other = await all({ body: { context: { targetingKey: 'u-2' } }, headers: { 'if-none-match': one.headers.get('etag') } });
  assert.equal(other.status, 200);
  await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
});

test('flagConfigEtag makes the worker answer from that version or a newer one, if it exists', async () => {
  const written = await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
  const { version } = written.json(),
    tag = written.headers.get('etag').slice(1, -1);
  for (const etag of [tag, `%22${tag}%22`]) {
    const answer = await server.asClient(`/ofrep/v1/evaluate/flags?flagConfigEtag=${etag}&flagConfigLastModified=0`, {
      body: { context: {} },
    });
    assert.ok(answer.json().metadata.version >= version);
  }
  // A version that is unknown or cannot be read is ignored.
  for (const query of [
    'flagConfigEtag=abc',
    'flagConfigEtag=4294967295',
    `flagConfigEtag=${tag.replace(/\..*/, '.4294967295')}`,
    'flagConfigEtag=0a1b2c3d4e5f.1',
    'flagConfigEtag=%ff',
    'theirs=1',
  ]) {
    assert.equal((await server.asClient(`/ofrep/v1/evaluate/flags?${query}`, { body: { context: {} } })).status, 200);
    assert.equal((await server.asClient(`/ofrep/v1/evaluate/flags/plain?${query}`, { body: { context: {} } })).status, 200);
  }
});

test('a key in either header is accepted', async () => {
  const tokens = [server.serverKey, server.adminToken].map(token => ({ authorization: `bearer ${token}` }));
  for (const headers of [{ 'x-api-key': server.clientKey }, { 'x-api-key': server.serverKey }, ...tokens]) {
    assert.equal((await one('plain', { token: undefined, headers })).status, 200);
  }
});

test('401 without a key, or with an unknown one', async () => {
  for (const token of [undefined, 'tf_client_0', `${server.clientKey}0`, server.clientKey.slice(0, -1), `${server.adminToken}0`]) {
    for (const answer of [await one('plain', { token }), await all({ token })]) {
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assert.equal(typeof answer.json().errorDetails, 'string');
    }
  }
});

test("404 for an unknown flag, with the protocol's error code", async () => {
  for (const key of ['absent', 'a%20b', '%F0%9F%8E%8F', '__proto__', 'constructor']) {
    const answer = await one(key);
    assert.equal(answer.status, 404);
    assert.equal(answer.json().errorCode, 'FLAG_NOT_FOUND');
    assert.equal(answer.json().key, decodeURIComponent(key));
  }
});

test('400 for a body that is not one JSON object', async () => {
  for (const body of ['', '{', 'null', '[]', '"x"', '{"context":{}}x', '{"context":{},"context":{}}', new Uint8Array([0x7b, 0xff, 0x7d])]) {
    for (const answer of [await one('plain', { body }), await all({ body })]) {
      assert.equal(answer.status, 400, `${body}`);
      assert.equal(answer.json().errorCode, 'PARSE_ERROR');
    }
  }
});

test('400 for a context that cannot be used', async () => {
  for (const context of ['null', '[]', '1', '"x"', '{"a":"\\u0000"}']) {
    for (const answer of [await one('plain', { body: `{"context":${context}}` }), await all({ body: `{"context":${context}}` })]) {
      assert.equal(answer.status, 400, context);
      assert.equal(answer.json().errorCode, 'INVALID_CONTEXT');
    }
  }
});

test('a request without a context is refused, and one with an empty context is evaluated', async () => {
  for (const ask of [options => one('plain', options), all]) {
    const refused = await ask({ body: '{}' });
    assert.deepEqual([refused.status, refused.json().errorCode], [400, 'INVALID_CONTEXT']);
    assert.equal((await ask({ body: '{"context":{}}' })).status, 200);
  }
});

test('413 for a body over the limit, before it is parsed', async () => {
  const body = `{"context":{"a":"${'x'.repeat(256_000)}`;
  assert.equal((await one('plain', { body })).status, 413);
  assert.equal((await all({ body })).status, 413);
});

test('413 for a body whose length is not announced', async () => {
  const body = new ReadableStream({
    start(controller) {
      for (let index = 0; index < 30; index++) controller.enqueue(new TextEncoder().encode(' '.repeat(10_000)));
      controller.close();
    },
  });
  const response = await fetch(`${server.url}/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { authorization: `Bearer ${server.clientKey}` },
    signal: AbortSignal.timeout(10_000),
  });
  assert.equal(response.status, 413);
});

test('405 for another method', async () => {
  const answer = await one('plain', { method: 'GET', body: undefined });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'POST, OPTIONS');
  assert.equal(answer.json().errorCode, 'GENERAL');
});
