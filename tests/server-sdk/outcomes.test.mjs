// Exposures, errors and own events reach the worker once, also when it was away or the process ends.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { ownServer } from '../own-server.mjs';
import { codes, open } from './client.mjs';
import { DOCUMENT } from './document.mjs';

const server = ownServer({
  document: { ...DOCUMENT, flags: { ...DOCUMENT.flags, all: { rollout: { status: 'active', percentage: 100 } } } },
});
const events = async unit => {
  const answer = await server.asAdmin('/api/admin/events?limit=1000', { method: 'GET' });
  assert.equal(answer.status, 200, answer.text);
  return answer
    .json()
    .events.filter(event => event.unit === unit)
    .map(({ event }) => event);
};

test('an exposure is reported once, and an error of the side that is on answers the other side', async () => {
  const flags = await open(server, { outcomes: {} });
  const context = { userId: 'run-1' };
  for (let times = 0; times < 5; times++) assert.equal(await flags.isEnabled('all', context), true);
  const answer = await flags.run('all', context, {
    on: () => {
      throw new Error('broken');
    },
    off: () => 'old',
  });
  assert.equal(answer, 'old');
  await flags.flush();
  assert.deepEqual((await events('run-1')).sort(), ['enabled', 'error']);
});

test('outcomes wait while the worker is away, and are counted once', async () => {
  let isAway = true;
  const flags = await open(server, {
    outcomes: {},
    fetch: async (url, init) => {
      if (!url.endsWith('/v1/outcomes')) return fetch(url, init);
      const response = await fetch(url, init);
      // The worker took them, but the answer is lost.
      if (isAway) throw new TypeError('fetch failed');
      return response;
    },
  });
  flags.track({ flag: 'all', unit: 'waits', event: 'error' });
  await flags.flush();
  assert.deepEqual(codes(flags), ['UNREACHABLE']);
  isAway = false;
  await flags.flush();
  assert.deepEqual(await events('waits'), ['error']);
});

test('outcomes beyond the bound and those that cannot be written are told of', async () => {
  const flags = await open(server, { outcomes: { most: 3 } });
  for (let index = 0; index < 5; index++) flags.track({ flag: 'all', unit: `bound-${index}`, event: 'enabled' });
  flags.track({ flag: 'all', unit: 'bad', event: 'enabled', metadata: { big: 1n } });
  flags.track({ flag: 'absent', unit: 'bad', event: 'enabled' });
  await flags.flush();
  assert.deepEqual(codes(flags).sort(), ['OUTCOMES_DROPPED', 'OUTCOMES_REFUSED', 'OUTCOME_REFUSED']);
  assert.deepEqual(await events('bound-0'), []);
  assert.deepEqual(await events('bound-4'), ['enabled']);
});

test('a process that ends sends what waits', async () => {
  const script = `
    import { createServerClient } from ${JSON.stringify(new URL('../../npm/server/dist/entry/node.js', import.meta.url).href)};
    const flags = createServerClient({ url: ${JSON.stringify(server.url)}, serverKey: ${JSON.stringify(server.serverKey)} });
    await flags.isEnabled('all', { userId: 'last' });`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000 });
  assert.deepEqual(await events('last'), ['enabled']);
});
