// Outcomes and receipts: who may report, what counts, and what operators read of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { counted, featureOf, outcome, receiptOf, report, startRollout, until } from './reported.mjs';
import { hostWorker } from './workerd.mjs';

const document = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    checkout: { unit: 'customerId', aliases: ['pay'] },
    listed: { unit: 'customerId' },
    hours: { unit: 'customerId' },
    secret: { tags: ['internal'] },
    shown: { tags: ['public'] },
  },
});

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document, settings: { TEST_CLOCK: 'on', CLIENT_ADDRESS_HEADER: 'x-client-address' } });
  await startRollout(server);
});
after(async () => {
  await server?.stop();
  await folder.remove();
});

const EVALUATIONS = [
  ['/v1/program', () => server.clientKey, { context: { targetingKey: 'u' } }],
  ['/ofrep/v1/evaluate/flags', () => server.clientKey, { context: { targetingKey: 'u' } }],
  ['/ofrep/v1/evaluate/flags/checkout', () => server.clientKey, { context: { customerId: 'u' } }],
  ['/v1/evaluate', () => server.serverKey, { evaluations: [{ flag: 'checkout', context: { customerId: 'u' } }] }],
];
const ask = ([path, token, body], headers) => server.request(path, { token: token(), body, headers });

test('an evaluation that names its unit gets a receipt, and is the same otherwise', async () => {
  for (const route of EVALUATIONS) {
    const [without, first, second] = [
      await ask(route),
      await ask(route, { 'twinflag-unit': 'a' }),
      await ask(route, { 'twinflag-unit': 'b' }),
    ];
    const receipts = [without, first, second].map(answer => answer.headers.get('twinflag-receipt'));
    assert.equal(receipts[0], null, route[0]);
    for (const receipt of receipts.slice(1)) assert.match(receipt, /^1\.[0-9a-f]{12}\.\d+\.\d+\.[0-9a-f]{32}$/, route[0]);
    assert.notEqual(receipts[1], receipts[2]);
    assert.deepEqual([first.text, first.headers.get('etag')], [without.text, without.headers.get('etag')]);
  }
});

test('a 304 has a receipt, and a page of another origin may name its unit and read it', async () => {
  for (const route of EVALUATIONS.slice(0, 2)) {
    const etag = (await ask(route)).headers.get('etag');
    const answer = await ask(route, { 'if-none-match': etag, 'twinflag-unit': 'a' });
    assert.equal(answer.status, 304);
    assert.match(answer.headers.get('twinflag-receipt'), /^1\./);
  }
  const hosted = await dataFolder();
  const open = await hostWorker({ data: hosted.path, document, settings: { CLIENT_ORIGINS: 'https://shop.example' } });
  try {
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' };
    const preflight = await open.request('/v1/program', { method: 'OPTIONS', headers });
    assert.match(preflight.headers.get('access-control-allow-headers'), /\btwinflag-unit\b/);
    const answer = await open.asClient('/v1/program', { headers, body: { context: {} } });
    assert.match(answer.headers.get('access-control-expose-headers'), /\btwinflag-receipt\b/);
    const reported = await open.asClient('/v1/outcomes', { headers, body: { outcomes: [] } });
    assert.deepEqual([reported.status, reported.headers.get('access-control-allow-origin')], [202, 'https://shop.example']);
  } finally {
    await open.stop();
    await hosted.remove();
  }
});

test('a unit that cannot be one is refused', async () => {
  for (const unit of ['', '%00', 'a'.repeat(257), '%ff', encodeURIComponent('é'.repeat(129))]) {
    const answer = await ask(EVALUATIONS[0], { 'twinflag-unit': unit });
    assert.equal(answer.status, 400, unit);
    assert.match(answer.json().detail, /twinflag-unit/);
  }
  const longest = encodeURIComponent('é'.repeat(128));
  assert.equal((await ask(EVALUATIONS[0], { 'twinflag-unit': longest })).status, 200);
});

test('an outcome of a client counts with a receipt of its unit, its hour and its key, and is kept otherwise', async () => {
  const now = Date.now();
  const receipt = await receiptOf(server, { session: 'ü 1', now });
  const forged = receipt.replace(/.$/, digit => (digit === '0' ? '1' : '0'));
  const versioned = receipt.replace(/^(1\.[0-9a-f]+\.)(\d+)/, (_, head, version) => `${head}${Number(version) + 1}`);
  const kept = [
    [outcome('ü 1', 'enabled'), now],
    [outcome('ü 1', 'enabled', { receipt: forged }), now],
    [outcome('ü 1', 'enabled', { receipt: versioned }), now],
    [outcome('ü 1', 'enabled', { receipt: 'none' }), now],
    [outcome('ü 2', 'enabled', { receipt }), now],
    [outcome('ü 1', 'enabled', { receipt }), now + 2 * 3_600_000],
    [outcome('ü 1', 'enabled', { receipt, variant: 'no such' }), now],
    [outcome('ü 1', 'viewed', { receipt }), now],
  ];
  for (const [one, at] of kept) {
    assert.deepEqual(await report(server, [one], { now: at }), { counted: 0, duplicates: 0, kept: 1, refused: [] }, JSON.stringify(one));
  }
  const good = outcome('ü 1', 'enabled', { receipt });
  assert.deepEqual(await report(server, [good], { now }), { counted: 1, duplicates: 0, kept: 0, refused: [] });
  assert.deepEqual(await report(server, [good, good], { now }), { counted: 0, duplicates: 2, kept: 0, refused: [] });
  assert.equal((await counted(server, 1)).statistics.exposures, 1);
});

test('each outcome that cannot be one is refused by itself, and unknown flags are listed', async () => {
  const bad = [
    [outcome('u', 'enabled', { flag: 'no such flag' }), /^no flag has the key or alias "no such flag"$/],
    [outcome('', 'enabled'), /^expected unit/],
    [outcome('u', 'e'.repeat(257)), /^expected event/],
    [outcome('u\u0001', 'enabled'), /^expected unit/],
    [outcome('u', 'enabled', { id: '' }), /^expected id/],
    [outcome('u', 'enabled', { variant: 'v'.repeat(257) }), /^expected variant/],
    [outcome('u', 'enabled', { receipt: 'r'.repeat(129) }), /^expected receipt/],
    [outcome('u', 'enabled', { metadata: { long: 'x'.repeat(4_000) } }), /^expected metadata/],
    [outcome('u', 'enabled', { metadata: [] }), /^expected metadata/],
  ];
  const answer = await report(server, [...bad.map(([one]) => one), outcome('u', 'viewed', { flag: 'pay' })], { token: server.serverKey });
  assert.deepEqual([answer.counted, answer.kept], [0, 1]);
  assert.deepEqual(
    answer.refused.map(({ index }) => index),
    bad.map((_, index) => index),
  );
  for (const [index, [, why]] of bad.entries()) assert.match(answer.refused[index].detail, why);
  const stats = async () => (await server.asAdmin('/api/admin/stats', { method: 'GET' })).json();
  const { unknownFlags } = await until(stats, found => found.unknownFlags !== undefined);
  assert.deepEqual(
    unknownFlags.map(({ name, outcomes }) => [name, outcomes]),
    [['no such flag', 1]],
  );
});

test('a key that sees some flags reports about these alone', async () => {
  const body = { kind: 'client', label: 'shop', tags: ['public'], origins: [], reason: 'as a test wants' };
  const made = await server.asAdmin('/api/admin/keys', { body });
  assert.equal(made.status, 200, made.text);
  const { key } = made.json();
  const answer = await report(server, [outcome('u', 'viewed', { flag: 'secret' }), outcome('u', 'viewed', { flag: 'shown' })], {
    token: key,
  });
  assert.deepEqual([answer.kept, answer.refused.map(({ index }) => index)], [1, [0]]);
});

test('operators read outcomes and steps in one list, filtered and in pages', async () => {
  await startRollout(server, { flag: 'listed' });
  const events = Array.from({ length: 5 }, (_, index) =>
    outcome(`u-${index}`, index === 3 ? 'error' : 'enabled', { flag: 'listed', customerId: `c-${index}` }),
  );
  await report(server, events, { token: server.serverKey });
  await server.asAdmin('/api/admin/rollout/rollback', { body: { featureName: 'listed', reason: 'as a test wants' } });
  const list = async query => {
    const answer = await server.asAdmin(`/api/admin/events?featureName=listed${query}`, { method: 'GET' });
    assert.equal(answer.status, 200, answer.text);
    return answer.json();
  };
  const told = ({ event, unit }) => [event, unit];
  const expected = [
    ['rollback', null],
    ['enabled', 'u-4'],
    ['error', 'u-3'],
    ['enabled', 'u-2'],
    ['enabled', 'u-1'],
    ['enabled', 'u-0'],
    ['enabled', null],
  ];
  assert.deepEqual((await list('')).events.map(told), expected);
  const pages = [];
  let before = '';
  do {
    const { events, next } = await list(`&limit=2${before}`);
    pages.push(...events);
    before = next === undefined ? undefined : `&before=${next}`;
  } while (before !== undefined);
  assert.deepEqual(pages.map(told), expected);
  assert.deepEqual((await list('&event=error')).events.map(told), [['error', 'u-3']]);
  assert.deepEqual((await list('&customerId=c-2')).events.map(told), [['enabled', 'u-2']]);
  const wrong = await server.asAdmin('/api/admin/events?before=x', { method: 'GET' });
  assert.deepEqual([wrong.status, wrong.json().code], [400, 'PARSE_ERROR']);
});

test('usage counts every outcome by hour, variant and event', async () => {
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  await startRollout(server, { flag: 'hours' });
  const one = (event, variant) => outcome('u', event, { flag: 'hours', ...(variant && { variant }) });
  const outcomes = [one('enabled', 'on'), one('enabled', 'on'), one('enabled', 'off'), one('clicked'), one('seen')];
  await report(server, outcomes, { token: server.serverKey, now: hour });
  const stats = async () => (await server.asAdmin('/api/admin/stats?featureName=hours&hours=2', { method: 'GET' })).json().statistics[0];
  const { usage, lastEvaluated } = await until(stats, ({ usage }) => usage.length > 0);
  const at = new Date(hour).toISOString();
  assert.equal(lastEvaluated, at);
  assert.deepEqual(usage, [
    { event: 'other', hour: at, outcomes: 2, variant: null },
    { event: 'enabled', hour: at, outcomes: 1, variant: 'off' },
    { event: 'enabled', hour: at, outcomes: 2, variant: 'on' },
  ]);
  for (const query of ['hours=0', 'hours=745', 'hours=x']) {
    assert.equal((await server.asAdmin(`/api/admin/stats?featureName=hours&${query}`, { method: 'GET' })).status, 400, query);
  }
  assert.equal((await server.asAdmin('/api/admin/stats?hours=2', { method: 'GET' })).status, 400);
  assert.equal((await featureOf(server, 'hours')).statistics.percentage, 1);
});

test('all outcomes are exported as lines, from any line on', async () => {
  const page = async after => {
    const answer = await server.asAdmin(`/api/admin/events?after=${after}&limit=3`, { method: 'GET' });
    assert.deepEqual([answer.status, answer.type], [200, 'application/x-ndjson'], answer.text);
    return answer.text
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line));
  };
  const own = Array.from({ length: 4 }, (_, index) => outcome(`export-${index}`, 'enabled', { flag: 'pay' }));
  await report(server, own, { token: server.serverKey });
  const all = [];
  for (let lines = await page(0); lines.length > 0; lines = await page(all.at(-1).sequence)) all.push(...lines);
  assert.deepEqual(
    all.slice(-4).map(({ id, featureName, unit }) => [id, featureName, unit]),
    own.map(({ id, unit }) => [id, 'checkout', unit]),
  );
  const numbers = all.map(({ sequence }) => sequence);
  assert.deepEqual(
    numbers,
    numbers.toSorted((one, other) => one - other),
  );
  assert.ok(all.every(({ unit }) => unit !== null));
  for (const query of ['after=x', 'after=0&event=error', 'after=0&before=1.1']) {
    assert.equal((await server.asAdmin(`/api/admin/events?${query}`, { method: 'GET' })).status, 400, query);
  }
});

test('a notice in the metadata of a flag reaches every answer after its rollback', async () => {
  const notice = 'The new checkout rests until Monday.';
  const whole = JSON.parse((await server.asAdmin('/api/admin/document', { method: 'GET' })).text);
  whole.flags.noted = { unit: 'customerId', metadata: { notice } };
  const imported = await server.asAdmin('/api/admin/document', { method: 'PUT', body: whole });
  assert.equal(imported.status, 200, imported.text);
  await startRollout(server, { flag: 'noted' });
  await server.asAdmin('/api/admin/rollout/rollback', { body: { featureName: 'noted', reason: 'as a test wants' } });
  const ofrep = () => server.asClient('/ofrep/v1/evaluate/flags/noted', { body: { context: { customerId: 'c-1' } } });
  const { metadata, value } = (await until(ofrep, answer => answer.json().metadata?.layer === 'kill')).json();
  assert.deepEqual([metadata.notice, value], [notice, false]);
  const body = { context: { customerId: 'c-1' } };
  const program = await server.asClient('/v1/program', { body, headers: { accept: 'application/json' } });
  assert.ok(program.text.includes(notice));
});
