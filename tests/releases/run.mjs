/**
 * A release and the next one, forward and back over one store, and the store of an earlier one: a line for each check.
 *
 *     node tests/releases/run.mjs now=FOLDER next=FOLDER [before=FOLDER] [--break]
 *
 * Each folder holds a built worker. With `--break` that of `now` has the faults of `edits.mjs`, and every check must fail.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { dataFolder } from '../server.mjs';
import { COUNT } from './edits.mjs';
import { on, withForms } from './workers.mjs';

const isBroken = process.argv.includes('--break');
const { now, next, before } = Object.fromEntries(
  process.argv
    .slice(2)
    .filter(word => word.includes('='))
    .map(word => word.split('=')),
);
const DOCUMENT = JSON.parse(await readFile(new URL('../../npm/examples/flags.json', import.meta.url), 'utf8'));
/** Another one, with an override of its own. */
const IMPORTED = {
  ...DOCUMENT,
  flags: { ...DOCUMENT.flags, imported: { default: 'on' } },
  overrides: { customers: { 'customer-2': { imported: false } } },
};
const PHASE = 'sessionPersistence.phase1';
/** The flag that the next release kills, and the one that this release does. */
const KILLED_BY_NEXT = `${PHASE}.parentStorage`,
  KILLED_BY_NOW = `${PHASE}.crossDomainMessaging`;
const override = autoRestore => ({ sessionPersistence: { phase1: { autoRestore } } });
const QUESTIONS = [...Object.keys(DOCUMENT.flags), 'imported'].flatMap(flag =>
  Array.from({ length: 40 }, (_, number) => ({ flag, context: { customerId: `customer-${number}`, userId: `user-${number}` } })),
);
const BESIDE = { headers: { 'test-isolate': 'beside' } };
/** Customers with an override in the store of the earlier release. */
const OWNERS = 100_000,
  BATCH = 1_000,
  TONES = 7;

/** The time in which an isolate gets the version that another one has answered from, and that between two looks, in milliseconds. */
const PATIENCE_MS = 5_000,
  LOOK_MS = 100;

const folder = await dataFolder();
const outcomes = [];

/** Runs a check, and prints a line about it. `run` may answer a remark. */
async function check(title, run) {
  let verdict = 'PASS',
    remark;
  try {
    remark = await run();
  } catch (error) {
    [verdict, remark] = ['FAIL', error.message.split('\n')[0].slice(0, 200)];
  }
  outcomes.push(verdict);
  console.log(`${verdict} ${title}${remark ? `: ${remark}` : ''}`);
}

/** An empty folder for a store, or one with a copy of a store that no worker has open. */
async function dataOf(name, other) {
  const data = join(folder.path, name);
  await mkdir(data);
  if (other) await cp(join(other, 'store'), join(data, 'store'), { recursive: true });
  return data;
}

async function done(server, path, body, options) {
  const answer = await server.asAdmin(path, { body, ...options });
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer;
}
const post = (path, body) => (server, options) => done(server, path, body, options);
const kill = featureName => post('/api/admin/feature-flags', { featureName, action: 'kill', reason: 'it is down' });
const overrideOf = (owner, autoRestore) => post('/api/admin/overrides', { ...owner, flags: override(autoRestore), reason: 'asked for' });
const importOf = document => (server, options) =>
  done(server, '/api/admin/document?state=replace', document, { method: 'PUT', ...options });
const get = async (server, path) => (await done(server, path, undefined, { method: 'GET' })).json();
async function verified(server) {
  let verdict;
  do verdict = await get(server, '/api/admin/changes/verify');
  while (verdict.state === 'running');
  assert.equal(verdict.valid, true);
}

/** The answers of an isolate, at least from a version that is named. */
async function answersOf(server, isolate = {}, minVersion = undefined) {
  const answer = await server.asServer('/v1/evaluate', { body: { evaluations: QUESTIONS, minVersion }, ...isolate });
  assert.equal(answer.status, 200, answer.text);
  return { results: answer.json().results, version: answer.headers.get('twinflag-version') };
}
/** The answers of an isolate once it has a version: it asks its hub for one that a caller names once in a second at most. */
async function answersAt(version, server, isolate) {
  for (const end = Date.now() + PATIENCE_MS; ; await pause(LOOK_MS)) {
    const said = await answersOf(server, isolate, version);
    if (said.version === version || Date.now() > end) return said;
  }
}
const resultsOf = async server => (await answersOf(server)).results;
const valuesOf = (results, flag) => results.filter((_, at) => QUESTIONS[at].flag === flag).map(({ value }) => value);

async function isHealthy(server) {
  const answer = await server.request('/health', { method: 'GET' });
  assert.deepEqual([answer.status, answer.json().status, answer.json().errors], [200, 'ok', undefined], answer.text);
}

/** The rows of the kind that this release does not know, as they lie in the store. */
const notesOf = server =>
  server.sql([
    `SELECT history.*, newest.version IS NOT NULL AS serves FROM history LEFT JOIN newest USING (kind, name, version) WHERE kind = 'note' ORDER BY name, version, part`,
  ]);

/** Every row of every table. */
async function dumpOf(data, release) {
  return on({ data, hub: release }, async server => {
    const tables = await server.sql([
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*' ORDER BY name",
    ]);
    const rows = {};
    for (const { name } of tables) rows[name] = await server.sql([`SELECT * FROM ${name}`]);
    return rows;
  });
}

async function fill(server) {
  await importOf(DOCUMENT)(server);
  for (const number of [1, 2, 3]) await overrideOf({ customerId: `customer-${number}` }, false)(server);
  await overrideOf({ organizationId: 'org-1' }, false)(server);
  await post('/api/admin/customers', { customerId: 'customer-4', organizationId: 'org-1', reason: 'joined' })(server);
  await post('/api/admin/keys', { kind: 'server', label: 'billing', reason: 'opens' })(server);
}

/** Forward and back where the next release leaves its store open to this one. Returns the store as the next release left it. */
async function roundTrip() {
  const data = await dataOf('open');
  const filled = await on({ data, hub: now }, async server => {
    await fill(server);
    return resultsOf(server);
  });
  const expected = {};
  await check('the next release answers from the store of this one as this one did', async () => {
    await on({ data, hub: next }, async server => assert.deepEqual(await resultsOf(server), filled));
  });
  await on({ data, hub: next }, async server => {
    await overrideOf({ customerId: 'customer-9' }, false)(server);
    await kill(KILLED_BY_NEXT)(server);
    Object.assign(expected, { results: await resultsOf(server), notes: await notesOf(server) });
    const { length: paged } = expected.notes.filter(({ page }) => page !== null);
    assert.deepEqual([expected.notes.length, paged], [2, 1], 'the next release writes two rows of the new kind, one of them on a page');
  });
  const left = await dataOf('left', data);
  if (isBroken) {
    // As a next release does whose store says that this one may write, and whose tables refuse a write.
    await on({ data, hub: next }, server =>
      server.sql([
        `CREATE TRIGGER later BEFORE INSERT ON history WHEN NEW.kind = 'state' AND NEW.name = '${KILLED_BY_NOW}' BEGIN SELECT RAISE(ABORT, 'no'); END`,
      ]),
    );
  }
  await check('this release answers again, from the store of the next one, as that one did', async () => {
    await on({ data, hub: now }, async server => {
      await isHealthy(server);
      assert.deepEqual(await resultsOf(server), expected.results);
    });
  });
  await check('this release kills a flag there', async () => {
    await on({ data, hub: now }, async server => {
      await kill(KILLED_BY_NOW)(server);
      assert.deepEqual(new Set(valuesOf(await resultsOf(server), KILLED_BY_NOW)), new Set([false]));
    });
  });
  await check('this release imports a document there, from which the next one answers the same', async () => {
    const imported = await on({ data, hub: now }, async server => {
      await importOf(IMPORTED)(server);
      return resultsOf(server);
    });
    assert.deepEqual(valuesOf(imported, 'imported').slice(1, 4), [true, false, true]);
    await on({ data, hub: next }, async server => assert.deepEqual(await resultsOf(server), imported));
  });
  await check('this release backs the store up, and the restored backup holds the rows of the new kind', async () => {
    const backup = await on(
      { data, hub: now },
      async server => (await done(server, '/api/admin/backup', undefined, { method: 'GET' })).text,
    );
    const lines = backup.trimEnd().split('\n'),
      { sha256 } = JSON.parse(lines.pop());
    assert.equal(
      createHash('sha256')
        .update(lines.map(line => `${line}\n`).join(''))
        .digest('hex'),
      sha256,
    );
    const restored = await dataOf('restored');
    await on({ data: restored, hub: now }, async server => {
      await done(server, '/api/admin/restore', backup, { headers: { 'content-type': 'application/x-ndjson' } });
      await verified(server);
    });
    await on({ data: restored, hub: next }, async server => assert.deepEqual(await notesOf(server), expected.notes));
  });
  await check('this release verifies the audit trail there, and so does the next one', async () => {
    for (const hub of [now, next]) await on({ data, hub }, verified);
  });
  await check('the rows of the new kind are as the next release wrote them', async () => {
    await on({ data, hub: next }, async server => assert.deepEqual(await notesOf(server), expected.notes));
  });
  return left;
}

/** The store of a next release that forbids this one to write, or to serve. */
async function closed(title, forms, isClosed) {
  const data = await dataOf(title),
    later = await withForms(next, join(data, 'worker'), forms);
  await on({ data, hub: now }, fill);
  const expected = await on({ data, hub: later }, async server => {
    await kill(KILLED_BY_NEXT)(server);
    return resultsOf(server);
  });
  const untouched = await dumpOf(data, later);
  await check(title, async () => {
    await on({ data, hub: now }, async server => {
      for (const command of [kill(KILLED_BY_NOW), overrideOf({ customerId: 'customer-1' }, true), importOf(IMPORTED)]) {
        await assert.rejects(command(server), /"LATER_STORE"/, 'a command was carried out');
      }
      await isClosed(server, expected);
    });
    assert.deepEqual(await dumpOf(data, later), untouched, 'the store is another');
    await on({ data, hub: later }, async server => {
      await verified(server);
      assert.deepEqual(await resultsOf(server), expected);
    });
  });
}

/** Isolates of two releases on one hub. */
async function besides(title, from, hub, beside) {
  const data = await dataOf(title, from);
  await check(title, async () => {
    await on({ data, hub, beside }, async server => {
      await overrideOf({ customerId: 'customer-1' }, true)(server);
      for (const [flag, isolate] of [
        [KILLED_BY_NOW, {}],
        [`${PHASE}.autoRestore`, BESIDE],
      ]) {
        // The other isolate answers from the version that this one has answered from.
        const isSame = async () => {
          const said = await answersOf(server, isolate);
          for (const other of [{}, BESIDE]) assert.deepEqual(await answersAt(said.version, server, other), said);
          return said.results;
        };
        await overrideOf({ customerId: 'customer-8' }, isolate === BESIDE)(server, isolate);
        await isSame();
        await kill(flag)(server, isolate);
        assert.deepEqual(new Set(valuesOf(await isSame(), flag)), new Set([false]));
      }
      await verified(server);
    });
  });
}

/** The store of an earlier release, with as many overrides as {@link OWNERS}. */
async function earlier() {
  const data = await dataOf('before');
  const customers = Object.fromEntries(
    Array.from({ length: OWNERS }, (_, number) => [`customer-${number}`, { tone: `tone-${number % TONES}` }]),
  );
  const names = Array.from({ length: TONES }, (_, tone) => `tone-${tone}`);
  const variants = Object.fromEntries([...names, 'none'].map(name => [name, name]));
  const document = {
    schema: 'twinflag/1',
    flags: { tone: { type: 'string', variants, on: 'none', off: 'none' } },
    overrides: { customers },
  };
  const patience = { signal: AbortSignal.timeout(300_000) };
  // In the order of pages, each of which is then read once.
  const order = await on({ data, hub: before }, async server => {
    await importOf(document)(server, patience);
    return (await server.sql(["SELECT name FROM newest WHERE kind = 'customer' ORDER BY page, name"])).map(({ name }) => name);
  });
  assert.equal(order.length, OWNERS);
  const evaluate = (server, customerIds) => server.evaluate(...customerIds.map(customerId => ({ flag: 'tone', context: { customerId } })));
  const digest = async server => {
    const hash = createHash('sha256');
    let overridden = 0;
    for (let at = 0; at < OWNERS; at += BATCH) {
      const batch = order.slice(at, at + BATCH);
      for (const [place, { value, variant, reason }] of (await evaluate(server, batch)).entries()) {
        hash.update(`${JSON.stringify([batch[place], value, variant, reason])}\n`);
        overridden += Number(value === customers[batch[place]].tone);
      }
    }
    return { overridden, digest: hash.digest('hex') };
  };
  const formOf = async server => (await server.sql(['SELECT count(*) AS form FROM migrations']))[0].form;
  const [expected, form] = await on({ data, hub: before }, async server => [await digest(server), await formOf(server)]);
  assert.equal(expected.overridden, OWNERS, 'the earlier release answers what was imported');
  await check(`all ${OWNERS} overrides in the store of an earlier release answer as before, and the trail holds`, async () => {
    const started = Date.now();
    return on({ data, hub: now }, async server => {
      await evaluate(server, order.slice(0, 1));
      const first = Date.now() - started;
      assert.deepEqual(await digest(server), expected);
      await verified(server);
      return `from ${form} migrations to ${await formOf(server)}, the first answer ${first} ms after the start`;
    });
  });
}

try {
  const left = await roundTrip();
  await closed(
    'where this release may serve and not write, it serves and changes nothing',
    { writes: COUNT + 1, serves: COUNT },
    async (server, expected) => {
      await isHealthy(server);
      assert.deepEqual(await resultsOf(server), expected);
    },
  );
  await closed(
    'where this release may not even serve, it answers 503 and changes nothing',
    { writes: COUNT + 1, serves: COUNT + 1 },
    async server => {
      const answer = await server.asServer('/v1/evaluate', { body: { evaluations: QUESTIONS } });
      assert.equal(answer.status, 503, answer.text);
      assert.equal((await server.asAdmin('/api/admin/versions', { method: 'GET' })).json().code, 'LATER_STORE');
    },
  );
  await besides('an isolate of this release answers from a hub of the next one as that one does', left, next, now);
  await besides('an isolate of the next release answers from a hub of this one as that one does', left, now, next);
  if (before) await earlier();
} finally {
  await folder.remove();
}
const { length: failed } = outcomes.filter(verdict => verdict === 'FAIL');
console.log(`${outcomes.length - failed} passed, ${failed} failed${isBroken ? '; every one should' : ''}`);
process.exitCode = failed === (isBroken ? outcomes.length : 0) ? 0 : 1;
