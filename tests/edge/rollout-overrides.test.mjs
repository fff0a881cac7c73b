// Overrides that `system` sets because a rollout reached their owner: they go with the rollback, and return with its revert.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createFeatureFlagManager } from '../../npm/edge/dist/entry/manager.js';
import { dataFolder } from '../server.mjs';
import { hostWorker } from './workerd.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { 'sessionPersistence.phase2.enhancedStorage': { unit: 'customerId', aliases: ['storage'] }, other: { unit: 'customerId' } },
};
const FLAG = 'sessionPersistence.phase2.enhancedStorage';

let folder, server, manager;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path });
  await ask('PUT', 'document?reason=first', DOCUMENT);
  manager = createFeatureFlagManager({ url: server.url, token: server.adminToken });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

async function ask(method, path, body, status = 200) {
  const answer = await server.asAdmin(`/api/admin/${path}`, { method, body });
  assert.equal(answer.status, status, answer.text);
  return answer.json();
}

/** The value of the flag for a customer, as a server is answered. */
async function value(customerId) {
  const [result] = await server.evaluate({ flag: FLAG, context: { customerId } });
  return result.value;
}

const enhanced = flag => ({ sessionPersistence: { phase2: { enhancedStorage: flag } } });
const stored = async () => (await ask('GET', 'overrides?kind=customers')).owners;

test('a rollback removes what system set for the rollout, with a record each, and its revert brings that back', async () => {
  await ask('POST', 'rollout/create', { featureName: 'storage', percentage: 0, start: true, reason: 'the pilot' });
  // The call of the source documents: the rollout has reached these customers.
  for (const id of ['c-1', 'c-2']) await manager.setCustomerFlags(id, enhanced(true), 'system', 'Automatic rollout');
  await manager.setCustomerFlags('c-3', enhanced(true), undefined, 'they asked for it');
  await ask('POST', 'feature-flags', { featureName: 'other', enabled: true, customerId: 'c-2', changedBy: 'system', reason: 'x' });
  const tag = (await server.asAdmin('/api/admin/document', { method: 'GET' })).headers.get('etag');
  await manager.setCustomerFlags('c-4', enhanced(true), 'system', 'Automatic rollout');
  const again = await server.asAdmin('/api/admin/document?reason=again', { method: 'PUT', body: DOCUMENT, headers: { 'if-match': tag } });
  assert.equal(again.status, 200, `an override of a rollout changes no version of definitions: ${again.text}`);
  assert.deepEqual(await stored(), ['c-1', 'c-2', 'c-3', 'c-4']);

  const back = await ask('POST', 'rollout/rollback', { featureName: 'storage', reason: 'orders are lost' });
  const [, ...removed] = back.changes;
  assert.deepEqual(
    removed.map(({ action, customerId, flagPath, version, reason }) => [action, customerId, flagPath, version - back.version, reason]),
    ['c-1', 'c-2', 'c-4'].map(id => ['override.remove', id, FLAG, 0, 'orders are lost']),
  );
  assert.match(back.notes.join(' '), /3 overrides that system had set for the rollout were removed/);
  assert.deepEqual(await stored(), ['c-2', 'c-3']);
  assert.deepEqual((await ask('GET', 'overrides?customerId=c-2')).flags, { other: true });
  for (const id of ['c-1', 'c-3']) assert.equal(await value(id), false);
  // The rollout might have been rolled back while a program asked about it.
  await assert.rejects(manager.setCustomerFlags('c-5', enhanced(true), 'system', 'Automatic rollout'), { status: 409 });

  await ask('POST', `changes/${back.changes[0].id}/revert`, { reason: 'it was the network' });
  assert.deepEqual(await stored(), ['c-1', 'c-2', 'c-3', 'c-4']);
  for (const id of ['c-1', 'c-3']) assert.equal(await value(id), true);
  // They still belong to the rollout. A second attempt begins without them.
  await ask('POST', 'rollout/rollback', { featureName: 'storage', reason: 'it was not' });
  await ask('POST', 'rollout/create', { featureName: 'storage', percentage: 0, start: true, reason: 'again' });
  assert.deepEqual([await value('c-1'), await value('c-3')], [false, true]);
  assert.equal((await ask('GET', 'changes/verify?wait=20')).valid, true);
});
