// The example for Express, copied and run from the packed packages: a new side that throws in a fifth of the requests is rolled back by itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { featureOf, startRollout, until } from '../edge/reported.mjs';
import { outputOf } from '../output.mjs';
import { ownServer } from '../own-server.mjs';
import { spawnTied } from '../tied.mjs';
import { copyExample } from './copied.mjs';

const server = ownServer({
  document: { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: { new_pricing: { unit: 'customerId' } } },
});
/** Enough for the guard, which wants 20 errors or more: a fifth of these throws. */
const REQUESTS = 200;

let project, shop, url;
before(async () => {
  project = await copyExample('express');
});
after(async () => {
  shop?.kill('SIGKILL');
  await project?.remove();
});

const ask = async (product, session, customer = 'c-1') => {
  const response = await fetch(`${url}/delivery/${product}`, { headers: { 'x-session': session, 'x-customer': customer } });
  assert.equal(response.status, 200);
  return response.json();
};

test('a route that throws in a fifth of its requests answers all of them, and is rolled back by its one line', async () => {
  await startRollout(server, { flag: 'new_pricing' });
  shop = spawnTied('node', ['server.js'], {
    cwd: project.folder,
    env: { ...process.env, TWINFLAG_URL: server.url, TWINFLAG_SERVER_KEY: server.serverKey, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = outputOf(shop);
  const port = await until(
    () => /listening on (\d+)/.exec(output.said())?.[1],
    found => found !== undefined,
  );
  url = `http://127.0.0.1:${port}`;

  const answers = [];
  for (let index = 0; index < REQUESTS; index++) answers.push(await ask(index % 10, `s-${index}`));
  // The prices by hand: of ten products, those with the ids 4 and 9 have no weight, and the old side prices them by zone.
  const byWeight = id => ({ cents: 300 + 50 * (id + 1), by: 'weight' });
  const expected = [0, 1, 2, 3].map(byWeight).concat({ cents: 600, by: 'zone' }, [5, 6, 7, 8].map(byWeight), { cents: 500, by: 'zone' });
  assert.deepEqual(answers.slice(0, 10), expected);
  assert.equal(answers.filter(({ by }) => by === 'zone').length, REQUESTS / 5);

  await until(
    () => featureOf(server, 'new_pricing'),
    ({ status }) => status === 'rolled_back',
  );
  const { changes } = (await server.asAdmin('/api/admin/changes?action=rollout.rollback', { method: 'GET' })).json();
  assert.deepEqual(
    changes.map(({ changedBy, flagPath }) => [changedBy, flagPath]),
    [['system', 'new_pricing']],
  );
  assert.equal((await fetch(`${url}/delivery/10`)).status, 404);
  assert.equal(shop.exitCode, null, output.said());
});
