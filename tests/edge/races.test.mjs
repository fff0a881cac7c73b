// Two administrators at once: neither overwrites a document version that it has not read, and concurrent commands lose nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { hostWorker, token } from './workerd.mjs';

const RACES = extent({ usual: 100, all: 1_000 });
const NAMES = ['ann', 'ben'];
const FLAGS = Array.from({ length: 100 }, (_, at) => `f${at}`);
const COUNTED = { counter: { metadata: { ann: 0, ben: 0 } } };
const document = flags => ({ schema: 'twinflag/1', environment: 'test', bucketKey: '000102030405060708090a0b0c0d0e0f', flags });

let folder, server, admins;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({
    data: folder.path,
    document: JSON.stringify(document({ ...COUNTED, ...Object.fromEntries(FLAGS.map(flag => [flag, {}])) })),
  });
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  admins = NAMES.map(name => {
    const own = token({ sub: name, exp, app_metadata: { role: 'admin' } });
    return { name, ask: (method, path, options) => server.request(`/api/admin/${path}`, { method, token: own, ...options }) };
  });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const both = use => Promise.all(admins.map(use));
const read = async ({ ask }) => {
  const answer = await ask('GET', 'document');
  return { document: answer.json(), etag: answer.headers.get('etag') };
};
/** Replaces the document by one with the administrator's own counter increased by 1. */
const count = ({ name, ask }, { document, etag }) => {
  document.flags.counter.metadata[name] += 1;
  return ask('PUT', 'document', { body: document, headers: { 'if-match': etag } });
};
const counters = async () => (await read(admins[0])).document.flags.counter.metadata;
const reset = async () => {
  const { document, etag } = await read(admins[0]);
  Object.assign(document.flags, COUNTED);
  return admins[0].ask('PUT', 'document', { body: document, headers: { 'if-match': etag } });
};

test(`in ${RACES} races to replace a document one succeeds and the other gets 412 with the new version`, { timeout: 300_000 }, async t => {
  const wins = { ann: 0, ben: 0 };
  for (let race = 0; race < RACES; race++) {
    const seen = await both(read);
    assert.equal(seen[0].etag, seen[1].etag);
    const answers = [];
    // The first request usually wins, so the administrators take turns.
    await Promise.all(
      [race % 2, 1 - (race % 2)].map(async at => {
        answers[at] = await count(admins[at], seen[at]);
      }),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412], `race ${race}: ${answers.map(({ text }) => text)}`);
    const winner = answers.findIndex(({ status }) => status === 200);
    wins[NAMES[winner]] += 1;
    const lost = answers[1 - winner];
    const tag = answers[winner].headers.get('etag');
    assert.deepEqual([lost.headers.get('etag'), lost.json().code], [tag, 'VERSION_MISMATCH']);
    assert.notEqual(tag, seen[0].etag);
  }
  assert.deepEqual(await counters(), wins);
  t.diagnostic(`ann won ${wins.ann}, ben won ${wins.ben}, of ${RACES}: none is lost`);
  assert.ok(Math.min(wins.ann, wins.ben) >= RACES / 10, 'this was no race');
});

test('administrators who repeat a refused replacement lose no update', async t => {
  await reset();
  let refused = 0;
  await both(async admin => {
    for (let won = 0; won < 100; ) {
      const { status } = await count(admin, await read(admin));
      if (status === 200) won += 1;
      else refused += 1;
      assert.ok([200, 412].includes(status), String(status));
    }
  });
  t.diagnostic(`${refused} were refused on the way`);
  assert.deepEqual(await counters(), { ann: 100, ben: 100 });
});

test('the control: with If-Match: * updates are lost', async () => {
  await reset();
  let wins = 0;
  for (let race = 0; race < 20; race++) {
    const seen = await both(read);
    const answers = await both((admin, at) => count(admin, { ...seen[at], etag: '*' }));
    wins += answers.filter(({ status }) => status === 200).length;
  }
  const { ann, ben } = await counters();
  assert.deepEqual([wins, ann + ben < wins], [40, true]);
});

test('concurrent overrides of one customer are all kept', async () => {
  const own = at => FLAGS.filter((_, index) => index % 2 === at);
  const missing = async () => {
    const { flags } = (await admins[0].ask('GET', 'overrides?customerId=c-1')).json();
    return FLAGS.filter(flag => flags[flag] !== true);
  };
  const answers = await both(({ ask }, at) =>
    Promise.all(own(at).map(flag => ask('POST', 'overrides', { body: { customerId: 'c-1', flags: { [flag]: true }, reason: 'r' } }))),
  );
  assert.equal(new Set(answers.flat().map(answer => answer.json().version)).size, FLAGS.length);
  assert.deepEqual(await missing(), []);
  // The control: a missing override is noticed.
  await admins[1].ask('POST', 'overrides', { body: { customerId: 'c-1', flags: { f7: null }, reason: 'r' } });
  assert.deepEqual(await missing(), ['f7']);
});

test('a request that is sent twice at once with one idempotency key is carried out once', async t => {
  const [{ ask }] = admins;
  const send = (turn, headers) =>
    ask('POST', 'overrides', { headers, body: { customerId: 'c-2', flags: { f0: turn % 2 === 0 }, reason: `turn ${turn}` } });
  let replayed = 0;
  for (let turn = 0; turn < 300; turn++) {
    const headers = { 'idempotency-key': `turn ${turn}` };
    const answers = await Promise.all([send(turn, headers), send(turn, headers)]);
    assert.deepEqual(
      answers.map(({ status, text }) => [status, text]),
      Array(2).fill([200, answers[0].text]),
    );
    assert.equal(answers[0].json().changes.length, 1);
    replayed += answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true').length;
  }
  const { changes } = (await ask('GET', 'changes?customerId=c-2&limit=1000')).json();
  assert.deepEqual(
    changes.map(({ reason }) => reason).reverse(),
    Array.from({ length: 300 }, (_, turn) => `turn ${turn}`),
  );
  assert.equal(replayed, 300);
  t.diagnostic(`${changes.length} records of 600 requests, ${replayed} of them answered from what was kept`);
  // Without an idempotency key both are carried out, the second without effect.
  const answers = await Promise.all([send(300), send(300)]);
  assert.deepEqual(answers.map(answer => answer.json().changed).sort(), [false, true]);
});

test('an idempotency key is for one request of one sender', async () => {
  const [ann, ben] = admins;
  const headers = { 'idempotency-key': 'ours' };
  const clear = ({ ask }, id) => ask('DELETE', `overrides?customerId=${id}&reason=r`, { headers });
  for (const customerId of ['c-3', 'c-4']) await ann.ask('POST', 'overrides', { body: { customerId, flags: { f0: true }, reason: 'r' } });
  assert.equal((await clear(ann, 'c-3')).json().changed, true);
  const other = await clear(ann, 'c-4');
  assert.deepEqual([other.status, other.json().code], [422, 'IDEMPOTENCY_KEY_REUSED']);
  assert.equal((await clear(ben, 'c-4')).json().changed, true);
  // A read ignores the idempotency key.
  assert.equal((await ann.ask('GET', 'overrides?customerId=c-4', { headers })).text, '{"customerId":"c-4","flags":{}}');
});
