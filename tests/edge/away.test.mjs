// An isolate whose hub does not answer goes on serving its last ruleset, and marks its answers as stale.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { startOn } from './workerd.mjs';

const PATIENCE_MS = 30_000;
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { a: { default: 'on' } },
  overrides: { customers: { 'c-1': { a: false }, 'c-2': { a: false } } },
};

let folder;
let server;
before(async () => {
  folder = await dataFolder();
  server = await startOn({ config: new URL('workers/away.capnp', import.meta.url), data: folder.path });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const becomes = hub => server.request('/test/hub', { body: hub });
const health = () => server.request('/health', { method: 'GET' });
const put = document => server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document });
const value = async customerId => (await server.evaluate({ flag: 'a', context: { customerId } }))[0].value;

/** Asks for the health until `stale` is as given, and returns that answer. Every answer on the way must be a 200. */
async function until(isStale) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const answer = await health();
    assert.equal(answer.status, 200, answer.text);
    if (Boolean(answer.json().stale) === isStale) return answer.json();
  }
  assert.fail(`never stale: ${isStale}`);
}

test('an isolate that never had a ruleset answers 503, not defaults', async () => {
  for (const hub of ['gone', 'here']) {
    await becomes(hub);
    const answer = await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'a', default: false }] } });
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.equal(answer.json().code, 'NO_RULESET');
  }
});

test('overrides match the ruleset that answers, even if a newer ruleset arrives while they are fetched', async () => {
  await becomes('here');
  const overridden = { ...DOCUMENT, overrides: { customers: { 'c-9': { a: false } } } };
  await put(overridden);
  await until(false);
  await becomes('held');
  const answer = value('c-9');
  for (const end = Date.now() + PATIENCE_MS; (await server.request('/test/hub', { method: 'GET' })).text !== '1'; )
    assert.ok(Date.now() < end);
  // Another flag in front shifts the index of every flag.
  assert.equal((await put({ ...overridden, flags: { 0: {}, ...DOCUMENT.flags } })).status, 200);
  await becomes('here');
  assert.equal(await answer, false);
});

test('/health has the version of each import, although the isolate repeats the answer until it learns something', async () => {
  await becomes('here');
  for (let time = 0; time < 10; time++) {
    const { version } = (await put({ ...DOCUMENT, flags: { ...DOCUMENT.flags, [`z${time}`]: {} } })).json();
    for (let repeated = 0; repeated < 3; repeated++) assert.equal((await health()).json().version, version);
  }
});

for (const hub of ['gone', 'slow']) {
  test(`while the hub is ${hub} the last ruleset serves, marked as stale; once it answers, the new one serves`, async () => {
    await becomes('here');
    const { version } = (await put(DOCUMENT)).json();
    assert.deepEqual([await value('c-1'), await value('c-3')], [false, true]);
    await until(false);
    await becomes(hub);
    assert.equal((await until(true)).version, version);
    assert.deepEqual([await value('c-1'), await value('c-3')], [false, true]);
    const failed = await put({ ...DOCUMENT, flags: { a: {} } });
    assert.ok(failed.status >= 500, failed.text);
    await becomes('here');
    assert.equal((await until(false)).version, version);
    const next = (await put({ ...DOCUMENT, flags: { a: { default: 'off' } } })).json();
    assert.equal(next.version, version + 1);
    assert.equal(await value('c-3'), false);
  });
}

test('a request for a newer version waits for it, and gets a stale answer if the hub is slow', async () => {
  await becomes('here');
  const [epoch, number] = (await put(DOCUMENT)).headers.get('etag').slice(1, -1).split('.');
  const ask = async () =>
    (await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'a' }], minVersion: `${epoch}.${Number(number) + 1}` } })).json()
      .results[0];
  assert.deepEqual(await ask(), { layer: 'default', reason: 'STATIC', value: true, variant: 'on' });
  await becomes('slow');
  // Versions that requests name make the isolate ask once a second.
  let answer;
  for (const end = Date.now() + PATIENCE_MS; !(answer = await ask()).stale; ) assert.ok(Date.now() < end);
  assert.deepEqual(answer, { layer: 'default', reason: 'STATIC', stale: true, value: true, variant: 'on' });
  // A request that names no version is marked after a second question. A program has no member for the mark, so the response has a header.
  await until(true);
  const program = () => server.asClient('/v1/program', { body: { context: {} } });
  assert.equal((await program()).headers.get('twinflag-stale'), 'true');
  await becomes('here');
  await until(false);
  assert.equal((await program()).headers.get('twinflag-stale'), null);
});
