// Overrides by owner: an isolate asks the hub for the owners that requests name, once at a version of their page, and by the filters of
// pages it asks for almost nobody who has none.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { startOn } from './workerd.mjs';

const OWNERS = 20_000;

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startOn({ config: new URL('workers/bad.capnp', import.meta.url), data: folder.path });
  const customers = Object.fromEntries(Array.from({ length: OWNERS }, (_, index) => [`c-${index}`, { who: index % 2 ? 'odd' : 'even' }]));
  const document = {
    schema: 'twinflag/1',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags: { who: { type: 'string', variants: { all: 'all', odd: 'odd', even: 'even' }, on: 'all', off: 'all' } },
    overrides: { customers },
  };
  const answer = await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document });
  assert.equal(answer.status, 200, answer.text);
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const hub = (method, body) => server.request('/test/hub/owners', { method, body });
const hubSaid = async () => (await hub('GET')).json();
/** The number of answers of the hub so far. */
const answered = async () => Number((await hub('GET')).headers.get('test-answers'));
const ids = (prefix, count, from = 0) => Array.from({ length: count }, (_, index) => `${prefix}-${from + index}`);

/** Each customer's `[value, layer, stale]`, from one batch. */
async function ask(customers) {
  const evaluations = customers.map(customerId => ({ flag: 'who', context: { customerId } }));
  const answer = await server.asServer('/v1/evaluate', { body: { evaluations } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json().results.map(({ value, layer, stale = false }) => [value, layer, stale]);
}
const own = index => [index % 2 ? 'odd' : 'even', 'customer', false];
const none = ['all', 'default', false];

test('the hub sends the rows of the owner that is asked for, and the filter of its page', async () => {
  assert.deepEqual(await ask(['c-7']), [own(7)]);
  const [page, ...others] = await hubSaid();
  assert.deepEqual(others, []);
  assert.deepEqual(
    page.owners.map(({ kind, name, tree }) => [kind, name, tree]),
    [
      ['customer', 'c-7', '{"who":"odd"}'],
      ['membership', 'c-7', null],
    ],
  );
  // Ten bits for each of the page's owners, of which there are about 20: 16 digits hold six of them.
  assert.match(page.filter, /^([0-9a-f]{16})+$/);
  const owners = (page.filter.length * 4) / 10;
  assert.ok(owners > 5 && owners < 60, `${owners} owners`);
});

test('what the isolate holds, it does not ask for again', async () => {
  const before = await answered();
  for (let round = 0; round < 3; round++) assert.deepEqual(await ask(['c-7']), [own(7)]);
  assert.equal(await answered(), before);
});

test('a thousand customers at a time get their own overrides, and those without one the default', async () => {
  for (let from = 0; from < OWNERS; from += 5_000) {
    const customers = ids('c', 500, from).flatMap((id, index) => [id, `x-${from + index}`]);
    const expected = customers.map((_, index) => (index % 2 ? none : own(from + index / 2)));
    assert.deepEqual(await ask(customers), expected);
  }
});

test('by the filters, an isolate knows without the hub that almost every other customer has no override', async () => {
  await hub('PUT', { how: 'throws' });
  const answers = await ask(ids('z', 1_000));
  // One in 120 is found in a filter by chance, and again one in 120 for its organization: 17 of 1,000. Pages whose filter is missing:
  // 2,000 customers missed a page with the chance (1 - 1/1024)^4000, 2 %.
  assert.deepEqual(new Set(answers.map(([value]) => value)), new Set(['all']));
  const asked = await Promise.all(ids('y', 200).map(async id => (await ask([id]))[0][2]));
  const stale = asked.filter(Boolean).length;
  assert.ok(stale <= 20, `${stale} of 200 were asked for`);
  await hub('DELETE');
});

test('a customer that the hub leaves out of its answer is refused, and served when the hub has it again', async () => {
  await hub('PUT', { parts: [Buffer.from('[]').toString('base64')] });
  const evaluations = [
    { flag: 'who', context: { customerId: 'c-7' } },
    { flag: 'who', context: { customerId: 'c-19999' } },
  ];
  const answer = await server.asServer('/v1/evaluate', { body: { evaluations } });
  assert.deepEqual([answer.status, answer.json().code, answer.headers.get('retry-after')], [503, 'NO_OVERRIDES', '1'], answer.text);
  // The rows that the isolate holds serve.
  assert.deepEqual(await ask(['c-7']), [own(7)]);
  await hub('DELETE');
  assert.deepEqual(await ask(['c-19999']), [own(19_999)]);
});

test('a changed override is asked for anew, and the other owners of its page too', async () => {
  const answer = await server.asAdmin('/api/admin/overrides', { body: { customerId: 'c-7', flags: { who: 'even' }, reason: 'a test' } });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(await ask(['c-7', 'c-8']), [['even', 'customer', false], own(8)]);
});
