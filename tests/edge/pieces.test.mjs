// A large hub is backed up and restored in pieces: each can be sent again, and nothing is lost before the last.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { runSql, startWithSql } from './store-sql.mjs';

const FLAGS = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`f${at}`, { metadata: { number: at } }]));
const DOCUMENT = { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: FLAGS };
const PIECES = '/api/admin/restore/pieces';

let folder, from, backup;
before(async () => {
  folder = await dataFolder();
  from = await startWithSql(folder.path);
  await done(from.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT }));
  for (const customerId of ['c-1', 'c-2'])
    await done(from.asAdmin('/api/admin/overrides', { body: { customerId, flags: { f1: true }, reason: 'paid' } }));
  backup = (await from.asAdmin('/api/admin/backup', { method: 'GET' })).text;
});
after(async () => {
  await from?.stop();
  await folder?.remove();
});

async function done(answer, status = 200) {
  const { status: found, text } = await answer;
  assert.equal(found, status, text);
  return JSON.parse(text);
}

const get = (server, path) => server.asAdmin(path, { method: 'GET' });
const send = (server, id, body) =>
  server.asAdmin(`${PIECES}/${id}`, { method: 'PUT', body, headers: { 'content-type': 'application/x-ndjson' } });
const begin = (server, query = '') =>
  server.asAdmin(`${PIECES}${query}`, { body: '', headers: { 'content-type': 'application/x-ndjson' } });
const refusal = answer => [answer.status, answer.type, answer.json().code];
const linesOf = text => text.trimEnd().split('\n');

/** All pieces of a backup, of about this many bytes. */
async function piecesOf(server, bytes) {
  const pieces = [];
  for (let after = 'start'; after !== null; after = JSON.parse(linesOf(pieces.at(-1)).at(-1)).next) {
    const answer = await get(server, `/api/admin/backup?after=${after}&bytes=${bytes}`);
    assert.equal(answer.status, 200, answer.text);
    pieces.push(answer.text);
  }
  return pieces;
}

/** Runs `use` with a server on a new store that has a document of its own. */
async function fresh(use) {
  const data = await dataFolder();
  const held = { server: await startWithSql(data.path), data: data.path };
  held.crash = async () => {
    await held.server.stop();
    held.server = await startWithSql(data.path);
  };
  try {
    await done(held.server.asAdmin('/api/admin/document', { method: 'PUT', body: { ...DOCUMENT, flags: { own: { default: 'on' } } } }));
    held.head = (await get(held.server, '/api/admin/changes/verify')).json().head;
    await use(held);
  } finally {
    await held.server.stop();
    await data.remove();
  }
}

async function verify(server) {
  for (;;) {
    const found = await done(get(server, '/api/admin/changes/verify?full=true&wait=20'));
    if (found.state === 'done') return found;
  }
}

const stateOf = async server => [
  (await get(server, '/api/admin/document')).text,
  await verify(server),
  (await get(server, '/api/admin/backup')).text,
];

test('the pieces of a backup are the lines of the whole one, and each names the next', async () => {
  const pieces = await piecesOf(from, 100_000);
  assert.ok(pieces.length > 5, `${pieces.length} pieces`);
  let last = '0'.repeat(64);
  for (const [index, piece] of pieces.entries()) {
    const lines = linesOf(piece);
    const sha256 = createHash('sha256')
      .update(`${lines.slice(0, -1).join('\n')}\n`)
      .digest('hex');
    const { piece: number, before, of } = JSON.parse(lines[0]);
    assert.deepEqual([number, before, of], [index + 1, last, JSON.parse(linesOf(backup)[0])]);
    const tail = JSON.parse(lines.at(-1));
    assert.deepEqual([tail.lines, tail.sha256], [lines.length - 2, sha256]);
    // The slice that reaches the end has at most a quarter of a megabyte of texts.
    assert.ok(piece.length < 100_000 + 2 * 262_144, `piece ${number} has ${piece.length} bytes`);
    last = sha256;
  }
  assert.deepEqual(
    pieces.flatMap(piece => linesOf(piece).slice(1, -1)),
    linesOf(backup).slice(1, -1),
  );
});

test('a piece that is asked for again is the same, whatever was written meanwhile', async () => {
  const [first] = await piecesOf(from, 100_000);
  const { next } = JSON.parse(linesOf(first).at(-1));
  const second = (await get(from, `/api/admin/backup?after=${next}&bytes=100000`)).text;
  await done(from.asAdmin('/api/admin/overrides', { body: { customerId: 'c-3', flags: { f1: true }, reason: 'paid' } }));
  assert.equal((await get(from, `/api/admin/backup?after=${next}&bytes=100000`)).text, second);
  backup = (await get(from, '/api/admin/backup')).text;
  for (const query of ['after=', 'after=begin', `after=${next}.1`, 'after=start&bytes=999', 'after=start&bytes=16000001', 'bytes=5000']) {
    assert.deepEqual(refusal(await get(from, `/api/admin/backup?${query}`)), [400, 'application/problem+json', 'PARSE_ERROR'], query);
  }
  const other = next.split('.').with(1, '0123456789ab').join('.');
  assert.deepEqual(refusal(await get(from, `/api/admin/backup?after=${other}`)), [409, 'application/problem+json', 'OTHER_EPOCH']);
});

test('a hub that was restored in pieces is that of the backup, also if it crashes between them', async () => {
  const pieces = await piecesOf(from, 100_000);
  await fresh(async held => {
    assert.deepEqual(refusal(await begin(held.server)), [409, 'application/problem+json', 'NOT_EMPTY']);
    const { id, next } = await done(begin(held.server, `?replace=${held.head}`), 202);
    assert.equal(next, 1);
    for (const [index, piece] of pieces.slice(0, -1).entries()) {
      assert.equal((await done(send(held.server, id, piece), 202)).next, index + 2);
      // Its answer may have been lost.
      assert.equal((await done(send(held.server, id, piece), 202)).next, index + 2);
      if (index === 2) await held.crash();
      assert.equal((await done(get(held.server, PIECES))).id, id);
      assert.deepEqual(refusal(await get(held.server, '/api/admin/versions')).toSpliced(1, 1), [503, 'RESTORING']);
    }
    const restored = await done(send(held.server, id, pieces.at(-1)));
    assert.equal(restored.success, true);
    assert.deepEqual(await stateOf(held.server), await stateOf(from));
    assert.equal((await get(held.server, PIECES)).status, 404);
    await held.crash();
    assert.deepEqual(await stateOf(held.server), await stateOf(from));
    await done(held.server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'f2', action: 'kill', reason: 'broken' } }));
    const { head } = await verify(held.server);
    // The whole file still restores in one request.
    const whole = held.server.asAdmin(`/api/admin/restore?replace=${head}`, {
      body: backup,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    await done(whole);
    assert.deepEqual(await stateOf(held.server), await stateOf(from));
  });
});

test('a piece that a crash interrupted goes on where it was', async t => {
  const [piece] = await piecesOf(from, 16_000_000);
  await fresh(async held => {
    const { id, until } = await done(begin(held.server, `?replace=${held.head}`), 202);
    const sent = send(held.server, id, piece).catch(() => undefined);
    // Each slice moves the end of the waiting time.
    while ((await done(get(held.server, PIECES))).until === until);
    await held.crash();
    await sent;
    const [{ state }] = await held.server.sql(['SELECT state FROM restoring_state']);
    const [, lines] = JSON.parse(state).part;
    t.diagnostic(`SIGKILL after ${lines} of ${linesOf(piece).length} lines`);
    assert.ok(lines > 0 && lines < linesOf(piece).length - 2);
    await done(send(held.server, id, piece));
    assert.deepEqual(await stateOf(held.server), await stateOf(from));
  });
});

test('a wrong piece changes nothing, and an aborted restore leaves the hub as it was', async () => {
  const pieces = await piecesOf(from, 100_000);
  const others = await piecesOf(from, 50_000);
  await fresh(async held => {
    const before = await stateOf(held.server);
    const { id } = await done(begin(held.server, `?replace=${held.head}`), 202);
    assert.deepEqual(refusal(await begin(held.server, `?replace=${held.head}`)), [409, 'application/problem+json', 'RESTORE_IN_PROGRESS']);
    await done(send(held.server, id, pieces[0]), 202);
    const state = async () => (await held.server.sql(['SELECT * FROM restoring_state']))[0].state;
    const taken = await state();
    const sealed = lines => {
      const text = `${lines.join('\n')}\n`;
      return `${text}${JSON.stringify({ lines: lines.length - 1, sha256: createHash('sha256').update(text).digest('hex'), next: null })}\n`;
    };
    const lines = linesOf(pieces[1]);
    const bad = {
      nothing: ['', 400, 'PARSE_ERROR'],
      'no piece': [backup, 400, 'PARSE_ERROR'],
      'cut short': [pieces[1].slice(0, -20), 400, 'PARSE_ERROR'],
      'without a line': [`${lines.toSpliced(5, 1).join('\n')}\n`, 400, 'PARSE_ERROR'],
      'a line altered': [pieces[1].replace('"number', '"numbed'), 400, 'PARSE_ERROR'],
      'something behind it': [`${pieces[1]}{}\n`, 400, 'PARSE_ERROR'],
      'the next but one': [pieces[2], 409, 'OTHER_PIECE'],
      'one of other pieces': [others[1], 409, 'OTHER_PIECE'],
      'another first one': [others[0], 409, 'OTHER_PIECE'],
      'one of another backup': [sealed([lines[0].replace('"records":', '"records":1'), ...lines.slice(1, -1)]), 409, 'OTHER_PIECE'],
    };
    for (const [what, [body, status, code]] of Object.entries(bad)) {
      const answer = await send(held.server, id, body);
      assert.deepEqual(refusal(answer), [status, 'application/problem+json', code], `${what}: ${answer.text}`);
      assert.equal(await state(), taken, what);
    }
    assert.deepEqual(refusal(await send(held.server, '00000000-0000-4000-8000-000000000000', pieces[1])).toSpliced(1, 1), [
      404,
      'RESTORE_NOT_FOUND',
    ]);
    await done(held.server.asAdmin(`${PIECES}/${id}`, { method: 'DELETE' }));
    assert.deepEqual(await stateOf(held.server), before);
    assert.deepEqual(refusal(await send(held.server, id, pieces[1])).toSpliced(1, 1), [404, 'RESTORE_NOT_FOUND']);
    // Lines that contradict each other end the restore.
    const again = await done(begin(held.server, `?replace=${held.head}`), 202);
    const [head, row, ...rest] = linesOf(pieces[0]);
    const answer = await send(held.server, again.id, sealed([head, row, row, ...rest.slice(0, -1)]));
    assert.deepEqual(refusal(answer), [400, 'application/problem+json', 'PARSE_ERROR'], answer.text);
    assert.deepEqual(await stateOf(held.server), before);
  });
});

test('what isolates hold is answered during a restore, and a forgotten restore ends', async () => {
  const [piece] = await piecesOf(from, 100_000);
  await fresh(async held => {
    const before = await stateOf(held.server);
    const value = async () => (await held.server.evaluate({ flag: 'own', context: {} }))[0].value;
    assert.equal(await value(), true);
    const { id } = await done(begin(held.server, `?replace=${held.head}`), 202);
    await done(send(held.server, id, piece), 202);
    assert.equal(await value(), true);
    assert.equal((await get(held.server, '/health')).json().stale, false);
    await held.server.stop();
    await runSql(held.data, ["UPDATE restoring_state SET state = json_set(state, '$.until', 0)"]);
    held.server = await startWithSql(held.data);
    assert.deepEqual(await stateOf(held.server), before);
    assert.equal((await get(held.server, PIECES)).status, 404);
  });
});

test('a payload of the trail is erased, and the chain holds', async () => {
  await fresh(async ({ server }) => {
    const body = { customerId: 'acme', flags: { own: false }, reason: 'Ms Smith of Acme asked' };
    const [{ id, sequence }] = (await done(server.asAdmin('/api/admin/overrides', { body }))).changes;
    const erase = (of, query, headers) => server.asAdmin(`/api/admin/changes/${of}/payload${query}`, { method: 'DELETE', headers });
    assert.deepEqual(refusal(await erase(id, '')), [400, 'application/problem+json', 'PARSE_ERROR']);
    assert.deepEqual(refusal(await erase('none', '?reason=r')), [404, 'application/problem+json', 'CHANGE_NOT_FOUND']);
    const key = { 'idempotency-key': 'once' };
    const erased = await done(erase(id, '?reason=she%20asked', key));
    assert.equal(erased.erased, sequence);
    assert.deepEqual(await done(erase(id, '?reason=she%20asked', key)), erased);
    const { changes } = await done(get(server, '/api/admin/changes?limit=2'));
    assert.deepEqual(
      [changes[0].action, changes[0].erases, changes[0].reason, changes[0].changedBy, changes[0].id],
      ['trail.erase', sequence, 'she asked', 'tester', erased.id],
    );
    assert.deepEqual([changes[1].erased, changes[1].sequence, changes[1].reason], [true, sequence, undefined]);
    assert.doesNotMatch((await get(server, '/api/admin/changes')).text, /Smith/);
    assert.deepEqual(refusal(await erase(erased.id, '?reason=r')), [422, 'application/problem+json', 'NOT_ERASABLE']);
    const { valid, records } = await done(get(server, '/api/admin/changes/verify?full=true'));
    assert.deepEqual([valid, records], [true, sequence + 1]);
    // The next change is linked behind it, and an erasure is not reverted.
    await done(server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'own', action: 'kill', reason: 'down' } }));
    assert.equal((await done(get(server, '/api/admin/changes/verify?full=true'))).valid, true);
    assert.equal((await server.asAdmin(`/api/admin/changes/${erased.id}/revert`, { body: {} })).status, 422);
  });
});

test('an erasure gives a version that nobody made no record', async () => {
  await fresh(async ({ server }) => {
    const [{ id }] = (await done(get(server, '/api/admin/changes?limit=1'))).changes;
    const edit = [
      ['INSERT INTO versions SELECT max(version) + 1, max(created_at) FROM versions'],
      [
        "INSERT INTO history SELECT kind, name, (SELECT max(version) FROM versions), part, page, 'true' FROM history WHERE kind = 'member' AND name = 'bucketKey'",
      ],
      ["UPDATE unpaged_rows SET version = (SELECT max(version) FROM versions) WHERE kind = 'member' AND name = 'bucketKey'"],
    ];
    assert.deepEqual(await server.sql(...edit), []);
    await done(server.asAdmin(`/api/admin/changes/${id}/payload?reason=r`, { method: 'DELETE' }));
    assert.match((await done(get(server, '/api/admin/changes/verify?full=true'))).broken, /version 2 has no record/);
  });
});
