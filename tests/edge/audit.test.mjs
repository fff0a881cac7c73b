// The audit trail cannot be altered unnoticed: the store refuses changes, and verification finds those made without its triggers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { recordsBehind } from '../soak/trail.mjs';
import { fillTrail } from './long-trail.mjs';
import { random } from './malformed/random.mjs';
import { startWithSql, WITHOUT_TRIGGERS } from './store-sql.mjs';

const RECORDS = extent({ usual: 10_000, all: 100_000 });
const FLIPS = 9;
/** A long limit, for machines that run other work too. */
const PATIENCE = { timeout: 600_000 };

let folder, server, count;
before(async () => {
  folder = await dataFolder();
  server = await startWithSql(folder.path);
  count = await fillTrail(server, RECORDS);
}, PATIENCE);
after(async () => {
  await server?.stop();
  await folder?.remove();
});

/** Verifies everything, in as many requests as it takes. */
async function verify() {
  for (;;) {
    const found = (await server.asAdmin('/api/admin/changes/verify?full=true&wait=20', { method: 'GET' })).json();
    if (found.state === 'done') return found;
  }
}

const row = sequence => server.sql(['SELECT * FROM feature_flag_changes WHERE sequence = ?', sequence]);

test('the store refuses to alter, delete or replace a record of the audit trail', async () => {
  const [before] = await row(7);
  const all =
    '(sequence, version, payload, payload_hash, rows_hash, hash) SELECT sequence, version, payload, payload_hash, rows_hash, hash FROM feature_flag_changes WHERE sequence = 7';
  for (const statement of [
    "UPDATE feature_flag_changes SET payload = '{}' WHERE sequence = 7",
    'UPDATE feature_flag_changes SET version = version + 1',
    'UPDATE feature_flag_changes SET hash = payload_hash WHERE sequence = 7',
    'UPDATE feature_flag_changes SET payload_hash = hash WHERE sequence = 7',
    'UPDATE feature_flag_changes SET rows_hash = NULL WHERE sequence = 7',
    'UPDATE feature_flag_changes SET sequence = -7 WHERE sequence = 7',
    'UPDATE OR REPLACE feature_flag_changes SET sequence = 8 WHERE sequence = 7',
    'DELETE FROM feature_flag_changes',
    'DELETE FROM feature_flag_changes WHERE sequence = 7',
    `INSERT INTO feature_flag_changes ${all}`,
    `REPLACE INTO feature_flag_changes ${all}`,
    `INSERT OR REPLACE INTO feature_flag_changes ${all}`,
    `INSERT INTO feature_flag_changes ${all} ON CONFLICT DO UPDATE SET payload = '{}'`,
  ]) {
    const { error } = await server.sql([statement]);
    assert.match(error, /a record of the audit trail is not (altered|deleted|replaced)/, statement);
  }
  assert.deepEqual(await row(7), [before]);
});

test(`verification names the record in which one byte was changed, among ${RECORDS}`, PATIENCE, async t => {
  const { valid, records, head } = await verify();
  assert.deepEqual([valid, records], [true, count]);
  assert.ok(records >= RECORDS);
  const r = random(1, 0);
  await server.sql(...WITHOUT_TRIGGERS);
  for (let flip = 0; flip < FLIPS; flip++) {
    const sequence = 1 + r.below(count);
    const column = ['payload', 'payload_hash', 'rows_hash', 'hash'][flip % 4];
    const [before] = await row(sequence);
    const { at, text } = flipped(r, before[column], column === 'payload');
    const put = value => server.sql([`UPDATE feature_flag_changes SET ${column} = ? WHERE sequence = ?`, value, sequence]);
    assert.deepEqual(await put(text), []);
    const found = await verify();
    assert.deepEqual([found.valid, found.records], [false, sequence - 1], `${column} of ${sequence}, byte ${at}`);
    assert.match(found.broken, new RegExp(`record ${sequence}\\b`));
    await put(before[column]);
  }
  assert.deepEqual(await verify(), { head, provedFrom: 1, records, state: 'done', valid: true, verifiedFrom: 1 });
  t.diagnostic(`${records} records, ${FLIPS} flips, each found at its record`);
});

/** The text with the lowest bit of one character flipped. A payload stays JSON, because the store's generated columns parse it. */
function flipped(r, text, isJson) {
  for (;;) {
    const at = r.below(text.length);
    const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
    try {
      if (isJson) JSON.parse(flipped);
      return { at, text: flipped };
    } catch {
      // Try another character.
    }
  }
}

test('the audit program verifies a saved trail without a server, and refuses an altered one', PATIENCE, async () => {
  const records = await recordsBehind(server, 0);
  assert.equal(records.length, count);
  const file = join(folder.path, 'trail.jsonl');
  const audit = async (lines, ...options) => {
    await writeFile(file, lines.map(line => JSON.stringify(line)).join('\n'));
    const { status, stdout, stderr } = spawnSync(process.env.TWINFLAG_AUDIT, [file, ...options], { encoding: 'utf8' });
    return [status, stdout + stderr];
  };
  const { hash } = records[99];
  const [status, said] = await audit(records.toReversed(), '--head', hash);
  assert.equal(status, 0, said);
  assert.match(
    said,
    new RegExp(
      `^${count} records hold, 0 of them erased; the trail commits to rows from record 1 on; the newest has the hash ${records.at(-1).hash}; .* record 100\n$`,
    ),
  );
  const spoilt = records.slice(0, 1_000);
  for (const [what, lines, options] of [
    ['altered', spoilt.with(500, { ...spoilt[500], changedBy: 'somebody' })],
    ['left out', spoilt.toSpliced(500, 1)],
    ['of another version', spoilt.with(500, { ...spoilt[500], version: spoilt[500].version + 1 })],
    ['cut off', spoilt.slice(0, 99), ['--head', hash]],
    ['said to be erased, and not', spoilt.with(500, { ...spoilt[500], payloadHash: hash })],
  ]) {
    const [status, said] = await audit(lines, ...(options ?? []));
    assert.equal(status, 1, `${what}: ${said}`);
  }
});
