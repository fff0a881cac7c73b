// The client's offers beside answers: events, reports, keys, forced variants, a logger, a bound on waiting; and visitors who log in.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { bootstrap } from '../../npm/client/dist/entry/bootstrap.js';
import { createClient, on, report } from '../../npm/client/dist/entry/node.js';
import { outcomes } from '../../npm/client/dist/entry/outcomes.js';
import { ownServer } from '../own-server.mjs';

const run = promisify(execFile);
const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    pro: { rules: [{ name: 'r', if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }] },
    gradual: { unit: 'customerId' },
    halved: { unit: 'sessionId', rollout: { status: 'active', percentage: 50 } },
    words: { type: 'object', variants: { a: { label: 'Pay' }, b: { label: 'Pay now' } }, on: 'b', off: 'a' },
    off: { enabled: false },
  },
};
const server = ownServer({ document: DOCUMENT });
const open = options => createClient({ url: server.url, clientKey: server.clientKey, refresh: { push: false }, ...options });

test('events: change, error, stale and ready, each only at its own moment', async () => {
  let isAway = false;
  const client = open({
    context: { customerId: 'c-1', plan: 'free' },
    fetch: (...request) => (isAway ? Promise.reject(new TypeError('away')) : fetch(...request)),
    retryMs: 86_400_000,
    maxRetryMs: 86_400_000,
  });
  const heard = [];
  for (const event of ['change', 'ready', 'stale', 'error']) on(client, event, ({ message }) => heard.push(message ?? event));
  await client.ready();
  client.get('pro', false);
  assert.deepEqual(heard.splice(0), ['ready']);
  await client.setContext({ customerId: 'c-1', plan: 'pro' });
  assert.deepEqual(heard.splice(0), ['change']);
  isAway = true;
  await client.setContext({ customerId: 'c-2', plan: 'pro' });
  assert.deepEqual(heard.splice(0), ['change', 'stale', 'away']);
  isAway = false;
  await client.refresh();
  assert.deepEqual(heard.splice(0), ['change', 'ready']);
  const stop = on(client, 'change', () => heard.push('gone'));
  stop();
  client.close();
});

test('a rollback is an event of its flag, once, and a flag that is switched off is none', async () => {
  let isAway = false;
  const client = open({
    context: { customerId: 'c-1', targetingKey: 'u-1' },
    fetch: (...request) => (isAway ? Promise.reject(new TypeError('away')) : fetch(...request)),
  });
  const act = async (action, body = {}) => {
    const { status, text } = await server.asAdmin(`/api/admin/rollout/${action}`, { body: { featureName: 'gradual', ...body } });
    assert.equal(status, 200, text);
    const { version } = JSON.parse(text);
    // An isolate may answer from the version before, for a moment.
    while (Number(client.version.split('.')[1]) < version) await client.refresh();
  };
  await client.ready();
  for (const flagKey of ['gradual', 'off']) client.get(flagKey, false);
  const heard = [];
  on(client, 'rolledBack', ({ flagKey }) => heard.push(flagKey));
  await act('create', { whitelistedCustomers: ['c-1'], start: true });
  assert.deepEqual([client.isEnabled('gradual'), heard], [true, []]);
  await act('rollback', { reason: 'it fails' });
  assert.deepEqual([client.isEnabled('gradual'), heard], [false, ['gradual']]);
  const { reason, layer, rolledBack } = client.inspect('gradual');
  assert.deepEqual({ reason, layer, rolledBack }, { reason: 'DISABLED', layer: 'kill', rolledBack: true });
  assert.equal(client.inspect('off').rolledBack, undefined);

  // Answers that became stale are confirmed by a later version, which changed another flag.
  isAway = true;
  await client.setContext({ customerId: 'c-2' });
  const killed = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'pro', action: 'kill', reason: 'a test' } });
  assert.equal(killed.status, 200, killed.text);
  const other = open({});
  await other.ready();
  while (Number(other.version.split('.')[1]) < killed.json().version) await other.refresh();
  other.close();
  isAway = false;
  const before = client.version;
  await client.setContext({ customerId: 'c-3' });
  assert.notEqual(client.version, before);
  await client.setContext({ customerId: 'c-1', targetingKey: 'u-1' });
  assert.deepEqual(heard, ['gradual']);
  const revived = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'pro', action: 'revive', reason: 'a test' } });
  assert.equal(revived.status, 200, revived.text);

  const late = [];
  on(client, 'rolledBack', ({ flagKey }) => late.push(flagKey));
  const changed = [];
  on(client, 'change', ({ flagKeys }) => changed.push(...flagKeys.filter(flagKey => flagKey === 'gradual')));
  /** Answers become stale and are confirmed; a context that is none has no answers for a moment. */
  const flip = async () => {
    isAway = true;
    await client.setContext({ customerId: 'c-2' });
    isAway = false;
    await client.setContext(null);
    await client.setContext({ customerId: 'c-1', targetingKey: 'u-1' });
    await client.refresh();
  };
  await flip();
  assert.ok(changed.length >= 2, 'the details of the flag did change');
  assert.deepEqual([heard, late], [['gradual'], []]);
  await act('create', { whitelistedCustomers: ['c-1'], start: true });
  await act('rollback', { reason: 'it fails again' });
  await flip();
  assert.deepEqual([heard, late], [['gradual', 'gradual'], ['gradual']]);
  client.close();
});

test('an exposure is an event, once for a unit and a variant, and inspecting is none', async () => {
  const client = open({ context: { customerId: 'c-1', sessionId: 's-1', plan: 'pro' }, outcomes: outcomes() });
  await client.ready();
  const heard = [];
  on(client, 'exposure', ({ flagKey, unit, details }) => heard.push([flagKey, unit, details.variant]));
  client.inspect('pro');
  report(client);
  await Promise.resolve();
  assert.deepEqual(heard, []);
  client.get('pro', false);
  client.get('pro', false);
  await Promise.resolve();
  assert.deepEqual(heard, [['pro', 's-1', 'on']]);
  client.close();
});

test('a report names flags, variants and the failure, and neither key, visitor nor values', async () => {
  const client = open({ context: { customerId: 'c-secret', plan: 'pro' } });
  assert.deepEqual([client.flagKeys(), report(client).flags], [[], {}]);
  await client.ready();
  assert.deepEqual(client.flagKeys().sort(), Object.keys(DOCUMENT.flags).sort());
  const { status, version, flags, error } = report(client);
  assert.deepEqual([status, version, error], ['ready', client.version, undefined]);
  assert.deepEqual(flags.pro, { variant: 'on', reason: 'TARGETING_MATCH', layer: 'rule' });
  assert.deepEqual(flags.halved, { reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' }, 'of an error no variant');
  const text = JSON.stringify(report(client));
  for (const secret of ['c-secret', server.clientKey, 'Pay']) assert.ok(!text.includes(secret), secret);
  client.close();
  assert.equal(report(client).error, 'Error: the client is closed');
});

test('a developer forces variants, and production does not', async t => {
  const before = process.env.NODE_ENV;
  t.after(() => {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  });
  process.env.NODE_ENV = 'development';
  const client = open({ context: { customerId: 'c-1' } });
  await client.ready();
  const heard = [];
  client.subscribe('words', () => heard.push(client.getValue('words', {}).label));
  const later = { label: 'Pay later' };
  assert.equal(client.override('words', 'later'), false);
  assert.equal(client.override('words', 'later', later), true);
  assert.deepEqual(client.get('words', {}), { value: later, variant: 'later', reason: 'STATIC' });
  assert.equal(client.get('words', 'a text').errorCode, 'TYPE_MISMATCH');
  client.override('words');
  assert.deepEqual(heard, ['Pay later', 'Pay']);
  client.override('pro', 'on');
  assert.equal(client.isEnabled('pro'), true);
  client.override('pro', 'off');
  assert.equal(client.isEnabled('pro'), false);
  client.close();
  assert.deepEqual([client.override('pro', 'on'), client.isEnabled('pro')], [false, false], 'a closed client');

  const early = open({ context: { customerId: 'c-1' }, lazy: true });
  assert.deepEqual([early.override('pro', 'on'), early.isEnabled('pro'), early.status], [true, true, 'pending'], 'without a program');
  await early.ready();
  assert.deepEqual([early.isEnabled('pro'), early.getValue('words', {}).label], [true, 'Pay']);
  early.override('pro');
  assert.equal(early.isEnabled('pro'), false);
  early.close();
  const first = bootstrap({ flags: { pro: { value: false, variant: 'off', reason: 'DEFAULT' } } });
  const rendered = open({ context: { customerId: 'c-1' }, lazy: true, bootstrap: first });
  assert.deepEqual([rendered.override('pro', 'on'), rendered.isEnabled('pro')], [true, true], 'beside a bootstrap');
  rendered.close();
  const off = open({ enabled: false });
  assert.deepEqual([off.override('pro', 'on'), off.isEnabled('pro')], [false, false], 'while flags are switched off');
  off.close();
  process.env.NODE_ENV = 'production';
  const visitor = open({ context: { customerId: 'c-1' } });
  await visitor.ready();
  assert.deepEqual([visitor.override('pro', 'on'), visitor.isEnabled('pro')], [false, false]);
  visitor.close();
});

test('ready resolves within 3 s though the edge does not answer, and needs no more than an answer if it does', async t => {
  const held = new Set();
  const silent = createServer((_, response) => held.add(response)).listen(0, '127.0.0.1');
  await new Promise(resolve => silent.once('listening', resolve));
  t.after(() => {
    for (const response of held) response.destroy();
    silent.close();
  });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const client = createClient({ url: `http://127.0.0.1:${silent.address().port}`, clientKey: 'k', refresh: false, timeout: 86_400_000 });
  let isReady = false;
  const ready = client.ready().then(() => {
    isReady = true;
  });
  t.mock.timers.tick(2_999);
  await new Promise(resolve => setImmediate(resolve));
  assert.equal(isReady, false);
  t.mock.timers.tick(1);
  await ready;
  assert.equal(client.status, 'pending');
  client.close();
});

test('a logger receives each failed request', async () => {
  const lines = [];
  const client = open({ fetch: () => Promise.reject(new TypeError('no network')), logger: { warn: line => lines.push(line) } });
  await client.ready();
  assert.deepEqual(lines, ['no network']);
  client.close();
});

test('a visitor who logs in keeps what the session has drawn', async () => {
  const drawn = new Set();
  for (const sessionId of Array.from({ length: 40 }, (_, index) => `session-${index}`)) {
    const client = open({ context: { sessionId } });
    await client.ready();
    const anonymous = client.get('halved', false);
    drawn.add(anonymous.value);
    await client.setContext({ sessionId, userId: `user of ${sessionId}`, customerId: 'c-1', plan: 'pro' });
    assert.equal(client.status, 'ready');
    assert.deepEqual(client.get('halved', false), anonymous);
    client.close();
  }
  assert.equal(drawn.size, 2, 'the sessions draw both sides');
});

test('declared keys and types compile, and misspelt ones do not', async t => {
  const folder = await mkdtemp(join(NPM, 'client/.typed-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // In the form that `twinflag types` writes.
  const declared = `export interface Flags {
    readonly "pro": boolean;
    readonly "words": { readonly "label": "Pay" } | { readonly "label": "Pay now" };
  }`;
  await writeFile(join(folder, 'flags.ts'), declared);
  const program = line => `
    import { createClient, type TypedFlagClient } from '../dist/types/entry/node.js';
    import type { Flags } from './flags.js';
    const flags: TypedFlagClient<Flags> = createClient({ url: '', clientKey: '' });
    ${line}`;
  const lines = [
    ["flags.isEnabled('pro');", true],
    ["flags.getValue('words', { label: 'Pay' }).label satisfies 'Pay' | 'Pay now';", true],
    ["flags.isEnabled('prO');", false],
    ["flags.isEnabled('words');", false],
    ["flags.getValue('words', { label: 'Buy' });", false],
    ["flags.get('pro', 'text');", false],
    ["flags.override('other', 'on');", false],
  ];
  for (const [index, [line]] of lines.entries()) await writeFile(join(folder, `line-${index}.ts`), program(line));
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
  const { stdout } = await run(
    join(NPM, 'node_modules/.bin/tsc'),
    [...options, ...lines.map((_, index) => join(folder, `line-${index}.ts`))],
    {
      cwd: folder,
    },
  ).catch(failure => failure);
  const refused = new Set([...stdout.matchAll(/line-(\d+)\.ts/g)].map(([, index]) => Number(index)));
  assert.deepEqual(
    lines.map((_, index) => !refused.has(index)),
    lines.map(([, compiles]) => compiles),
    stdout,
  );
});
