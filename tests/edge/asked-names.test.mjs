// Names that evaluations ask for and that no flag has: operators read them, of each environment its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { until } from './reported.mjs';
import { hostWorker } from './workerd.mjs';

const document = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { checkout: { aliases: ['pay'] }, hidden: { tags: ['team'] } },
});

let folder, server, tagged;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document });
  tagged = await made('/api/admin/keys', { kind: 'client', label: 'shop', tags: ['shop'], origins: [], reason: 'a test' });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

async function made(path, body, method = 'POST') {
  const answer = await server.asAdmin(path, { body, method });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

const ask = (flag, token = server.clientKey) => server.request(`/ofrep/v1/evaluate/flags/${flag}`, { token, body: { context: {} } });
const batch = (flags, token = server.serverKey) =>
  server.request('/v1/evaluate', { token, body: { evaluations: flags.map(flag => ({ flag })) } });
const listed = async (environment = '') => {
  const query = environment && `?environment=${environment}`;
  const answer = await server.asAdmin(`/api/admin/unknown-flags${query}`, { method: 'GET' });
  return Object.fromEntries(answer.json().unknownFlags.map(({ name, asked, outcomes }) => [name, [asked, outcomes]]));
};
/** Asks for a flag that there is until the isolate has asked its hub, which then has the names, and they are as expected. */
const handedOver = (expected, environment) =>
  until(
    async () => {
      await ask('checkout');
      return listed(environment);
    },
    found => JSON.stringify(found) === JSON.stringify(expected),
  );

test('operators read which names evaluations asked for, and how often', async () => {
  for (const flag of ['chekout', 'chekout', 'pay', 'checkout']) await ask(flag);
  assert.equal((await batch(['gone', 'chekout', 'checkout'])).status, 200);
  // A flag that the key does not show is no unknown one, and these can be no flag's name.
  assert.equal((await ask('hidden', tagged.key)).status, 404);
  for (const name of ['a%20b', 'a%2Cb%3A3', '%C3%BC', '__proto__', 'n'.repeat(129)]) assert.equal((await ask(name)).status, 404, name);
  await handedOver({ chekout: [3, 0], gone: [1, 0] });
  const { unknownFlags } = (await server.asAdmin('/api/admin/stats', { method: 'GET' })).json();
  assert.deepEqual((await server.asAdmin('/api/admin/unknown-flags', { method: 'GET' })).json(), { unknownFlags });
  for (const { lastAt } of unknownFlags) assert.ok(Math.abs(Date.parse(lastAt) - Date.now()) < 60_000, lastAt);
});

test('a name that a flag has got since is listed no more', async () => {
  const now = JSON.parse(document);
  now.flags.gone = {};
  await made('/api/admin/document', now, 'PUT');
  await handedOver({ chekout: [3, 0] });
});

test('each environment has its own', async () => {
  await made('/api/admin/environments', { name: 'staging', reason: 'a test' });
  const { key } = await made('/api/admin/keys?environment=staging', { kind: 'server', label: 'staging', reason: 'a test' });
  await made(
    '/api/admin/document?environment=staging&reason=first',
    { schema: 'twinflag/1', environment: 'staging', flags: { there: {} } },
    'PUT',
  );
  assert.equal((await batch(['elsewhere', 'there'], key)).status, 200);
  await until(
    async () => {
      await batch(['there'], key);
      return listed('staging');
    },
    found => JSON.stringify(found) === JSON.stringify({ elsewhere: [1, 0] }),
  );
  assert.deepEqual(await listed(), { chekout: [3, 0] });
});

test('a caller who makes up names fills no list', async () => {
  for (let from = 0; from < 3_000; from += 1_000) {
    const names = Array.from({ length: 1_000 }, (_, number) => `made-up-${from + number}`);
    assert.equal((await batch(names)).status, 200);
    await until(
      async () => {
        await ask('checkout');
        return Object.keys(await listed()).filter(name => Number(name.split('-')[2]) >= from);
      },
      found => found.length > 0,
    );
  }
  assert.ok(Object.keys(await listed()).length <= 50);
});
