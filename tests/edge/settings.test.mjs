// While a setting cannot be read, every answer is 503 and names the setting, without its text.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker, KEYS } from './workerd.mjs';

const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: {} },
});
/** For each setting a text that cannot be read, and a part of the expected form that the refusal names. */
const INVALID = {
  CLIENT_ORIGINS: ['stall.example', 'https://shop.example'],
  ADMIN_ORIGINS: ['https://admin.example, *', 'https://admin.example'],
  SERVER_KEY: [KEYS.CLIENT_KEY, 'other than CLIENT_KEY'],
  JWT_SECRET: ['short-secret', '32 bytes'],
  JWKS: ['{"keys":[]}', 'JSON Web Key Set'],
  JWKS_URL: ['id.example/keys', 'https://'],
  OIDC_CLIENT_ID: ['dashboard', 'beside JWKS or JWKS_URL'],
  OIDC_SCOPES: ['profile', 'openid among them'],
  OIDC_ORIGINS: ['https://*', 'https://token.example'],
  RATE_LIMITS: ['admin=many', 'admin=30'],
  CLIENT_ADDRESS_HEADER: ['x forwarded', 'name of a header'],
  RELAY_SOCKETS: ['many', '1 to 10000'],
  STORE: ['mysql://me@127.0.0.1/flags', 'postgres://'],
  DEMO: ['perhaps', 'on or off'],
  FEATURE_FLAGS_ENABLED: ['perhaps', 'true or false'],
  TEST_CLOCK: ['perhaps', 'on or off'],
  FAST_WAY: ['perhaps', 'on or off'],
};

/** Of each setting a value of JSON that is no text, its kind, and a part of what is expected. */
const NO_TEXT = {
  FEATURE_FLAGS_ENABLED: [0, 'a number', 'true or false'],
  DEMO: [['on'], 'an array', 'on or off'],
  SERVER_KEY: [424_242_424_242, 'a number', 'other than CLIENT_KEY'],
  JWT_SECRET: [{ secret: 'a secret of the tests, 32 bytes or more' }, 'an object', '32 bytes'],
  CLIENT_KEY: [true, 'a boolean', 'any text'],
  RATE_LIMITS: [false, 'a boolean', 'off, or'],
};

for (const [name, [text, expected]] of Object.entries(INVALID)) {
  test(`every answer names ${name} if it cannot be read`, async () => {
    const folder = await dataFolder();
    const server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { [name]: text } });
    try {
      for (const [method, path] of [
        ['GET', '/health'],
        ['GET', '/version'],
        ['GET', '/api/admin/document'],
        ['POST', '/v1/evaluate'],
      ]) {
        const answer = await server.request(path, { method, token: server.adminToken });
        const { code, detail } = answer.json();
        assert.deepEqual([answer.status, code, answer.headers.get('cache-control')], [503, 'SETTING_INVALID', 'no-store'], path);
        assert.ok(detail.includes(name) && detail.includes(expected), detail);
      }
      // OFREP routes answer in the protocol's format.
      const answer = await server.asClient('/ofrep/v1/evaluate/flags/plain', { body: { context: {} } });
      assert.deepEqual([answer.status, answer.json().errorCode, answer.json().key], [503, 'GENERAL', 'plain']);
      assert.ok(answer.json().errorDetails.includes(name), answer.text);
      if (name !== 'SERVER_KEY') {
        await server.stop();
        assert.ok(!answer.text.includes(text) && !server.said().includes(text), answer.text);
      }
    } finally {
      await server.stop();
      await folder.remove();
    }
  });
}

for (const [name, [value, kind, expected]] of Object.entries(NO_TEXT)) {
  test(`${name} that is ${kind} is refused by its kind, and the value is in no answer`, async () => {
    const folder = await dataFolder();
    const server = await hostWorker({ data: folder.path, document: DOCUMENT, json: { [name]: value } });
    try {
      for (const [method, path] of [
        ['GET', '/health'],
        ['POST', '/v1/evaluate'],
        ['POST', '/ofrep/v1/evaluate/flags/plain'],
      ]) {
        const answer = await server.request(path, { method, token: server.serverKey, body: method === 'POST' ? {} : undefined });
        assert.equal(answer.status, 503, path);
        const why = answer.json().detail ?? answer.json().errorDetails;
        for (const part of [name, `found ${kind}`, 'text in quotes', expected]) assert.ok(why.includes(part), why);
        for (const part of [JSON.stringify(value), value.secret]) if (part?.length > 5) assert.ok(!answer.text.includes(part), answer.text);
      }
      await server.stop();
      for (const part of [JSON.stringify(value), value.secret]) if (part?.length > 5) assert.ok(!server.said().includes(part), part);
    } finally {
      await server.stop();
      await folder.remove();
    }
  });
}

test('a JSON boolean is a word of a switch, and null is the default', async () => {
  const folder = await dataFolder();
  let server;
  try {
    for (const [json, reason, explains] of [
      [{ FEATURE_FLAGS_ENABLED: true, DEMO: null }, 'STATIC', false],
      [{ FEATURE_FLAGS_ENABLED: false, DEMO: false }, 'DISABLED', false],
      [{ FEATURE_FLAGS_ENABLED: null, DEMO: true }, 'STATIC', true],
    ]) {
      server = await hostWorker({ data: folder.path, document: DOCUMENT, json });
      const [answer] = await server.evaluate({ flag: 'plain' });
      const explained = await server.asClient('/demo/explain', { body: { flag: 'plain' } });
      assert.deepEqual([answer.reason, explained.status === 200], [reason, explains], `${JSON.stringify(json)}: ${explained.text}`);
      await server.stop();
    }
  } finally {
    await server?.stop();
    await folder.remove();
  }
});
