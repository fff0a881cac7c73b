// A server's flags follow the worker: kills, overrides and restores arrive with the next refresh.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { open, until } from './client.mjs';
import { DOCUMENT } from './document.mjs';

const server = ownServer({ document: DOCUMENT });
const act = (featureName, action) => server.asAdmin('/api/admin/feature-flags', { body: { featureName, action, reason: 'a test' } });

test('a kill arrives with the refresh of the interval', async () => {
  const flags = await open(server, { refreshMs: 1000 });
  assert.equal(await flags.isEnabled('plain'), true);
  const killed = until(flags, () => flags.peek('plain', true).reason === 'DISABLED');
  assert.equal((await act('plain', 'kill')).status, 200);
  await killed;
  assert.equal(await flags.isEnabled('plain'), false);
  await act('plain', 'revive');
});

test('an override of a known customer arrives with a refresh, without the document', async () => {
  const answers = [];
  const flags = await open(server, {
    refreshMs: 0,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      answers.push([new URL(url).pathname, response.status]);
      return response;
    },
  });
  const context = { customerId: 'fresh-1' };
  assert.equal(await flags.isEnabled('gift', context), false);
  const { version } = flags;
  await server.asAdmin('/api/admin/overrides', { body: { customerId: 'fresh-1', flags: { gift: true }, reason: 'a test' } });
  await flags.refresh();
  assert.notEqual(flags.version, version);
  assert.equal(flags.peek('gift', false, context).value, true);
  assert.deepEqual(answers, [
    ['/v1/ruleset', 200],
    ['/v1/overrides', 200],
    ['/v1/ruleset', 204],
    ['/v1/overrides', 200],
  ]);
});

test('many refreshes at the same time are one request', async () => {
  let requests = 0;
  const flags = await open(server, {
    refreshMs: 0,
    fetch: (url, init) => {
      requests++;
      return fetch(url, init);
    },
  });
  await Promise.all(Array.from({ length: 100 }, () => flags.refresh()));
  assert.equal(requests, 2);
});

test('a restored store is taken over once, with the overrides of its own', async () => {
  const backup = (await server.asAdmin('/api/admin/backup', { method: 'GET' })).text;
  await server.asAdmin('/api/admin/overrides', { body: { customerId: 'lost', flags: { gift: true }, reason: 'a test' } });
  const seen = [];
  let stored;
  const flags = await open(server, {
    refreshMs: 0,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      seen.push(new URL(url).pathname);
      // The answer of an isolate that has not heard of the restore yet.
      if (stored && new URL(url).pathname === '/v1/ruleset') return stored;
      return response;
    },
  });
  const context = { customerId: 'lost' };
  assert.equal(await flags.isEnabled('gift', context), true);
  const before = await server.asServer('/v1/ruleset?overrides=false', { method: 'GET' });
  const { head } = (await server.asAdmin('/api/admin/changes/verify', { method: 'GET' })).json();
  const answer = await server.asAdmin(`/api/admin/restore?replace=${head}`, {
    body: backup,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  assert.equal(answer.status, 200, answer.text);
  const { epoch, version } = answer.json();
  await flags.refresh();
  assert.equal(flags.version, `${epoch}.${version}`);
  assert.equal(flags.peek('gift', true, context).value, false);
  assert.deepEqual(flags.errors, []);

  stored = new Response(before.text, { status: 200 });
  await flags.refresh();
  assert.equal(flags.version, `${epoch}.${version}`);
  assert.deepEqual(
    flags.errors.map(({ code }) => code),
    ['ANSWER_OUTDATED'],
  );
  stored = undefined;
  seen.length = 0;
  await flags.refresh();
  assert.deepEqual([flags.status, seen], ['ready', ['/v1/ruleset']]);
});
