// Isolates ask a reader, and the reader asks the hub: one question for many requests, changed rows in place of documents, and no failure
// that one of them alone would not have.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { startOn } from './workerd.mjs';

const PATIENCE_MS = 30_000;
const flag = on => ({ default: on ? 'on' : 'off' });
const document = flags => ({
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { a: flag(true), long: { description: 'z'.repeat(2_000) }, ...flags },
});

let folder, server, ahead;
async function start() {
  server = await startOn({ config: new URL('workers/reader.capnp', import.meta.url), data: folder.path });
  ahead = 0;
}
async function restart() {
  await server.stop();
  await start();
}
const good = async answer => {
  const got = await answer;
  assert.equal(got.status, 200, got.text);
  return got.json();
};
/** Sets how the hub and the reader behave, and returns the counts of questions. */
const state = async (set = {}) => good(server.request('/test/state', { body: set }));
const put = flags => good(server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document(flags) }));
const override = (customerId, on) => good(server.asAdmin('/api/admin/overrides', { body: { customerId, flags: { a: on }, reason: 'r' } }));
const evaluate = (more = {}) =>
  server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'a', ...more.evaluation }], ...more.body } });
const value = async evaluation => {
  const { results } = await good(evaluate({ evaluation }));
  return results[0].value;
};
async function until(is) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) if (await is()) return;
  assert.fail('it never came about');
}

before(async () => {
  folder = await dataFolder();
  await start();
  await put({});
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

/** Begins a request and returns its socket. */
async function begin() {
  const body = JSON.stringify({ evaluations: [{ flag: 'a' }] });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const lines = ['POST /v1/evaluate HTTP/1.1', 'host: t', `authorization: Bearer ${server.serverKey}`, 'content-type: application/json'];
  await new Promise(resolve => socket.write([...lines, `content-length: ${body.length}`, '', body].join('\r\n'), resolve));
  return socket;
}

test('200 requests to a cold isolate ask once, and are answered though the client of the one that asked resets its connection', async () => {
  await restart();
  // No lease ends while the machine is slow.
  await state({ hub: 'held', stands: true });
  const leader = await begin();
  await until(async () => (await state()).waiting === 1);
  const others = Array.from({ length: 199 }, () => evaluate());
  leader.resetAndDestroy();
  // The others wait by now, or come to a warm isolate.
  await new Promise(resolve => setImmediate(resolve));
  await state({ hub: 'here' });
  const statuses = (await Promise.all(others)).map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([200]));
  const { hub, reader } = await state({ stands: false });
  assert.ok(hub >= 1 && hub <= 2 && reader >= 1 && reader <= 2, `${hub} questions at the hub, ${reader} at the reader`);
});

test('200 requests after ten idle seconds ask once', async () => {
  await restart();
  await value();
  const before = await state({ ahead: (ahead += 11_000), stands: true });
  const answers = await Promise.all(Array.from({ length: 200 }, () => evaluate()));
  assert.ok(answers.every(({ status }) => status === 200));
  await until(async () => (await state()).reader > before.reader);
  const { reader } = await state({ stands: false });
  assert.equal(reader - before.reader, 1);
});

test('requests that name newer versions ask once a second, however many they are', async () => {
  const { epoch, version } = await good(server.request('/health', { method: 'GET' }));
  const before = await state({ ahead: (ahead += 2_500) });
  const started = Date.now();
  const named = number => evaluate({ body: { minVersion: `${epoch}.${version + 1 + number}` } });
  const answers = await Promise.all(Array.from({ length: 300 }, (_, number) => named(number)));
  assert.ok(answers.every(({ status }) => status === 200));
  const seconds = Math.ceil((Date.now() - started) / 1_000);
  const { hub, reader } = await state();
  // One a second for named versions, and one a second for the age.
  assert.ok(reader - before.reader >= 1 && reader - before.reader <= 2 * (seconds + 1), `${reader - before.reader} in ${seconds} s`);
  assert.ok(hub - before.hub <= reader - before.reader);
});

test('a write is seen by the next read, and the hub tells the reader of it', async () => {
  for (const on of [false, true, false, true]) {
    const { told } = await state();
    await put({ a: flag(on) });
    assert.equal(await value(), on);
    // Of two changes within a tenth of a second it may tell one.
    await state({ ahead: (ahead += 200) });
    await override('told', on);
    await until(async () => (await state()).told > told);
  }
});

test('an override is told as its page, and a changed flag as its row', async () => {
  await put({ a: flag(true) });
  await override('acme', false);
  const page = JSON.parse((await state()).last);
  assert.equal(page.pages.length, 1);
  assert.deepEqual([page.document, page.keys, page.rows, page.since], [null, null, undefined, page.version - 1]);
  assert.equal(await value({ context: { customerId: 'acme' } }), false);
  await put({ a: flag(false) });
  const row = JSON.parse((await state()).last);
  assert.ok(row.document === null && !JSON.stringify(row).includes('zzz'));
  assert.deepEqual(
    row.rows.filter(([kind]) => kind === 'flag').map(([, name, text]) => [name, text]),
    [['a', '{"default":"off"}']],
  );
  assert.equal(await value(), false);
});

test('an isolate of an earlier release gets the whole document, and a hub of an earlier release may send it', async () => {
  await put({ a: flag(true) });
  const { epoch, version } = await good(server.request('/health', { method: 'GET' }));
  const asked = await good(server.request(`/test/ask?since=${epoch}.${version - 1}`, { method: 'GET' }));
  assert.equal(asked.document.flags.long.description.length, 2_000);
  assert.ok(Array.isArray(asked.keys) && asked.since === undefined);
  await state({ hub: 'old' });
  await put({ a: flag(false) });
  assert.ok(JSON.parse((await state()).last).document);
  assert.equal(await value(), false);
  await state({ hub: 'here' });
});

test('changes that do not lead to the document that the hub serves are refused, and the document is fetched whole', async () => {
  await put({ a: flag(true) });
  await state({ hub: 'wrong' });
  await put({ a: flag(false) });
  // The isolate still has the version before.
  assert.equal(await value(), true);
  await state({ ahead: (ahead += 11_000) });
  await until(async () => (await value()) === false);
  assert.ok(JSON.parse((await state()).last).document);
  await state({ hub: 'here' });
});

for (const reader of ['gone', 'hangs']) {
  test(`while the reader ${reader === 'gone' ? 'is gone' : 'hangs'}, isolates ask the hub, cold ones too`, async () => {
    await restart();
    await state({ reader });
    const before = await state();
    assert.equal(typeof (await value()), 'boolean');
    for (const on of [false, true]) {
      await put({ a: flag(on) });
      assert.equal(await value(), on);
    }
    assert.ok((await state()).hub > before.hub);
    await state({ reader: 'here', ahead: (ahead += 11_000) });
    const { reader: asked } = await state();
    await until(async () => {
      await value();
      return (await state({ ahead: (ahead += 1_000) })).reader > asked;
    });
  });
}
