// FEATURE_FLAGS_ENABLED=false: callers get their defaults without a request to the hub, and operators can still read and change flags.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';
import { hostWorker } from './workerd.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: { default: 'on' }, text: { type: 'string', variants: { a: 'α' }, on: 'a', off: 'a' } },
  overrides: { customers: { 'c-1': { plain: true } } },
};
const LEAVES = {
  phase1: { parentStorage: true, crossDomainMessaging: true, autoRestore: true },
  phase2: { enhancedStorage: false, connectionMonitoring: false, retryLogic: false },
  phase3: { tabSync: false, performanceMode: false, analytics: false },
};

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: DOCUMENT, off: true });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const context = { customerId: 'c-1', userId: 'u-1' };
const one = (key, body = { context }) => server.asClient(`/ofrep/v1/evaluate/flags/${key}`, { body });
/** The names of the hub's database files, which the hub creates on its first request; workerd's own metadata is left out. */
const stored = async () =>
  (await readdir(join(folder.path, 'store'), { recursive: true })).filter(name => /^twinflag-hub.*(?<!metadata)\.sqlite$/.test(name));

test('every single flag, known or not, answers DISABLED without a value', async () => {
  for (const key of ['plain', 'absent', 'a%20b']) {
    const answer = await one(key);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json(), { key: decodeURIComponent(key), reason: 'DISABLED' });
  }
});

test('the list of all flags is empty, and 304 for its entity tag', async () => {
  const answer = await server.asClient('/ofrep/v1/evaluate/flags', { body: { context } });
  assert.deepEqual([answer.status, answer.json()], [200, { flags: [] }]);
  const again = await server.asClient('/ofrep/v1/evaluate/flags', {
    body: { context },
    headers: { 'if-none-match': answer.headers.get('etag') },
  });
  assert.equal(again.status, 304);
});

test('each of many evaluations gets its default', async () => {
  const defaults = [true, false, 'x', 7, { b: 1, a: [null] }, null];
  const results = await server.evaluate(...defaults.map(value => ({ flag: 'plain', context, default: value })), { flag: 'absent' });
  assert.deepEqual(results, [...defaults.map(value => ({ reason: 'DISABLED', value })), { reason: 'DISABLED' }]);
});

test('the widget gets the built-in configuration, not marked as stale', async () => {
  const answer = await server.asClient('/api/widget/config?customerId=c-1', { method: 'GET' });
  const { evaluatedAt, ...rest } = answer.json();
  assert.deepEqual([answer.status, rest], [200, { config: { sessionPersistence: LEAVES }, customerId: 'c-1', source: 'default' }]);
  assert.equal(typeof evaluatedAt, 'string');
});

test('routes that need a ruleset answer 503 DISABLED and name the setting', async () => {
  const answers = [
    await server.asClient('/v1/program', { body: { context } }),
    await server.asServer('/v1/ruleset', { method: 'GET' }),
    await server.asServer('/v1/outcomes', { body: { outcomes: [] } }),
    await server.asClient('/demo/explain', { body: { context } }),
  ];
  for (const answer of answers) {
    const { code, detail } = answer.json();
    assert.deepEqual([answer.status, code, answer.headers.get('cache-control')], [503, 'DISABLED', 'no-store']);
    assert.match(detail, /FEATURE_FLAGS_ENABLED/);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
  }
});

test('health reports that flags are disabled', async () => {
  const answer = await server.request('/health', { method: 'GET' });
  assert.deepEqual([answer.status, answer.json()], [200, { status: 'disabled' }]);
});

test('malformed requests and requests without a key are still refused', async () => {
  for (const path of ['/ofrep/v1/evaluate/flags/plain', '/ofrep/v1/evaluate/flags', '/v1/program', '/v1/evaluate']) {
    assert.equal((await server.asServer(path, { body: '{' })).status, 400, path);
    assert.equal((await server.request(path, { body: { context } })).status, 401, path);
  }
  assert.equal((await one('plain', { context: [] })).json().errorCode, 'INVALID_CONTEXT');
  assert.equal((await server.asClient('/api/widget/config?customer=x', { method: 'GET' })).status, 400);
});

test("only an operator's request reaches the hub, and operators can read and change flags", async () => {
  assert.deepEqual(await stored(), []);
  assert.deepEqual((await server.asAdmin('/api/admin/document', { method: 'GET' })).json(), DOCUMENT);
  assert.equal((await stored()).length, 1);
  const explained = await server.asAdmin('/v1/explain', { body: { flag: 'plain', context } });
  assert.deepEqual([explained.status, explained.json().evaluation.layer], [200, 'customer']);
  const changed = await server.asAdmin('/api/admin/document', {
    method: 'PUT',
    body: { ...DOCUMENT, flags: { ...DOCUMENT.flags, more: {} } },
  });
  assert.equal(changed.status, 200);
  assert.deepEqual((await one('plain')).json(), { key: 'plain', reason: 'DISABLED' });
});

test('the control: only false switches flags off, and a value other than true or false is refused', async () => {
  await server.stop();
  const cases = [
    ['true', 'TARGETING_MATCH', 200],
    ['', 'TARGETING_MATCH', 200],
    ['FALSE', 'DISABLED', 503],
    ['0', undefined, 503],
  ];
  for (const [FEATURE_FLAGS_ENABLED, reason, status] of cases) {
    const other = await hostWorker({ data: folder.path, settings: { FEATURE_FLAGS_ENABLED } });
    try {
      const answer = await other.asClient('/ofrep/v1/evaluate/flags/plain', { body: { context } });
      assert.equal(answer.json().reason, reason, FEATURE_FLAGS_ENABLED);
      const program = await other.asClient('/v1/program', { body: { context } });
      assert.equal(program.status, status, FEATURE_FLAGS_ENABLED);
      assert.equal(program.status === 503 && program.json().code === 'SETTING_INVALID', reason === undefined, FEATURE_FLAGS_ENABLED);
    } finally {
      await other.stop();
    }
  }
});
