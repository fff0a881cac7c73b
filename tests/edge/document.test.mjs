// Importing, exporting and refusing a document, and its survival of a SIGKILL.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';

const KEY = '000102030405060708090a0b0c0d0e0f';
const document = (flags, more) => ({ schema: 'twinflag/1', environment: 'test', bucketKey: KEY, flags, ...more });

let folder;
let server;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: document({ first: { default: 'on' } }) });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const put = (body, options) => server.asAdmin('/api/admin/document', { method: 'PUT', body, ...options });
const get = options => server.asAdmin('/api/admin/document', { method: 'GET', ...options });
const value = async flag => (await server.evaluate({ flag }))[0].value;

test('an empty store imports the document that the server was started with', async () => {
  assert.deepEqual((await get()).json(), document({ first: { default: 'on' } }));
  assert.equal(await value('first'), true);
});

test('the next answer after an import is from the imported document', async () => {
  const answer = await put(document({ second: { default: 'on' } }));
  assert.equal(answer.status, 200);
  assert.equal(await value('second'), true);
  assert.equal(await value('first'), undefined);
  const health = (await server.request('/health', { method: 'GET' })).json();
  assert.equal(health.version, answer.json().version);
});

test('an import leaves out a bad flag and reports its pointer', async () => {
  const answer = await put(document({ good: { default: 'on' }, bad: { type: 'colour' } }));
  assert.equal(answer.status, 200);
  assert.match(answer.json().errors[0].pointer, /^\/flags\/bad/);
  assert.equal(await value('good'), true);
});

test('of more than a thousand errors a dry run tells the first thousand and their number; the import is refused, for no rule sees the others', async () => {
  const many = document(Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`bad-${index}`, { type: 'colour' }])));
  const { errors, errorCount, warnings } = (await server.asAdmin('/api/admin/document?dryRun=true', { method: 'PUT', body: many })).json();
  assert.deepEqual([errors.length, errorCount, warnings], [1_000, 1_500, []]);
  for (const [index, { pointer }] of errors.entries()) assert.ok(pointer.startsWith(`/flags/bad-${index}/`), pointer);
  const before = (await get()).text;
  for (const query of ['', '?partial=true']) {
    const refused = await server.asAdmin(`/api/admin/document${query}`, { method: 'PUT', body: many });
    assert.deepEqual([refused.status, refused.json().code], [422, 'DOCUMENT_REFUSED']);
    assert.match(refused.json().detail, /would have 1500 errors, and has [0-9]+ now/);
  }
  assert.equal((await get()).text, before);
});

test('a flag whose key is a path to another is imported with a warning', async () => {
  const paths = document({ 'a.b': { default: 'on' }, 'a.b.c': { default: 'on' } });
  for (const query of ['?dryRun=true', '']) {
    const { errors, errorCount, warnings } = (await server.asAdmin(`/api/admin/document${query}`, { method: 'PUT', body: paths })).json();
    assert.deepEqual([errors, errorCount, warnings.map(({ pointer }) => pointer)], [[], 0, ['/flags/a.b']]);
  }
  assert.deepEqual([await value('a.b'), await value('a.b.c')], [true, true]);
});

test('a refused document stores nothing and the last good one serves', async () => {
  await put(document({ kept: { default: 'on' } }));
  const before = await get();
  for (const [body, pointer] of [
    ['{', ''],
    ['[]', null],
    [document({}, { schema: 'twinflag/9' }), '/schema'],
    [document({}, { bucketKey: 'x' }), '/bucketKey'],
  ]) {
    const answer = await put(body);
    assert.equal(answer.status, 422);
    assert.equal(answer.type, 'application/problem+json');
    assert.equal(answer.json().code, 'DOCUMENT_REFUSED');
    if (pointer !== null) assert.equal(answer.json().pointer, pointer);
  }
  const now = await get();
  assert.equal(now.text, before.text);
  assert.equal(now.headers.get('etag'), before.headers.get('etag'));
  assert.equal(await value('kept'), true);
});

test('a key or no credentials cannot read or replace the document', async () => {
  for (const token of [undefined, 'x', server.clientKey, server.serverKey]) {
    assert.equal((await get({ token })).status, 401);
    assert.equal((await put(document({}), { token })).status, 401);
  }
  assert.equal((await get({ token: undefined, headers: { 'x-api-key': server.adminToken } })).status, 401);
});

test('a document may have eight million bytes, and one byte more is refused', async () => {
  const filled = length => {
    const text = JSON.stringify(document({ large: { default: 'on', description: '' } }));
    const [head, tail] = text.split('"description":""');
    return `${head}"description":"${'€'.repeat(1_000)}"${' '.repeat(length - 3_000 - head.length - tail.length - 16)}${tail}`;
  };
  const largest = filled(8_000_000);
  assert.equal(Buffer.byteLength(largest), 8_000_000);
  assert.equal((await put(largest)).status, 200);
  const stored = await get();
  assert.deepEqual(stored.json(), JSON.parse(largest));
  const larger = await put(filled(8_000_001));
  assert.equal(larger.status, 413);
  assert.equal(larger.json().code, 'TOO_LARGE');
  assert.equal((await get()).text, stored.text);
});

test('a flag of three megabytes is stored, exported and served', async () => {
  const parts = Array.from({ length: 3_000 }, (_, index) => `${index} ${'é'.repeat(500)}`);
  const large = document({
    small: { default: 'on' },
    large: { default: 'on', targets: [{ attribute: 'userId', values: parts, variant: 'off' }] },
  });
  assert.ok(Buffer.byteLength(JSON.stringify(large)) > 3_000_000);
  assert.deepEqual((await put(large)).json().errors, []);
  assert.deepEqual((await get()).json(), large);
  assert.deepEqual([await value('small'), await value('large')], [true, true]);
});

test('an export has bad flags as they were imported, and flags in their order', async () => {
  const faulty =
    '{"schema":"twinflag/1","environment":"test","bucketKey":"' +
    KEY +
    '","flags":{"z":{"default":"on"},"twice":{"a":1},"twice":{"a":2},"bad":7,"\\ud800":{},"a":{"variants":{"y":true,"n":false},"on":"y","off":"n"}}}';
  const answer = await put(faulty);
  assert.deepEqual(
    answer
      .json()
      .errors.map(({ pointer }) => pointer)
      .sort(),
    ['/flags', '/flags/bad', '/flags/twice'],
  );
  const { text } = await get();
  assert.equal(text, faulty);
  assert.equal((await put(text)).json().version, answer.json().version);
  assert.equal(await value('z'), true);
  assert.equal(await value('twice'), undefined);
});

test('the stored document survives SIGKILL and a restart with another first document', async () => {
  const text = JSON.stringify(document({ durable: { default: 'on' } }));
  const { version } = (await put(text)).json();
  await server.stop();
  server = await startServer({ data: folder.path, document: document({ other: {} }) });
  assert.deepEqual((await get()).json(), JSON.parse(text));
  assert.equal((await server.request('/health', { method: 'GET' })).json().version, version);
  assert.equal(await value('durable'), true);
});

test('a document without a bucket key gets one and keeps it after a restart', async () => {
  const split = { variants: { a: true, b: false }, on: 'a', off: 'b', unit: 'userId' };
  const keyless = {
    schema: 'twinflag/1',
    environment: 'test',
    flags: { drawn: { ...split, rollout: { status: 'active', percentage: 50 } } },
  };
  const questions = Array.from({ length: 64 }, (_, index) => ({ flag: 'drawn', context: { userId: `u-${index}` } }));
  await put(keyless);
  const first = await server.evaluate(...questions);
  await put({ ...keyless, metadata: undefined });
  await server.stop();
  server = await startServer({ data: folder.path });
  assert.deepEqual(await server.evaluate(...questions), first);
});
