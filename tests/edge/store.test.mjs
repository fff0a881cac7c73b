// The store over time: what an earlier release left, and what the power going leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';
import { startOn } from './workerd.mjs';

const KEY = '000102030405060708090a0b0c0d0e0f';
const document = (flags, more) => ({ schema: 'twinflag/1', bucketKey: KEY, flags, ...more });

/** A folder with what `fill` does to a worker there, for `use` of the worker of today. */
async function handedOver(fill, use) {
  const folder = await dataFolder();
  let server;
  try {
    await fill(folder.path);
    server = await startServer({ data: folder.path, document: document({ fromTheStart: {} }) });
    await use(server);
  } finally {
    await server?.stop();
    await folder.remove();
  }
}

async function fillOld(data, content) {
  const old = await startOn({ config: new URL('workers/old.capnp', import.meta.url), data });
  try {
    assert.equal((await old.request('/test/old', { body: content })).status, 200);
  } finally {
    await old.stop();
  }
}

const exported = (server) => server.asAdmin('/api/admin/document', { method: 'GET' });

test('documents of a store of the old schema are served and exported, at their version', async () => {
  const last = document(
    { kept: { default: 'on', description: 'x'.repeat(1_200_000) }, bad: 7, killed: { enabled: false } },
    { environment: 'test', overrides: { customers: { 'c-1': { kept: false } } } },
  );
  const documents = [{ version: 1, text: JSON.stringify(document({ gone: {} })) }, { version: 2, text: JSON.stringify(last) }];
  await handedOver((data) => fillOld(data, { bucketKey: 'f'.repeat(32), documents }), async (server) => {
    const answer = await exported(server);
    assert.deepEqual(answer.json(), last);
    assert.equal(answer.headers.get('etag'), '"2"');
    const [plain, own, killed] = await server.evaluate({ flag: 'kept' }, { flag: 'kept', context: { customerId: 'c-1' } }, { flag: 'killed' });
    assert.deepEqual([plain.value, own.value, killed.reason], [true, false, 'DISABLED']);
    const next = (await server.asAdmin('/api/admin/document', { method: 'PUT', body: document({ killed: { default: 'on' } }) })).json();
    assert.deepEqual([next.version, next.kept], [3, [{ pointer: '/flags/killed/enabled' }]]);
  });
});

test('the key an old store made draws as before', async () => {
  const drawn = { flags: { drawn: { unit: 'userId', rollout: { status: 'active', percentage: 50 } } } };
  const questions = Array.from({ length: 64 }, (_, index) => ({ flag: 'drawn', context: { userId: `u-${index}` } }));
  let expected;
  await handedOver(async () => {}, async (server) => {
    await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: { schema: 'twinflag/1', bucketKey: 'f'.repeat(32), ...drawn } });
    expected = await server.evaluate(...questions);
  });
  assert.equal(new Set(expected.map(({ value }) => value)).size, 2);
  const documents = [{ version: 1, text: JSON.stringify(document({})) }, { version: 2, text: JSON.stringify({ schema: 'twinflag/1', ...drawn }) }];
  await handedOver((data) => fillOld(data, { bucketKey: 'f'.repeat(32), documents }), async (server) => {
    assert.deepEqual(await server.evaluate(...questions), expected);
  });
});

test('an old store that was never filled takes what the deployment brings', async () => {
  await handedOver((data) => fillOld(data, { bucketKey: 'f'.repeat(32), documents: [] }), async (server) => {
    assert.deepEqual((await exported(server)).json(), document({ fromTheStart: {} }));
  });
});

test('what was acknowledged is there after SIGKILL, overrides and all', async () => {
  const folder = await dataFolder();
  let server;
  try {
    for (let round = 0; round < 4; round++) {
      server = await startServer({ data: folder.path, document: document({ first: {} }) });
      const customers = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`c-${index}`, { a: index % (round + 2) === 0 }]));
      const given = document({ a: {}, [`round${round}`]: { default: 'on' } }, { overrides: { customers } });
      const { version } = (await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: given })).json();
      await server.stop();
      server = await startServer({ data: folder.path });
      const answer = await exported(server);
      assert.equal(answer.headers.get('etag'), `"${version}"`);
      assert.deepEqual(answer.json(), given);
      assert.deepEqual((await server.evaluate({ flag: 'a', context: { customerId: `c-${round + 2}` } }))[0].value, true);
      await server.stop();
    }
  } finally {
    await server?.stop();
    await folder.remove();
  }
});
