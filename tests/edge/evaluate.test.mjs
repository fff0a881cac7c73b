// `POST /v1/evaluate`: many evaluations in one request.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    plain: { default: 'on' },
    callers: { default: null },
    told: { metadata: { team: 'chat', b: 1 } },
    text: { type: 'string', variants: { a: 'α' }, on: 'a', off: 'a' },
  },
};

const server = ownServer({ document: DOCUMENT });

const ask = (body, options) => server.asServer('/v1/evaluate', { body, ...options });

test('answers come in the order of the questions, as canonical JSON', async () => {
  const body = {
    evaluations: [{ flag: 'plain' }, { flag: 'absent', default: { b: 1, a: [1e21, -0] } }, { flag: 'text', default: 'x', now: 1e3 }],
  };
  const answer = await ask(body);
  assert.equal(answer.status, 200);
  assert.equal(
    answer.text,
    '{"results":[{"layer":"default","reason":"STATIC","value":true,"variant":"on"},' +
      '{"errorCode":"FLAG_NOT_FOUND","reason":"ERROR","value":{"a":[1e+21,0],"b":1}},' +
      '{"layer":"default","reason":"STATIC","value":"α","variant":"a"}]}',
  );
});

test("a flag of another type than the caller's default answers TYPE_MISMATCH and the default", async () => {
  const [number, array, nothing] = await server.evaluate(
    { flag: 'plain', default: 1 },
    { flag: 'plain', default: [] },
    { flag: 'plain', default: null },
  );
  assert.deepEqual(number, { errorCode: 'TYPE_MISMATCH', reason: 'ERROR', value: 1 });
  assert.deepEqual(array, { errorCode: 'TYPE_MISMATCH', reason: 'ERROR', value: [] });
  assert.equal(nothing.value, true);
});

test('an answer has step and metadata only if the question asks for them', async () => {
  const evaluations = [
    { flag: 'told', step: true, metadata: true },
    { flag: 'told', default: 1, step: true, metadata: true },
    { flag: 'told' },
  ];
  assert.equal(
    (await ask({ evaluations })).text,
    // The flag's default is step 9 in a flag without targets, rules and environments.
    '{"results":[{"layer":"default","metadata":{"b":1,"team":"chat"},"reason":"STATIC","step":9,"value":false,"variant":"off"},' +
      '{"errorCode":"TYPE_MISMATCH","metadata":{"b":1,"team":"chat"},"reason":"ERROR","value":1},' +
      '{"layer":"default","reason":"STATIC","value":false,"variant":"off"}]}',
  );
  assert.equal((await ask({ evaluations: [{ flag: 'told', step: 1 }] })).json().pointer, '/evaluations/0');
});

test('an unusable context is answered with INVALID_CONTEXT, and the request succeeds', async () => {
  const answer = await ask('{"evaluations":[{"flag":"absent","context":null,"default":7},{"flag":"plain","context":{"a":"\\u0000"}}]}');
  assert.equal(
    answer.text,
    '{"results":[{"errorCode":"INVALID_CONTEXT","reason":"ERROR","value":7},{"errorCode":"INVALID_CONTEXT","reason":"ERROR"}]}',
  );
});

test('a flag key with a lone surrogate is FLAG_NOT_FOUND', async () => {
  const answer = await ask('{"evaluations":[{"flag":"\\ud800","default":true}]}');
  assert.equal(answer.text, '{"results":[{"errorCode":"FLAG_NOT_FOUND","reason":"ERROR","value":true}]}');
});

test('a wrong question is refused with a pointer to it', async () => {
  for (const [question, pointer] of [
    [{}, '/evaluations/1'],
    [{ flag: 1 }, '/evaluations/1'],
    [{ flag: 'plain', now: 1.5 }, '/evaluations/1'],
    [{ flag: 'plain', now: 'x' }, '/evaluations/1'],
    [7, '/evaluations/1'],
  ]) {
    const answer = await ask({ evaluations: [{ flag: 'plain' }, question] });
    assert.equal(answer.status, 400);
    assert.equal(answer.type, 'application/problem+json');
    assert.equal(answer.json().code, 'PARSE_ERROR');
    assert.equal(answer.json().pointer, pointer);
  }
});

test('a request may have a thousand questions, and one more is refused', async () => {
  const evaluations = Array.from({ length: 1_000 }, () => ({ flag: 'plain' }));
  assert.equal((await ask({ evaluations })).json().results.length, 1_000);
  assert.equal((await ask({ evaluations: [...evaluations, { flag: 'plain' }] })).status, 400);
});

test('a client key or no key cannot use /v1/evaluate', async () => {
  assert.equal((await ask({ evaluations: [] }, { token: server.clientKey })).status, 403);
  assert.equal((await ask({ evaluations: [] }, { token: undefined })).status, 401);
});

test('no body makes the worker answer 5xx', async () => {
  const bodies = [
    '',
    '{',
    '[]',
    '{}',
    '{"evaluations":{}}',
    '{"evaluations":null}',
    '{"evaluations":[[]]}',
    '['.repeat(100_000),
    '{"a":'.repeat(50_000),
    `{"evaluations":[{"flag":"plain","context":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}]}`,
    `{"evaluations":[{"flag":"plain","default":${'['.repeat(500)}${']'.repeat(500)}}]}`,
    '{"evaluations":[{"flag":"plain","default":1e999}]}',
    '{"evaluations":[{"flag":"plain","now":1e400}]}',
    '{"evaluations":[{"flag":"plain","now":1e300}]}',
    '\ufeff{}',
  ];
  for (const path of ['/v1/evaluate', '/v1/program', '/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/plain']) {
    for (const body of bodies) {
      const { status } = await server.asServer(path, { body });
      assert.ok(status < 500, `${path} ${body.slice(0, 60)}: ${status}`);
    }
  }
});

test('minVersion is a version with its epoch, and anything else is refused', async () => {
  const { epoch, version: number } = (await server.request('/health', { method: 'GET' })).json();
  const version = `${epoch}.${number}`;
  const answer = await ask({ evaluations: [{ flag: 'plain' }], minVersion: version });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('twinflag-version'), version);
  for (const later of [`${epoch}.${number + 1}`, `0a1b2c3d4e5f.${number}`])
    assert.equal((await ask({ evaluations: [], minVersion: later })).status, 200, later);
  for (const minVersion of [null, number, '1', epoch, `${epoch}.`, `${epoch}.01`, `${epoch}.4294967296`, `"${version}"`, []]) {
    const refused = await ask({ evaluations: [], minVersion });
    assert.equal(refused.status, 400);
    assert.equal(refused.json().pointer, '/minVersion');
    assert.equal(refused.json().detail, 'expected a version with its epoch, such as "0a1b2c3d4e5f.12"');
  }
});
