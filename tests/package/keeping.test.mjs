// The commands of the packed package that keep a deployment: keys, environments and backups.
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { ownCommands } from './commands.mjs';
import { ask } from './own.mjs';

const own = ownCommands();
const { command, exported, json, lines, notes, refusal } = own;
const inFolder = name => join(own.twinflag.folder, name);

/** The status of a question that a key asks. */
const asked = async (key, flag = 'newCheckout') =>
  (await ask(`${own.server.url}/ofrep/v1/evaluate/flags/${flag}`, { key, method: 'POST', body: { context: {} } })).status;
const flags = async () => Object.keys((await exported()).flags);

test('a key is shown once, opens the edge, is rotated with an overlap, and opens nothing once it is revoked', async () => {
  const [key] = await lines('key', 'create', '--kind', 'server', '--label', 'orders', '--expires', '30d');
  assert.match(key, /^tf_server_/);
  assert.notEqual(await asked(key), 401);
  assert.deepEqual(
    await notes('key', 'create', '--kind', 'client', '--label', 'page', '--origins', 'https://a.example,https://b.example'),
    ['note: this is the only time that the key is shown'],
  );
  const [, ...rows] = await lines('key', 'list');
  const row = rows.find(each => each.startsWith('orders ')).split(/ {2,}/);
  assert.equal(row[1], 'server');
  assert.ok(key.endsWith(row[2].slice(-4)) && !row[2].includes(key), row[2]);
  assert.match(row[3], /^until \d{4}-\d\d-\d\d$/);
  assert.match(
    rows.find(each => each.startsWith('page ')),
    /https:\/\/a\.example, https:\/\/b\.example/,
  );

  const [next] = await lines('key', 'rotate', 'orders', '--overlap', '1h');
  assert.notEqual(next, key);
  for (const each of [key, next]) assert.notEqual(await asked(each), 401);
  // Both have the label now.
  assert.deepEqual(await refusal('key', 'revoke', 'orders', '--yes'), [
    'error: 2 valid keys have the label "orders"',
    'hint: name the key by its id: `twinflag key list`',
  ]);
  for (const { id } of (await json('key', 'list')).keys.filter(({ label }) => label === 'orders')) {
    assert.match((await refusal('key', 'revoke', id))[0], /^error: not done: revoke the server key orders, /);
    await lines('key', 'revoke', id, '--yes', '--reason', 'moved');
  }
  for (const each of [key, next]) assert.equal(await asked(each), 401);
  assert.deepEqual(await refusal('key', 'revoke', 'orders', '--yes'), [
    'error: no valid key has the label or the id "orders"',
    'hint: `twinflag key list` shows them',
  ]);
});

test('a key for signed identities is printed with its secret, and no key is signed and of one customer', async () => {
  const [key, secret, ...more] = await lines('key', 'create', '--kind', 'client', '--label', 'signed', '--signed');
  assert.match(key, /^tf_client_/);
  assert.ok(secret.length >= 32 && more.length === 0, secret);
  await lines('key', 'create', '--kind', 'client', '--label', 'plans', '--signed', '--signed-attributes', 'plan,email');
  const alone = await command('key', 'create', '--kind', 'client', '--label', 'alone', '--signed-attributes', 'plan');
  assert.deepEqual([alone.code, alone.err.includes('hint: add --signed')], [64, true]);
  const { code } = await command('key', 'create', '--kind', 'client', '--label', 'both', '--signed', '--customer', 'c');
  assert.equal(code, 64);
  const { keys } = await json('key', 'list');
  assert.deepEqual(
    keys.filter(({ label }) => ['signed', 'both'].includes(label)).map(({ identity }) => identity.kind),
    ['signed'],
  );
  assert.deepEqual(keys.find(({ label }) => label === 'plans').identity, { attributes: ['plan', 'email'], kind: 'signed' });
});

test('a flag is copied to another environment after the difference was shown, and arrives there switched off', async () => {
  await lines('create', 'copied', '--description', 'a');
  await lines('environment', 'create', 'qa', '--reason', 'the testers need one');
  const first = (await json('environment', 'list')).environments.find(each => each.default).name;
  const copy = (...more) => ['environment', 'copy', 'copied', '--from', first, '--to', 'qa', ...more];
  const shown = ['added    /flags/copied', 'a flag that is new there arrives switched off'];
  assert.deepEqual(await lines(...copy('--dry-run')), shown);
  const unasked = await command(...copy());
  assert.deepEqual([unasked.code, unasked.out.trimEnd().split('\n')], [1, shown]);
  assert.match(unasked.err, new RegExp(`^error: not done: copy this from ${first} to qa\\?\\nhint: confirm with --yes\\n$`));
  assert.deepEqual((await lines(...copy('--yes'))).slice(0, 2), shown);
  const there = async () =>
    (await json('show', 'copied', '--environment', 'qa')).features?.[0] ?? (await json('list', '--environment', 'qa')).features[0];
  assert.equal((await there()).enabled, false);
  await lines('apply', await changed('copied', { description: 'b' }), '--yes');
  assert.deepEqual(await lines(...copy('--dry-run')), ['changed  /flags/copied', '         description: "a" → "b"']);
  assert.match((await refusal('environment', 'copy', 'nope', '--from', first, '--to', 'qa'))[0], /nope/);
  assert.equal((await command('environment', 'copy', '--from', first, '--to', 'qa')).code, 64);

  assert.match((await refusal('environment', 'close', 'qa'))[0], /^error: not done: close the environment qa/);
  await lines('environment', 'close', 'qa', '--yes');
  assert.notEqual((await command('list', '--environment', 'qa')).code, 0);
  await lines('environment', 'create', 'qa');
  assert.equal((await json('list', '--environment', 'qa')).features[0].flagPath, 'copied');
  await lines('environment', 'close', 'qa', '--yes');
  assert.deepEqual(
    (await json('environment', 'list')).environments.map(({ name }) => name),
    [first],
  );
});

async function changed(flag, members) {
  const document = await exported();
  Object.assign(document.flags[flag], members);
  await own.twinflag.write('changed.json', JSON.stringify(document));
  return inFolder('changed.json');
}

test('a backup is whole and for its owner alone, and puts back what was there', async () => {
  const file = inFolder('backup.ndjson');
  const [told] = await lines('backup', 'create', '--output', file);
  const text = await readFile(file, 'utf8');
  assert.equal(told, `${file}: ${text.trimEnd().split('\n').length - 2} lines, whole`);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await refusal('backup', 'create', '--output', file), [
    `error: ${file} is there already`,
    'hint: choose another name, or write over it with --force',
  ]);
  const before = await flags();
  await lines('create', 'afterwards');
  const restore = ['backup', 'restore', file, '--reason', 'a test'];
  assert.match(
    (await refusal(...restore))[0],
    /^error: not done: put the first environment of \S+ back to \S+, so that its \d+ changes count no more\?$/,
  );
  assert.equal((await flags()).includes('afterwards'), true);
  assert.match((await lines(...restore, '--yes'))[0], /^restored \d+ lines: \d+ records \(version \d+\)$/);
  assert.deepEqual(await flags(), before);
  assert.match((await lines('verify', '--full'))[0], /^valid: /);
  assert.equal((await command('backup', 'restore', file, '--yes')).code, 64);
});

test('a backup that is not whole is told before anything is sent', async () => {
  const text = await readFile(inFolder('backup.ndjson'), 'utf8');
  const count = async () => (await json('log', '--limit', '1')).changes[0].sequence;
  const before = await count();
  const rows = text.trimEnd().split('\n');
  for (const bad of [
    '',
    '{',
    // A line that does not end takes no memory.
    'x'.repeat(5_000_000),
    text.slice(0, -20),
    text.replace(/"/, "'"),
    rows.slice(0, -1).join('\n'),
    `${text}{}\n`,
    [...rows.slice(1), ''].join('\n'),
  ]) {
    await writeFile(inFolder('bad.ndjson'), bad);
    const [first] = await refusal('backup', 'restore', inFolder('bad.ndjson'), '--reason', 'r', '--yes');
    assert.match(first, /bad\.ndjson is no whole backup: /);
  }
  assert.match((await refusal('backup', 'restore', inFolder('none'), '--reason', 'r', '--yes'))[0], /^error: cannot read the backup /);
  assert.equal(await count(), before);
});
