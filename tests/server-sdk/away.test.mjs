// While the worker is away, a server answers as before; also after it was started anew, from a snapshot.
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';

import { kvSnapshot } from '../../npm/server/dist/entry/node.js';
import { fileSnapshot } from '../../npm/server/dist/entry/snapshot-file.js';
import { ownServer } from '../own-server.mjs';
import { dataFolder } from '../server.mjs';
import { codes, open, until } from './client.mjs';
import { DOCUMENT, question, random } from './document.mjs';

const server = ownServer({ document: DOCUMENT });
const folder = await dataFolder();
after(() => folder.remove());

const MINUTE_MS = 60_000;
const away = () => Promise.reject(new TypeError('fetch failed'));
/** Ten thousand questions, of which every second names a customer. */
const QUESTIONS = (() => {
  const draw = random(7);
  return Array.from({ length: 10_000 }, () => question(draw));
})();
const plain = ({ stale, ...details }) => details;
const turn = () => new Promise(resolve => setImmediate(resolve));

test('ten minutes without the worker: ten thousand of ten thousand answers are as before, and marked, also after a new start', async () => {
  const file = join(folder.path, 'flags.snapshot');
  let isAway = false,
    requests = 0;
  const options = {
    refreshMs: 30_000,
    snapshot: fileSnapshot(file),
    fetch: (...request) => {
      requests++;
      return isAway ? away() : fetch(...request);
    },
  };
  const flags = await open(server, options);
  const before = await flags.getMany(QUESTIONS);
  assert.equal(before.filter(({ stale }) => stale).length, 0);
  await flags.close();

  // The timers of this client are mocked from its start.
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  try {
    isAway = true;
    requests = 0;
    const again = await open(server, options);
    assert.equal(again.status, 'stale');
    for (let passed = 0; passed < 10 * MINUTE_MS; passed += 1000) {
      mock.timers.tick(1000);
      await turn();
    }
    const answers = await again.getMany(QUESTIONS);
    assert.deepEqual(answers.map(plain), before.map(plain));
    assert.equal(answers.filter(({ stale }) => stale).length, 10_000);
    // A request an interval at most, and two more for the failures of the beginning.
    assert.ok(requests > 5 && requests < 60, `${requests} requests`);
    assert.deepEqual(codes(again), ['UNREACHABLE']);

    isAway = false;
    mock.timers.reset();
    // The breaker lets a request pass when its pause is over.
    const late = await open(server, options);
    assert.equal(late.status, 'ready');
    const returned = await late.getMany(QUESTIONS);
    assert.deepEqual(returned, before);
  } finally {
    mock.timers.reset();
  }
});

test('a snapshot is read by its owner alone, and refused when any part of it is damaged', async () => {
  const file = join(folder.path, 'spoilt.snapshot');
  const flags = await open(server, { snapshot: fileSnapshot(file) });
  await flags.getValue('gift', false, { customerId: 'c-1' });
  await flags.close();
  assert.equal((await stat(file)).mode & 0o077, 0);
  const sound = await readFile(file);

  const draw = random(99);
  let taken = 0;
  for (let spoilt = 0; spoilt < 300; spoilt++) {
    const damaged = Buffer.from(sound);
    const at = draw(damaged.length);
    const kind = draw(3);
    if (kind === 0) damaged[at] ^= 1 << draw(8);
    const bytes = kind === 1 ? damaged.subarray(0, at) : kind === 2 ? Buffer.concat([damaged, damaged.subarray(at)]) : damaged;
    const own = await open(server, { snapshot: { read: () => bytes.toString(), write: () => undefined }, fetch: away });
    const { value, errorCode } = own.peek('plain', 'default');
    if (value !== 'default' || errorCode !== 'PROVIDER_NOT_READY') taken++;
    await own.close();
  }
  assert.equal(taken, 0);

  await writeFile(file, sound);
  const whole = await open(server, { snapshot: fileSnapshot(file), fetch: away });
  const { value, stale } = whole.peek('gift', false, { customerId: 'c-1' });
  assert.deepEqual([value, stale], [true, true]);
  // With another key it may be of another environment.
  const other = await open({ ...server, serverKey: `${server.serverKey}0` }, { snapshot: fileSnapshot(file), fetch: away });
  assert.deepEqual([other.status, codes(other).includes('SNAPSHOT_REFUSED')], ['error', true]);
});

test('a KV store keeps the snapshot', async () => {
  const kept = new Map();
  const store = { get: async key => kept.get(key) ?? null, put: async (key, value) => void kept.set(key, value) };
  const flags = await open(server, { snapshot: kvSnapshot(store, 'flags') });
  await flags.close();
  const again = await open(server, { snapshot: kvSnapshot(store, 'flags'), fetch: away });
  assert.deepEqual([again.peek('plain', false).value, again.status], [true, 'stale']);
});

test('a snapshot store that fails or never answers keeps no check waiting', async () => {
  const never = () => new Promise(() => undefined);
  for (const read of [never, () => Promise.reject(new Error('no'))]) {
    const flags = await open(server, { snapshot: { read, write: never }, readyMs: 100 });
    await until(flags, () => flags.status === 'ready');
    assert.equal((await flags.getDetails('plain', false)).value, true);
  }
});

test('without the worker and without a snapshot, ready() ends and answers are defaults', async () => {
  for (const fetch of [away, () => new Promise(() => undefined)]) {
    const flags = await open(server, { fetch, readyMs: 50, timeoutMs: 100 });
    const details = await flags.getDetails('plain', 'mine', {});
    assert.deepEqual([details.value, details.reason, details.errorCode], ['mine', 'ERROR', 'PROVIDER_NOT_READY']);
    assert.ok(['error', 'pending'].includes(flags.status));
  }
});

test('after five failures requests are held back, so that no check waits for a time-out', async () => {
  let requests = 0;
  const flags = await open(server, { refreshMs: 0 });
  const hung = await open(server, {
    refreshMs: 0,
    fetch: (...request) => {
      if (new URL(request[0]).pathname === '/v1/ruleset') return fetch(...request);
      requests++;
      return away();
    },
  });
  for (let index = 0; index < 200; index++) {
    const details = await hung.getDetails('gift', false, { customerId: `x-${index}` });
    assert.deepEqual([details.value, details.stale], [false, true]);
  }
  assert.ok(requests >= 5 && requests < 20, `${requests} requests`);
  assert.equal(flags.status, 'ready');
});
