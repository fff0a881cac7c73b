// What was acknowledged is there after SIGKILL, once, and nothing is in force that the audit trail does not tell.
//
// SOAK_KILLS, SOAK_SEED and SOAK_WRITERS choose others: `cargo xtask soak --kills 1000`.
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { runSql, WITHOUT_TRIGGERS } from '../edge/store-sql.mjs';
import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { soak, start } from './soak.mjs';

const KILLS = Number(process.env.SOAK_KILLS ?? extent({ usual: 12, all: 40 }));
const SEED = Number(process.env.SOAK_SEED ?? 1);
const WRITERS = Number(process.env.SOAK_WRITERS ?? 4);

let folder;
let ledger;
before(async () => {
  folder = await dataFolder();
});
after(() => folder.remove());

test(`${KILLS} kills under ${WRITERS} writers, from seed ${SEED}`, { timeout: 180_000 + KILLS * 10_000 }, async t => {
  const soaked = await soak({ data: folder.path, kills: KILLS, seed: SEED, writers: WRITERS, tell: line => t.diagnostic(line) });
  ledger = soaked.ledger;
  const { answered, refused, replayed, faults } = ledger;
  const count = kind => faults.filter(fault => fault.kind === kind).length;
  t.diagnostic(
    `${KILLS} kills, ${soaked.inFlight} requests in flight, ${answered} answered, ${refused} of them refused, ${replayed} replayed`,
  );
  t.diagnostic(
    `${ledger.sequence} records, ${ledger.records} of them acknowledged: ${count('lost')} lost, ${count('mismatch')} mismatches, ${count('twice')} twice`,
  );
  assert.deepEqual(faults, []);
  assert.ok(
    soaked.inFlight >= KILLS && answered >= 4 * KILLS && replayed >= KILLS / 10 && ledger.records >= 2 * KILLS,
    'hardly anything was tried',
  );
});

test('all of it, read again from the first record', async () => {
  assert.deepEqual(await faultsOf(folder.path), []);
  const verified = await during(folder.path, server => server.asAdmin('/api/admin/changes/verify?full=true&wait=20', { method: 'GET' }));
  assert.deepEqual(verified.json(), {
    head: ledger.head,
    provedFrom: 1,
    records: ledger.sequence,
    state: 'done',
    valid: true,
    verifiedFrom: 1,
  });
});

const row = (kind, name) => `(kind, name, version) = (SELECT kind, name, version FROM newest WHERE kind = '${kind}' AND name ${name})`;
const MUTANTS = [
  ['a record deleted', 'lost', ({ sequence }) => [['DELETE FROM feature_flag_changes WHERE sequence = ?', sequence]]],
  [
    'a record altered',
    'lost',
    ({ sequence }) => [["UPDATE feature_flag_changes SET payload = replace(payload, 'operator', 'somebody') WHERE sequence = ?", sequence]],
  ],
  [
    'the newest record deleted',
    'mismatch',
    () => [['DELETE FROM feature_flag_changes WHERE sequence = (SELECT max(sequence) FROM feature_flag_changes)']],
  ],
  ['a state altered', 'mismatch', () => [[`UPDATE history SET text = '{"enabled":false}' WHERE ${row('state', "= 'filler.1'")}`]]],
  ['a definition altered', 'mismatch', () => [[`UPDATE history SET text = '{}' WHERE ${row('flag', "= 'theme'")}`]]],
  ['an override taken away', 'mismatch', () => [["DELETE FROM paged_rows WHERE kind = 'customer' AND name = 'c-0'"]]],
  [
    'a customer in another organization',
    'mismatch',
    () => [[`UPDATE paged_rows SET text = '"o-9"' WHERE kind = 'membership' AND name = 'c-0'`]],
  ],
];

for (const [what, kind, statements] of MUTANTS) {
  test(`is noticed: ${what}`, async () => {
    const faults = await copied(async data => {
      await during(data, async server => {
        await server.asAdmin('/api/admin/overrides', { body: { customerId: 'c-0', flags: { plain: true }, reason: 'something to alter' } });
        await server.asAdmin('/api/admin/customers', { body: { customerId: 'c-0', organizationId: 'o-0' } });
      });
      const answer = await runSql(data, ...WITHOUT_TRIGGERS, ...statements(ledger.someRecord()));
      assert.equal(answer.error, undefined);
      return faultsOf(data);
    });
    assert.ok(
      faults.some(fault => fault.kind === kind),
      `nothing of this kind in ${JSON.stringify(faults)}`,
    );
  });
}

test('is noticed: a request carried out again', async () => {
  const faults = await copied(async data => {
    const switched = (server, to) =>
      server.asAdmin('/api/admin/feature-flags', {
        headers: { 'idempotency-key': to },
        body: { featureName: 'plain', customerId: 'c-0', enabled: to === 'on', reason: to },
      });
    await during(data, async server => {
      for (const to of ['off', 'on', 'off again', 'on']) await switched(server, to);
    });
    assert.deepEqual(await faultsOf(data), []);
    await runSql(data, ['DELETE FROM idempotency']);
    await during(data, server => switched(server, 'on'));
    return faultsOf(data);
  });
  assert.ok(faults.some(fault => fault.kind === 'twice'));
});

/** What is found to be wrong with a store by whoever knows what was acknowledged. */
const faultsOf = data => during(data, server => ledger.again().check(server));

/** What `use` answers of a worker on this store. */
async function during(data, use) {
  const server = await start(data);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** What `use` answers of a copy of the store. */
async function copied(use) {
  const copy = await dataFolder();
  try {
    await cp(folder.path, copy.path, { recursive: true });
    return await use(copy.path);
  } finally {
    await copy.remove();
  }
}
