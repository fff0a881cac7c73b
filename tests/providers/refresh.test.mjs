// Public OFREP providers stay fresh by entity tags and by polling, wait as long as `Retry-After` says, and say why they have no answer.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { ServerProviderStatus } from '@openfeature/server-sdk';
import { ClientProviderEvents, ClientProviderStatus } from '@openfeature/web-sdk';

import { ownServer } from '../own-server.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { DOCUMENT } from './flags.mjs';
import { closeAll, openServer, openWeb, pick, recorder } from './providers.mjs';

const server = ownServer({ document: DOCUMENT });
/** A server that answers three requests with a client key a minute. */
let greedy;
const ends = [];
/** A server that ends with this file, or before. */
async function started(options) {
  const folder = await dataFolder();
  const own = await startServer({ data: folder.path, document: DOCUMENT, ...options });
  ends.push(async () => {
    await own.stop();
    await folder.remove();
  });
  return own;
}
before(async () => {
  greedy = await started({ rateLimits: 'client=3' });
});
after(async () => {
  await closeAll();
  for (const end of ends) await end();
});

const event = (client, name) => new Promise(resolve => client.addHandler(name, resolve));

test('the provider for pages sends the entity tag, and keeps its answers after a 304', async () => {
  const { requests, statuses, fetchImplementation } = recorder();
  const web = await openWeb(server, { fetchImplementation }, { targetingKey: 'u-1' });
  // The provider drops its tag with another targeting key only.
  await web.setContext({ targetingKey: 'u-1', note: 'no flag asks for this' });
  assert.deepEqual(statuses(), [200, 304]);
  assert.match(requests[1].headers.get('if-none-match'), /^"[0-9a-f]{32}"$/);
  assert.equal(web.client.getStringValue('text', 'none'), 'béta "2" 😀');
  await web.setContext({ targetingKey: 'u-1', userId: 'ada' });
  assert.deepEqual([statuses(), web.client.getBooleanValue('staff', false)], [[200, 304, 200], true]);
});

test('a provider for pages that polls learns of a kill, and of nothing else', async () => {
  const { statuses, fetchImplementation } = recorder();
  const web = await openWeb(server, { fetchImplementation, pollInterval: 50 });
  assert.equal(web.client.getBooleanValue('on', false), true);
  const changed = event(web.client, ClientProviderEvents.ConfigurationChanged);
  const kill = { featureName: 'on', action: 'kill', reason: 'it burns' };
  assert.equal((await server.asAdmin('/api/admin/feature-flags', { body: kill })).status, 200);
  assert.deepEqual((await changed).flagsChanged, ['on']);
  assert.deepEqual(pick(web.client.getBooleanDetails('on', true), { value: 0, reason: 0 }), { value: false, reason: 'DISABLED' });
  // Of the polls, the one after the kill alone had something to tell; another may still be under way.
  const polled = statuses()
    .slice(1)
    .filter(status => status !== undefined);
  assert.deepEqual(
    polled.filter(status => status !== 304),
    [200],
  );
  await server.asAdmin('/api/admin/feature-flags', { body: { ...kill, action: 'revive' } });
});

test('the provider for pages sends no request before the moment that Retry-After names, and keeps its answers', async () => {
  const { statuses, fetchImplementation } = recorder();
  const web = await openWeb(greedy, { fetchImplementation, pollInterval: 20 }, { targetingKey: 'u-1', userId: 'ada' });
  const stale = event(web.client, ClientProviderEvents.Stale);
  await stale;
  assert.equal(statuses().at(-1), 429);
  const sent = statuses().length;
  await web.setContext({ targetingKey: 'u-2' });
  assert.equal(statuses().length, sent);
  assert.equal(web.client.getBooleanValue('staff', false), true);
});

test('the provider for servers sends no request before the moment that Retry-After names', async () => {
  const own = await started({ rateLimits: 'client=3' });
  const { statuses, fetchImplementation } = recorder();
  const provider = await openServer(own, { fetchImplementation });
  const answers = [];
  for (let asked = 0; asked < 5; asked++) answers.push(await provider.ask({ flag: 'on', fallback: false }));
  assert.deepEqual(statuses(), [200, 200, 200, 429]);
  assert.deepEqual(
    answers.map(({ value, errorCode }) => [value, errorCode]),
    [...Array(3).fill([true, undefined]), ...Array(2).fill([false, 'GENERAL'])],
  );
  assert.match(answers[4].errorMessage, /TooManyRequests until/);
});

test('a wrong key is fatal for the provider for pages, and an error of each evaluation for the one for servers', async () => {
  const wrong = { ...server, clientKey: `${server.clientKey}0` };
  await assert.rejects(openWeb(wrong), { code: 'PROVIDER_FATAL' });
  const { client, ask } = await openServer(wrong);
  assert.equal(client.providerStatus, ServerProviderStatus.READY);
  assert.deepEqual(pick(await ask({ flag: 'on', fallback: false }), { value: 0, errorCode: 0 }), { value: false, errorCode: 'GENERAL' });
});

test('a context that the edge refuses is an error with its code for servers, and leaves a page its earlier answers', async () => {
  const refused = { targetingKey: 'u-\u0000' };
  const { ask } = await openServer(server);
  const { value, errorCode, errorMessage } = await ask({ flag: 'on', fallback: false, context: refused });
  assert.deepEqual([value, errorCode], [false, 'INVALID_CONTEXT']);
  assert.match(errorMessage, /U\+0000/);
  const web = await openWeb(server, {}, { userId: 'ada' });
  const failed = event(web.client, ClientProviderEvents.Error);
  await web.setContext(refused);
  assert.match((await failed).message, /400/);
  assert.equal(web.client.getBooleanValue('staff', false), true);
});

test('a context over the limit is an error for servers', async () => {
  const { ask } = await openServer(server);
  const { value, errorCode } = await ask({ flag: 'on', fallback: false, context: { note: 'x'.repeat(300_000) } });
  assert.deepEqual([value, errorCode], [false, 'GENERAL']);
});

test('without the edge a page keeps its answers and hears that they are stale; a server gets its own defaults', async () => {
  const own = await started();
  const web = await openWeb(own, { pollInterval: 50 });
  const { ask } = await openServer(own);
  assert.equal((await ask({ flag: 'on', fallback: false })).value, true);
  const stale = event(web.client, ClientProviderEvents.Stale);
  await own.stop();
  await stale;
  assert.deepEqual([web.client.getBooleanValue('on', false), web.client.providerStatus], [true, ClientProviderStatus.STALE]);
  const { value, errorCode } = await ask({ flag: 'on', fallback: false });
  assert.deepEqual([value, errorCode], [false, 'GENERAL']);
});

test('a page of another origin may send each header that the provider sends, and read each that it reads', async () => {
  const { requests, fetchImplementation } = recorder();
  const web = await openWeb(server, { fetchImplementation }, { targetingKey: 'u-1' });
  await web.setContext({ targetingKey: 'u-1', note: 'again, with the entity tag' });
  const sent = [...requests[1].headers.keys()].sort();
  assert.ok(sent.includes('if-none-match') && sent.includes('authorization'), sent.join());
  const preflight = await server.request('/ofrep/v1/evaluate/flags', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://shop.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': sent.join(','),
    },
  });
  const allowed = preflight.headers.get('access-control-allow-headers').toLowerCase().split(/, */);
  for (const name of sent) assert.ok(allowed.includes(name), name);

  const answer = await server.asClient('/ofrep/v1/evaluate/flags', { body: { context: {} }, headers: { origin: 'https://shop.example' } });
  const readable = ['content-type', ...answer.headers.get('access-control-expose-headers').split(', ')];
  const { resolve } = createRequire(import.meta.url);
  const provider = resolve('@openfeature/ofrep-web-provider');
  const sources = await Promise.all(
    [provider, createRequire(provider).resolve('@openfeature/ofrep-core')].map(file => readFile(file, 'utf8')),
  );
  const read = [...sources.join().matchAll(/headers\.(?:get|has)\((['"])(.*?)\1\)/g)].map(([, , name]) => name.toLowerCase());
  assert.deepEqual([...new Set(read)].sort(), ['content-type', 'etag', 'retry-after']);
  for (const name of read) assert.ok(readable.includes(name), name);
});
