// The store over time: migrations from an earlier release, and survival of a SIGKILL.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';
import { spawnOn, startOn } from './workerd.mjs';

const KEY = '000102030405060708090a0b0c0d0e0f';
const document = (flags, more) => ({ schema: 'twinflag/1', bucketKey: KEY, flags, ...more });

/** Runs `use` with today's worker on a folder that `fill` prepared. */
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

const exported = server => server.asAdmin('/api/admin/document', { method: 'GET' });

test('the documents of a store with the old schema are served and exported at their version', async () => {
  const last = document(
    { kept: { default: 'on', description: 'x'.repeat(1_200_000) }, bad: 7, killed: { enabled: false } },
    { environment: 'test', overrides: { customers: { 'c-1': { kept: false } } } },
  );
  const documents = [
    { version: 1, text: JSON.stringify(document({ gone: {} })) },
    { version: 2, text: JSON.stringify(last) },
  ];
  await handedOver(
    data => fillOld(data, { bucketKey: 'f'.repeat(32), documents }),
    async server => {
      const answer = await exported(server);
      assert.deepEqual(answer.json(), last);
      assert.match(answer.headers.get('etag'), /^"[0-9a-f]{12}[.]2"$/);
      const [plain, own, killed] = await server.evaluate(
        { flag: 'kept' },
        { flag: 'kept', context: { customerId: 'c-1' } },
        { flag: 'killed' },
      );
      assert.deepEqual([plain.value, own.value, killed.reason], [true, false, 'DISABLED']);
      const next = (await server.asAdmin('/api/admin/document', { method: 'PUT', body: document({ killed: { default: 'on' } }) })).json();
      assert.deepEqual([next.version, next.kept], [3, [{ pointer: '/flags/killed/enabled' }]]);
    },
  );
});

test('the bucket key of an old store gives the same buckets after the migration', async () => {
  const drawn = { flags: { drawn: { unit: 'userId', rollout: { status: 'active', percentage: 50 } } } };
  const questions = Array.from({ length: 64 }, (_, index) => ({ flag: 'drawn', context: { userId: `u-${index}` } }));
  let expected;
  await handedOver(
    async () => {},
    async server => {
      await server.asAdmin('/api/admin/document?state=replace', {
        method: 'PUT',
        body: { schema: 'twinflag/1', bucketKey: 'f'.repeat(32), ...drawn },
      });
      expected = await server.evaluate(...questions);
    },
  );
  assert.equal(new Set(expected.map(({ value }) => value)).size, 2);
  const documents = [
    { version: 1, text: JSON.stringify(document({})) },
    { version: 2, text: JSON.stringify({ schema: 'twinflag/1', ...drawn }) },
  ];
  await handedOver(
    data => fillOld(data, { bucketKey: 'f'.repeat(32), documents }),
    async server => {
      assert.deepEqual(await server.evaluate(...questions), expected);
    },
  );
});

test("an empty store with the old schema imports the deployment's first document", async () => {
  await handedOver(
    data => fillOld(data, { bucketKey: 'f'.repeat(32), documents: [] }),
    async server => {
      assert.deepEqual((await exported(server)).json(), document({ fromTheStart: {} }));
    },
  );
});

/** The bytes that the hub has written since its store's last checkpoint. */
async function written(data) {
  const folder = join(data, 'store', 'twinflag-hub');
  const logs = (await readdir(folder)).filter(name => name.endsWith('-wal'));
  const sizes = await Promise.all(
    logs.map(name =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return Math.max(0, ...sizes);
}

test('a migration that SIGKILL interrupts is completed at the next start', async t => {
  const VERSIONS = 12,
    CUSTOMERS = 4_000;
  const customers = version =>
    Object.fromEntries(Array.from({ length: CUSTOMERS }, (_, index) => [`c-${index}`, { a: (index + version) % 2 === 0 }]));
  const at = version => document({ a: { default: 'off' } }, { overrides: { customers: customers(version) } });
  const documents = Array.from({ length: VERSIONS }, (_, index) => ({ version: index + 1, text: JSON.stringify(at(index + 1)) }));
  const folder = await dataFolder();
  try {
    await fillOld(folder.path, { bucketKey: KEY, documents });
    const config = new URL('workers/sql.capnp', import.meta.url);
    const before = await written(folder.path),
      cuts = [];
    for (const bytes of [1, 1_000_000, 4_000_000]) {
      const server = await spawnOn({ config, data: folder.path });
      let answered;
      // The first request starts the migration.
      const asking = (async () => {
        while (answered === undefined && !server.isOver())
          answered = await fetch(`${server.url}/health`).then(
            ({ status }) => status,
            () => undefined,
          );
      })();
      while (answered === undefined && (await written(folder.path)) < before + bytes) assert.equal(server.isOver(), false, server.said());
      cuts.push(answered === undefined);
      await server.stop();
      await asking;
    }
    t.diagnostic(`cut off before it answered: ${cuts.join(', ')}`);
    assert.ok(cuts.some(Boolean), 'the migration is never cut off');
    const server = await startOn({ config, data: folder.path });
    try {
      const answer = await exported(server);
      assert.deepEqual(answer.json(), at(VERSIONS));
      const { versions } = (await server.asAdmin('/api/admin/versions', { method: 'GET' })).json();
      assert.deepEqual(
        versions.map(({ version }) => version),
        documents.map(({ version }) => version).reverse(),
      );
      let verdict;
      do verdict = (await server.asAdmin('/api/admin/changes/verify?wait=20', { method: 'GET' })).json();
      while (verdict.state === 'running');
      assert.equal(verdict.valid, true);
    } finally {
      await server.stop();
    }
  } finally {
    await folder.remove();
  }
});

test('an acknowledged import is complete after SIGKILL, with its overrides', async () => {
  const folder = await dataFolder();
  let server;
  try {
    for (let round = 0; round < 4; round++) {
      server = await startServer({ data: folder.path, document: document({ first: {} }) });
      const customers = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`c-${index}`, { a: index % (round + 2) === 0 }]));
      const given = document({ a: {}, [`round${round}`]: { default: 'on' } }, { overrides: { customers } });
      const written = await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: given });
      await server.stop();
      server = await startServer({ data: folder.path });
      const answer = await exported(server);
      assert.equal(answer.headers.get('etag'), written.headers.get('etag'));
      assert.deepEqual(answer.json(), given);
      assert.deepEqual((await server.evaluate({ flag: 'a', context: { customerId: `c-${round + 2}` } }))[0].value, true);
      await server.stop();
    }
  } finally {
    await server?.stop();
    await folder.remove();
  }
});
