// After a restore through one isolate, another isolate serves the restored document too, whatever version it had.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { startOn } from './workerd.mjs';

/** An isolate asks the hub within ten seconds; this allows for a busy machine. */
const PATIENCE_MS = 60_000;
const KEY = '000102030405060708090a0b0c0d0e0f';
const TWO = { headers: { 'test-isolate': 'two' } };
const document = (word, own = word) => ({
  schema: 'twinflag/1',
  bucketKey: KEY,
  flags: { word: { type: 'string', variants: { all: word, own }, on: 'all', off: 'all' } },
  overrides: { customers: { 'c-1': { word: 'own' } } },
});

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await startOn({ config: new URL('workers/two.capnp', import.meta.url), data: folder.path });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const get = (path, options) => server.asAdmin(path, { method: 'GET', ...options });
async function put(word) {
  const answer = await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document(word, `own ${word}`) });
  assert.equal(answer.status, 200, answer.text);
}
async function restored(lines) {
  const { head } = (await get('/api/admin/changes/verify')).json();
  const answer = await server.asAdmin(`/api/admin/restore?replace=${head}`, {
    body: lines,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

/** An isolate's answers without a customer and for the customer with an override, and the version that it names. */
async function says(isolate, minVersion) {
  const evaluations = [{ flag: 'word' }, { flag: 'word', context: { customerId: 'c-1' } }];
  const answer = await server.asServer('/v1/evaluate', { body: { evaluations, ...(minVersion && { minVersion }) }, ...isolate });
  assert.equal(answer.status, 200, answer.text);
  const [all, own] = answer.json().results;
  return { all: all.value, own: own.value, stale: Boolean(all.stale || own.stale), version: answer.headers.get('twinflag-version') };
}

const backup = async () => (await get('/api/admin/backup')).text;

// `changes` is the number of changes after the hub was put back to the version before the backup's. By them, the number of the restored
// version equals the one that the second isolate has, or is lower or higher.
for (const [where, changes, sign] of [
  ['the same number', 1, 0],
  ['a lower number', 3, -1],
  ['a higher number', 0, 1],
]) {
  test(`an isolate serves a restored hub whose version has ${where}`, async () => {
    await put(`${where}: before`);
    const earlier = await backup();
    await put(where);
    const later = await backup();
    await restored(earlier);
    for (let change = 0; change < changes; change++) await put(`${where}: change ${change}`);
    const held = await says(TWO, (await says({})).version);
    assert.deepEqual([held.all, held.stale], [changes ? `${where}: change ${changes - 1}` : `${where}: before`, false]);
    const [heldEpoch, heldNumber] = held.version.split('.');

    const { epoch, version: number } = await restored(later);
    assert.deepEqual([epoch === heldEpoch, Math.sign(number - heldNumber)], [false, sign]);
    const version = `${epoch}.${number}`,
      expected = { all: where, own: `own ${where}`, stale: false, version };
    assert.deepEqual(await says({}), expected);
    for (const started = Date.now(); ; ) {
      const answer = await says(TWO);
      // Until it asks the hub, the second isolate may answer as before.
      if (answer.version === version) break;
      assert.ok(Date.now() - started < PATIENCE_MS, `still ${JSON.stringify(answer)}`);
    }
    assert.deepEqual(await says(TWO), expected);

    // An entity tag from before the restore does not match, even if its number is the same.
    const again = await server.asServer('/v1/ruleset', {
      method: 'GET',
      headers: { 'test-isolate': 'two', 'if-none-match': `"${heldEpoch}.${number}"` },
    });
    assert.deepEqual([again.status, again.json().epoch, again.json().version], [200, epoch, number]);
    const late = await server.asAdmin('/api/admin/document', {
      method: 'PUT',
      body: document('late'),
      headers: { 'if-match': `"${heldEpoch}.${number}"` },
    });
    assert.deepEqual([late.status, late.headers.get('etag')], [412, `"${version}"`]);
  });
}

test('an isolate asks the hub before it answers if the request names a version of the restored hub', async () => {
  await put('before');
  const saved = await backup();
  await put('after');
  // Without a version that the requests name: an isolate asks for named ones at most once a second.
  for (const end = Date.now() + PATIENCE_MS; (await says(TWO)).all !== 'after'; )
    assert.ok(Date.now() < end, 'the second isolate never asked');
  const { epoch, version } = await restored(saved);
  const answer = await says(TWO, `${epoch}.${version}`);
  assert.deepEqual(answer, { all: 'before', own: 'own before', stale: false, version: `${epoch}.${version}` });
});
