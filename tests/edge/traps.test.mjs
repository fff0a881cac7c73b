// A trap in the module: the next requests get right answers, and a thousand traps leak no memory.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { startOn } from './workerd.mjs';

const TRAPS = extent({ usual: 150, all: 1_000 });
/** The most bytes by which the process may grow in four fifths of the traps. A leaked instance is 2 MB or more. */
const MOST_BYTES = TRAPS * 400_000;
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: { default: 'on' }, text: { type: 'string', variants: { a: 'one', b: 'two' }, on: 'a', off: 'b' } },
  overrides: { customers: { 'c-1': { plain: false } } },
};

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startOn({ config: new URL('workers/traps.capnp', import.meta.url), data: folder.path });
  const put = await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
  assert.equal(put.status, 200, put.text);
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const traps = async () => (await server.request('/test/traps', { method: 'GET' })).json();
const memory = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1_000;
const one = (key, context, headers) => server.asClient(`/ofrep/v1/evaluate/flags/${key}`, { body: { context }, headers });

/** Requests on every way through the module, each with a check of its answer. */
const ASKED = [
  async () => assert.deepEqual(pick(await one('plain', { userId: 'u-1' })), [200, true]),
  async () => assert.deepEqual(pick(await one('plain', { customerId: 'c-1' })), [200, false]),
  async () => assert.deepEqual(pick(await one('text', {})), [200, 'two']),
  async () => assert.equal((await server.request('/health', { method: 'GET' })).json().status, 'ok'),
  async () =>
    assert.deepEqual(
      (await server.evaluate({ flag: 'plain', context: { customerId: 'c-1' } })).map(({ value }) => value),
      [false],
    ),
  async () => assert.deepEqual((await server.asClient('/api/widget/config?customerId=c-1', { method: 'GET' })).json().config.plain, false),
  async () => assert.equal((await server.asAdmin('/api/admin/versions', { method: 'GET' })).status, 200),
];
const pick = ({ status, json }) => [status, json().value];
/** Requests that trap; nothing checks their answers. */
const TRAPPING = [
  headers => server.asAdmin('/api/admin/versions', { method: 'GET', headers }),
  headers => server.asAdmin('/api/admin/feature-flags', { method: 'GET', headers }),
  headers => one('plain', { customerId: 'c-1' }, { ...headers, origin: 'https://shop.example' }),
  headers => server.asAdmin('/v1/explain', { body: { flag: 'plain' }, headers }),
];

test(`after each of ${TRAPS} traps the next request gets the right answer`, { timeout: 600_000 }, async t => {
  let early;
  for (let round = 0, seen = 0; seen < TRAPS; round++) {
    await TRAPPING[round % TRAPPING.length]({ 'test-trap': String(1 + (round % 3)) });
    await ASKED[round % ASKED.length]();
    seen = await traps();
    if (round % 100 === 99) for (const ask of ASKED) await ask();
    if (early === undefined && seen >= TRAPS / 5) early = memory();
    assert.ok(round < 10 * TRAPS, `${seen} traps in ${round} rounds`);
  }
  for (const ask of ASKED) await ask();
  const grown = memory() - early;
  t.diagnostic(`${Math.round(grown / 1e6)} MB more than after a fifth of them`);
  assert.ok(grown < MOST_BYTES, `${grown} bytes`);
});

test('requests that run while another one traps get the right answer or a 500', { timeout: 120_000 }, async () => {
  for (let round = 0; round < 20; round++) {
    const beside = Array.from({ length: 8 }, (_, index) =>
      one(index % 2 ? 'plain' : 'text', index % 3 ? {} : { customerId: 'c-1' }).then(answer => [index, answer]),
    );
    await Promise.allSettled([TRAPPING[round % TRAPPING.length]({ 'test-trap': '1' }), ...beside]);
    for (const { value } of (await Promise.allSettled(beside)).filter(({ status }) => status === 'fulfilled')) {
      const [index, answer] = value;
      if (answer.status === 200) assert.equal(answer.json().value, index % 2 ? Boolean(index % 3) : 'two');
      else assert.equal(answer.status, 500);
    }
    for (const ask of ASKED) await ask();
  }
});

test('after a stack overflow the next requests get the right answers', async () => {
  for (let round = 0; round < 10; round++) {
    await server.request('/health', { method: 'GET', headers: { 'test-dive': 'yes' } });
    await one('plain', { userId: 'u-1' }, { 'test-dive': 'yes' });
    for (const ask of ASKED) await ask();
  }
});
