// A store that is put back to an earlier state gets a new epoch: then no isolate and no page stays at versions that the store has not made.
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker, startOn } from './workerd.mjs';

const document = word => ({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { word: { type: 'string', variants: { here: word }, on: 'here', off: 'here' } },
  overrides: { customers: { [`c-${word}`]: { word: 'here' } } },
});
const DAY_MS = 86_400_000;
const iso = at => new Date(at).toISOString();

/** Requests to a server, each checked. */
const talk = server => ({
  async put(word) {
    const answer = await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document(word) });
    assert.equal(answer.status, 200, answer.text);
    return answer.headers.get('etag').slice(1, -1);
  },
  async says() {
    const answer = await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'word' }] } });
    assert.equal(answer.status, 200, answer.text);
    const [{ value, stale }] = answer.json().results;
    return { value, stale: Boolean(stale), version: answer.headers.get('twinflag-version') };
  },
  async newest() {
    const {
      changes: [record],
    } = (await server.asAdmin('/api/admin/changes?limit=1', { method: 'GET' })).json();
    const { valid } = (await server.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json();
    assert.equal(valid, true);
    return [record.action, record.changedBy, record.reason];
  },
});
const epoch = version => version.split('.')[0];
const number = version => Number(version.split('.')[1]);

let folder, server, put, says, newest;
before(async () => {
  folder = await dataFolder();
  server = await startOn({ config: new URL('workers/point.capnp', import.meta.url), data: folder.path });
  ({ put, says, newest } = talk(server));
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});
const keep = async () => Number((await server.request('/test/keep', { body: {} })).text);
const point = (body, options) => server.asAdmin('/api/admin/restore/point', { body, ...options });

test('a hub is put back to a moment, and back again', async () => {
  const first = await put('one');
  const at = await keep();
  await put('two');
  const held = await put('three');
  assert.deepEqual(await says(), { value: 'three', stale: false, version: held });

  const went = await point({ at: iso(at), reason: 'two was wrong', changedBy: 'ann' });
  assert.equal(went.status, 200, went.text);
  const then = await says();
  assert.deepEqual([then.value, then.stale, then.version], ['one', false, went.headers.get('etag').slice(1, -1)]);
  assert.deepEqual([epoch(then.version) === epoch(first), number(then.version)], [false, number(first) + 1]);
  assert.deepEqual(await newest(), ['epoch.renew', 'tester', `the store was put back to ${iso(at)}: two was wrong`]);

  // The hub refuses a change of a version that was read before.
  const late = await server.asAdmin('/api/admin/document', {
    method: 'PUT',
    body: document('late'),
    headers: { 'if-match': `"${first}"` },
  });
  assert.deepEqual([late.status, late.json().code], [412, 'VERSION_MISMATCH']);

  const undone = await point({ bookmark: went.json().undo, reason: 'it was right after all' });
  assert.equal(undone.status, 200, undone.text);
  const now = await says();
  assert.deepEqual([now.value, now.stale, number(now.version)], ['three', false, number(held) + 1]);
  assert.equal(new Set([first, then.version, now.version].map(epoch)).size, 3);
  assert.equal((await newest())[0], 'epoch.renew');
});

test('a hub that was put back by others renews its epoch when an isolate names a later version', async () => {
  await put('before');
  const at = await keep();
  const held = await put('after');
  assert.deepEqual(await says(), { value: 'after', stale: false, version: held });
  assert.equal((await server.request('/test/put-back', { body: at })).status, 500);
  // A version that nobody has makes the isolate ask, and with it the one that it holds.
  const minVersion = `${epoch(held)}.${number(held) + 1}`;
  const answer = await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'word' }], minVersion } });
  assert.deepEqual([answer.status, answer.json().results?.[0].value], [200, 'before'], answer.text);
  const { version } = await says();
  assert.deepEqual([epoch(version) === epoch(held), number(version)], [false, number(held)]);
  const [action, by, reason] = await newest();
  assert.deepEqual([action, by], ['epoch.renew', 'system']);
  assert.match(reason, new RegExp(`holds version ${held} `));
});

test('a request that names no moment of the last 30 days is refused, and nothing changes', async () => {
  const { version } = await says();
  const soon = iso(Date.now() + DAY_MS),
    long = iso(Date.now() - 31 * DAY_MS),
    reason = 'r';
  for (const [body, pointer] of [
    [{ at: soon, reason }, '/at'],
    [{ at: long, reason }, '/at'],
    [{ at: 'yesterday', reason }, '/at'],
    [{ at: 7, reason }, '/at'],
    [{ reason }],
    [{ at: iso(Date.now() - 1_000), bookmark: '0', reason }],
    [{ at: iso(Date.now() - 1_000) }],
    [{ bookmark: '0', reason: 'x'.repeat(2_000) }],
    [{ bookmark: '0', reason, more: 1 }, '/more'],
  ]) {
    const answer = await point(body);
    assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`);
    if (pointer) assert.equal(answer.json().errors?.[0].pointer ?? answer.json().pointer, pointer, answer.text);
  }
  const unknown = await point({ bookmark: 'unknown', reason });
  assert.deepEqual([unknown.status, unknown.json().code], [501, 'POINT_IN_TIME_UNAVAILABLE']);
  const stale = await point({ bookmark: '0', reason }, { headers: { 'if-match': '"0a1b2c3d4e5f.1"' } });
  assert.equal(stale.status, 412, stale.text);
  assert.equal((await says()).version, version);
});

test('a store that was copied back serves every page after its epoch was renewed; workerd keeps no moments', async () => {
  const own = await dataFolder(),
    store = join(own.path, 'store'),
    copy = join(own.path, 'copy');
  let host = await hostWorker({ data: own.path });
  try {
    const first = await talk(host).put('one');
    await host.stop();
    await cp(store, copy, { recursive: true });
    host = await hostWorker({ data: own.path });
    const held = await talk(host).put('two');
    await host.stop();
    await rm(store, { recursive: true });
    await cp(copy, store, { recursive: true });
    host = await hostWorker({ data: own.path });

    const { says, newest } = talk(host);
    assert.deepEqual(await says(), { value: 'one', stale: false, version: first });
    const none = await host.asAdmin('/api/admin/restore/point', { body: { at: iso(Date.now() - 1_000), reason: 'r' } });
    assert.deepEqual([none.status, none.json().code], [501, 'POINT_IN_TIME_UNAVAILABLE'], none.text);
    assert.equal((await says()).version, first);

    const renew = () =>
      host.asAdmin('/api/admin/epoch', { body: { reason: 'the disk of last night' }, headers: { 'idempotency-key': 'once' } });
    const renewed = await renew();
    assert.equal(renewed.status, 200, renewed.text);
    const { value, stale, version } = await says();
    assert.deepEqual([value, stale, number(version), epoch(version) === epoch(held)], ['one', false, number(first) + 1, false]);
    assert.deepEqual(await newest(), ['epoch.renew', 'tester', 'the disk of last night']);
    const again = await renew();
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed'), (await says()).version], [200, 'true', version]);
    assert.equal((await host.asAdmin('/api/admin/epoch', { body: [] })).status, 400);
  } finally {
    await host.stop();
    await own.remove();
  }
});
