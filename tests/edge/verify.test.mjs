// A long audit trail is verified in slices: it outlives a crash, holds nothing else up, and is not verified twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { fillTrail } from './long-trail.mjs';
import { startWithSql } from './store-sql.mjs';

let folder, server, count;
before(async () => {
  folder = await dataFolder();
  server = await startWithSql(folder.path);
  count = await fillTrail(server, 6_000, 150);
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

async function verify(query = '') {
  const answer = await server.asAdmin(`/api/admin/changes/verify${query}`, { method: 'GET' });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

async function verifyToEnd(query) {
  for (;;) {
    const found = await verify(query);
    if (found.state === 'done') return found;
  }
}

const kill = () => server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'f0', action: 'kill', reason: 'it is down' } });

test('a verification goes on where a SIGKILL interrupted it', async () => {
  let last = 0;
  for (let times = 0; times < 12; times++) {
    const { state, records, of, valid } = await verify('?wait=0');
    assert.deepEqual([state, of, valid], ['running', count, undefined]);
    // One slice: at most 500 records.
    assert.ok(records >= last && records <= last + 500, `${records} after ${last}`);
    last = records;
    if (times === 7) {
      await server.stop();
      server = await startWithSql(folder.path);
    }
  }
  assert.ok(last > 0, 'no slice ended within a version');
  const { valid, records, provedFrom, verifiedFrom } = await verifyToEnd();
  assert.deepEqual([valid, records, provedFrom, verifiedFrom], [true, count, 1, 1]);
});

test('a command is carried out between two slices, and two requests share one verification', async () => {
  const [found, other, killed] = await Promise.all([verifyToEnd('?full=true'), verifyToEnd('?full=true'), kill()]);
  assert.equal(killed.status, 200, killed.text);
  assert.deepEqual([found.valid, found.verifiedFrom, other.valid, other.verifiedFrom], [true, 1, true, 1]);
  count += killed.json().changes.length;
});

test('only newer records are verified again, until a full verification finds an older edit', async () => {
  const { valid, records } = await verifyToEnd();
  assert.deepEqual([valid, records], [true, count]);
  const again = await verify();
  assert.deepEqual([again.state, again.valid, again.verifiedFrom], ['done', true, count + 1]);
  const edit = text => server.sql(["UPDATE history SET text = ? WHERE kind = 'flag' AND name = 'f7' AND version = 2", text]);
  const [{ text }] = await server.sql(["SELECT text FROM history WHERE kind = 'flag' AND name = 'f7' AND version = 2"]);
  await edit('{}');
  assert.equal((await verify()).valid, true);
  const broken = await verifyToEnd('?full=true');
  assert.match(broken.broken, /rows of version 2/);
  // After a fault nothing that was found before is relied upon.
  assert.match((await verifyToEnd()).broken, /rows of version 2/);
  await edit(text);
  const mended = await verifyToEnd();
  assert.deepEqual([mended.valid, mended.verifiedFrom, mended.provedFrom], [true, 1, 1]);
});

test('a wrong parameter is refused', async () => {
  for (const query of ['?wait=21', '?wait=-1', '?wait=a', '?full=1', '?since=1']) {
    const answer = await server.asAdmin(`/api/admin/changes/verify${query}`, { method: 'GET' });
    assert.deepEqual([answer.status, answer.type, answer.json().code], [400, 'application/problem+json', 'PARSE_ERROR'], query);
  }
});
