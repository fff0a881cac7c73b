// Overrides of many owners, as lines: an import that is cut goes on, takes each line once, and lets other commands through.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { dataFolder, startServer } from '../server.mjs';

const document = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { chat: { aliases: ['talk'] }, 'web.search': {}, theme: { type: 'string', variants: { x: 'X', y: 'Y' }, on: 'x', off: 'x' } },
};
const server = ownServer({ document });
const NDJSON = { 'content-type': 'application/x-ndjson' };

const line = value => JSON.stringify(value);
const customer = (id, flags, more = {}) => line({ customerId: id, flags, ...more });
const many = (count, of) => Array.from({ length: count }, (_, index) => of(index));
const path = (id, query = '') => `/api/admin/overrides/import?import=${id}&reason=the+new+list${query}`;
const send = (lines, id, query = '', to = server) =>
  to.asAdmin(path(id, query), { body: typeof lines === 'string' ? lines : lines.map(each => `${each}\n`).join(''), headers: NDJSON });
const get = (to, what, on = server) => on.asAdmin(what, { method: 'GET', body: undefined, ...to });
const progressOf = async (id, on = server) => (await get({}, `/api/admin/overrides/import/${id}`, on)).json();
const exported = async (query = '', on = server) =>
  (await get({}, `/api/admin/overrides/export${query}`, on)).text.split('\n').slice(0, -1);
const newest = async (on = server) => (await get({}, '/api/admin/versions?limit=1', on)).json().versions[0].version;
/** Returns true if the trail is whole; a request that ends before the verification does has no verdict yet. */
async function isVerified(on = server) {
  for (;;) {
    const { valid } = (await get({}, '/api/admin/changes/verify', on)).json();
    if (valid !== undefined) return valid;
  }
}
/** The values of a flag for customers, with the layers that gave them. */
async function values(flag, ids, on = server) {
  const results = [];
  for (let from = 0; from < ids.length; from += 1_000) {
    results.push(...(await on.evaluate(...ids.slice(from, from + 1_000).map(customerId => ({ flag, context: { customerId } })))));
  }
  return results.map(({ value, layer }) => [value, layer]);
}

/** Runs `use` with a server of its own and its folder. */
async function fresh(use) {
  const folder = await dataFolder();
  const own = await startServer({ data: folder.path, document });
  try {
    await use(own, folder.path);
  } finally {
    await own.stop();
    await folder.remove();
  }
}

/** Sends a request with a body of chunks by hand: `write` sends bytes of the body, `end` ends it and returns the answer, `cut` resets the connection. */
async function slowly(id, { url, adminToken } = server, query = '') {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', text => {
    answer += text;
  });
  socket.on('error', () => undefined);
  const head = [
    `POST ${path(id, query)} HTTP/1.1`,
    `host: ${host}`,
    `authorization: Bearer ${adminToken}`,
    'content-type: application/x-ndjson',
  ];
  socket.write([...head, 'transfer-encoding: chunked', 'connection: close', '', ''].join('\r\n'));
  return {
    write: text => socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`),
    end: async () => {
      socket.write('0\r\n\r\n');
      await once(socket, 'close');
      return answer;
    },
    cut: () => socket.resetAndDestroy(),
  };
}

/** Waits until an import has taken a line. */
async function taken(id, lines, on = server) {
  for (;;) {
    const answer = await get({}, `/api/admin/overrides/import/${id}`, on);
    if (answer.status === 200 && answer.json().lines >= lines) return answer.json();
    assert.ok([200, 404].includes(answer.status), answer.text);
  }
}

/** The most lines of a slice. */
const SLICE = 100;

test('two thousand lines make twenty versions, and each customer is answered by its own', async () => {
  const before = await newest();
  const tree = index => (index % 2 === 0 ? { chat: true } : { theme: 'y', talk: 'off' });
  const answer = await send(
    many(2_000, index => customer(`c-${index}`, tree(index))),
    'full',
  );
  assert.equal(answer.status, 200, answer.text);
  const expected = { changed: 2_000, errors: [], firstVersion: before + 1, import: 'full', lines: 2_000, mode: 'merge', repeated: 0 };
  assert.deepEqual(answer.json(), { ...expected, skipped: 0, unchanged: 0, version: before + 20 });
  assert.deepEqual(await progressOf('full'), answer.json());
  const ids = many(2_000, index => `c-${index}`);
  assert.deepEqual(
    await values('chat', ids),
    ids.map((_, index) => [index % 2 === 0, 'customer']),
  );
  const { changes } = (await get({}, '/api/admin/changes?action=override.import')).json();
  assert.deepEqual(
    changes.slice(0, 20).map(({ newJson, reason, pointer }) => [newJson.from, newJson.to, newJson.changed, reason, pointer]),
    many(20, index => [2_000 - SLICE * (index + 1) + 1, 2_000 - SLICE * index, SLICE, 'the new list', '/overrides']),
  );
  assert.deepEqual(changes[0].newJson.flags, { chat: 50 + 50, theme: 50 });
  assert.ok(await isVerified());
});

test('an import that is sent again takes nothing twice, and one under another id changes nothing', async () => {
  const lines = many(700, index => customer(`again-${index}`, { chat: true }));
  const first = (await send(lines, 'again')).json();
  const version = await newest();
  assert.deepEqual((await send(lines, 'again')).json(), first);
  const other = (await send(lines, 'other')).json();
  assert.deepEqual([other.changed, other.unchanged, other.lines, other.version], [0, 700, 700, undefined]);
  assert.equal(await newest(), version);
  // More lines under the same id go on behind those that were taken.
  const more = (await send([...lines, customer('again-700', { chat: true })], 'again')).json();
  assert.deepEqual([more.changed, more.lines, more.version], [701, 701, version + 1]);
  const rest = (await send([customer('again-701', { chat: true })], 'again', '&from=702')).json();
  assert.deepEqual([rest.changed, rest.lines], [702, 702]);
  const gap = await send([customer('again-800', { chat: true })], 'again', '&from=704');
  assert.deepEqual([gap.status, gap.json().code, gap.json().progress.lines], [409, 'IMPORT_GAP', 702]);
  assert.equal((await send(lines, 'again', '&mode=replace')).json().code, 'OTHER_MODE');
});

test('other lines under the id of an import are refused, and none is passed over as if it were taken', async () => {
  const lines = many(300, index => customer(`told-${index}`, { chat: true }));
  const first = (await send(lines, 'told')).json();
  for (const others of [[customer('told-other', { chat: true })], [...lines.slice(0, -1), customer('told-other', { chat: true })]]) {
    const refused = await send(others, 'told');
    assert.deepEqual([refused.status, refused.json().code], [409, 'OTHER_LINES']);
  }
  assert.deepEqual(await values('chat', ['told-other']), [[false, 'default']]);
  // The beginning of the same lines, which is all that a client may know, is no fault.
  for (const same of [lines, lines.slice(0, 7), [...lines, '', '']]) assert.equal((await send(same, 'told')).status, 200);
  assert.equal((await progressOf('told')).changed, first.changed);
});

test('a bad line stops the import behind the lines before it, and a mended one goes on', async () => {
  const lines = many(900, index => customer(`stop-${index}`, { chat: true }));
  const bad = [...lines];
  bad[700] = customer('stop-700', { chat: true, none: true });
  const refused = await send(bad, 'stopping');
  assert.deepEqual([refused.status, refused.type, refused.json().code], [422, 'application/problem+json', 'LINE_REFUSED']);
  const { detail, pointer, progress } = refused.json();
  assert.match(detail, /^line 701: no flag has the key or alias "none"; the lines up to 700 are taken/);
  assert.deepEqual([pointer, progress.lines, progress.stopped.line, progress.stopped.code], ['/flags/none', 700, 701, 'FLAG_NOT_FOUND']);
  assert.deepEqual(await values('chat', ['stop-699', 'stop-700', 'stop-899']), [
    [true, 'customer'],
    [false, 'default'],
    [false, 'default'],
  ]);
  const mended = (await send(lines, 'stopping')).json();
  assert.deepEqual([mended.changed, mended.lines, mended.stopped], [900, 900, undefined]);
  assert.deepEqual(
    await values('chat', ['stop-700', 'stop-899']),
    many(2, () => [true, 'customer']),
  );
});

test('a dry run refuses the same line and stores nothing', async () => {
  const version = await newest();
  const answer = await send([customer('dry-1', { chat: true }), customer('dry-2', { none: true })], 'dry', '&dryRun=true');
  assert.deepEqual([answer.status, answer.json().progress.stopped.line], [422, 2]);
  const good = (await send([customer('dry-1', { chat: true })], 'dry', '&dryRun=true')).json();
  assert.deepEqual([good.changed, good.lines], [1, 1]);
  assert.deepEqual([await newest(), (await get({}, '/api/admin/overrides/import/dry')).status], [version, 404]);
});

test('ten thousand hostile lines are passed over or taken, each for its own reason', async () => {
  const bad = [
    '{',
    '[]',
    'null',
    '"c"',
    '{"customerId":"x"}',
    '{"flags":{}}',
    '{"customerId":7,"flags":{}}',
    '{"customerId":"x","flags":{"chat":true},"reason":"r"}',
    '{"customerId":"x","flags":{"none":true}}',
    '{"customerId":"x","flags":{"chat":1}}',
    '{"customerId":"x","flags":{"chat":"purple"}}',
    '{"customerId":"x","flags":{"chat":true,"chat":false}}',
    '{"customerId":"x","flags":{"chat":true,"talk":false}}',
    '{"customerId":"x","flags":[]}',
    '{"customerId":"","flags":{"chat":true}}',
    '{"customerId":" x ","flags":{"chat":true}}',
    '{"customerId":"x","organizationId":"o ","flags":{"chat":true}}',
    '{"customerId":"x\\u0000","flags":{"chat":true}}',
    '{"customerId":"\\ud800","flags":{"chat":true}}',
    '{"customerId":"x","flags":{"chat":"\\udc00"}}',
    `{"customerId":"${'x'.repeat(257)}","flags":{"chat":true}}`,
    `{"customerId":"x","flags":{"chat":true${' '.repeat(64_000)}}}`,
    `{"customerId":"x","flags":${'{"a":'.repeat(70)}true${'}'.repeat(71)}`,
    `${'['.repeat(30_000)}`,
    '{"customerId":"x","flags":{"__proto__":{"chat":true}}}',
  ];
  const good = index => customer(`hostile-${index}`, { chat: true });
  // One in a hundred lines is as long as a line may be.
  const lines = many(10_000, index =>
    index % 4 === 3 ? (index % 400 === 3 ? bad[21] : bad[index % bad.length]) : index % 100 === 2 ? '  ' : good(index),
  );
  const isBad = index => index % 4 === 3;
  const blanks = many(10_000, index => index).filter(index => !isBad(index) && index % 100 === 2).length;
  const answer = await send(lines, 'hostile', '&onError=skip');
  assert.equal(answer.status, 200, answer.text);
  const { changed, skipped, unchanged, errors, lines: last } = answer.json();
  assert.deepEqual([changed, skipped, unchanged, errors.length, last], [7_500 - blanks, 2_500, 0, 100, 10_000]);
  assert.deepEqual(
    errors.map(({ line: number }) => number),
    many(100, index => 4 * index + 4),
  );
  for (const { code, detail } of errors) assert.ok(/^[A-Z_]+$/.test(code) && detail.length > 0 && detail.length <= 300, detail);
  const hint = errors.find(({ detail }) => detail.includes('spaces at its ends'));
  assert.match(hint.detail, /contexts name "x"/);
  const owners = (await exported('?kind=customers')).filter(text => text.includes('"hostile-'));
  assert.equal(owners.length, 7_500 - blanks);
  assert.ok(await isVerified());
});

test('the last of several lines for an owner counts, and they are counted', async () => {
  const lines = [
    customer('twice', { chat: true, theme: 'y' }),
    customer('twice', { talk: false }),
    ...many(600, index => customer(`once-${index}`, { chat: true })),
    customer('twice', { chat: true }),
    customer('once-3', { theme: 'y' }),
  ];
  const { repeated, changed } = (await send(lines, 'repeated')).json();
  assert.deepEqual([repeated, changed], [3, 604]);
  const overrides = (await get({}, '/api/admin/overrides?customerId=twice')).json();
  assert.deepEqual(overrides.flags, { theme: 'y', chat: true });
});

test('a line replaces, clears and assigns', async () => {
  await send([customer('kept', { chat: true, theme: 'y' }), customer('gone', { chat: true })], 'modes');
  const lines = [
    customer('kept', { 'web.search': true }, { organizationId: 'o-1' }),
    customer('gone', null),
    line({ organizationId: 'o-1', flags: { theme: 'y' } }),
  ];
  const answer = await send(lines, 'replacing', '&mode=replace');
  assert.equal(answer.status, 200, answer.text);
  const found = (await exported()).filter(text => /"(kept|gone|o-1)"/.test(text));
  assert.deepEqual(found, [
    '{"customerId":"kept","flags":{"web.search":"on"},"organizationId":"o-1"}',
    '{"flags":{"theme":"y"},"organizationId":"o-1"}',
  ]);
  assert.deepEqual(await values('theme', ['kept']), [['Y', 'organization']]);
  const { changes } = (await get({}, '/api/admin/changes?customerId=kept')).json();
  assert.deepEqual(
    changes.map(({ action }) => action),
    ['customer.assign', 'override.import', 'override.import'],
  );
});

test('the trail and an explanation name the slice that gave a customer its override', async () => {
  await send([customer('asked', { chat: true }), customer('beside', { chat: true })], 'asked');
  await server.asAdmin('/api/admin/overrides', { body: { customerId: 'asked', flags: { theme: 'y' }, reason: 'by hand' } });
  await send([customer('asked', { 'web.search': true })], 'asked-later');
  const why = async flag => (await server.asAdmin('/v1/explain', { body: { flag, context: { customerId: 'asked' } } })).json().change;
  const [chat, theme, search] = [await why('chat'), await why('theme'), await why('web.search')];
  assert.deepEqual([chat.action, chat.newJson.import], ['override.import', 'asked']);
  assert.deepEqual([theme.action, theme.reason], ['override.set', 'by hand']);
  assert.deepEqual([search.action, search.newJson.import], ['override.import', 'asked-later']);
  const { changes } = (await get({}, '/api/admin/changes?customerId=asked')).json();
  assert.deepEqual(
    changes.map(({ action, newJson }) => [action, newJson.import ?? newJson]),
    [
      ['override.import', 'asked-later'],
      ['override.set', 'y'],
      ['override.import', 'asked'],
    ],
  );
});

test('a slice is reverted like any other change', async () => {
  await send([customer('back-0', { chat: true })], 'first');
  await send([customer('back-0', { chat: false }), ...many(99, index => customer(`back-${index + 1}`, { chat: true }))], 'second');
  const [change] = (await get({}, '/api/admin/changes?action=override.import&limit=1')).json().changes;
  const answer = await server.asAdmin(`/api/admin/changes/${change.id}/revert`, { body: { reason: 'the wrong list' } });
  assert.equal(answer.status, 200, answer.text);
  const ids = many(100, index => `back-${index}`);
  assert.deepEqual(
    await values('chat', ids),
    ids.map((_, index) => (index === 0 ? [true, 'customer'] : [false, 'default'])),
  );
  assert.ok(await isVerified());
});

test('a switch and an override go between the slices of an import', async () => {
  const ids = many(3_000, index => `between-${index}`);
  const body = ids.map(id => `${customer(id, { chat: true })}\n`);
  const request = await slowly('between');
  request.write(body.slice(0, 1_500).join(''));
  await taken('between', 1_500);
  const kill = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'chat', action: 'kill', reason: 'broken' } });
  const set = await server.asAdmin('/api/admin/overrides', {
    body: { customerId: 'between-0', flags: { theme: 'y' }, reason: 'meanwhile' },
  });
  assert.deepEqual([kill.status, set.status], [200, 200]);
  assert.equal((await progressOf('between')).lines, 1_500);
  request.write(body.slice(1_500).join(''));
  assert.match(await request.end(), /^HTTP\/1.1 200 /);
  const { firstVersion, version, changed } = await progressOf('between');
  // Fifteen slices, two other commands, fifteen slices.
  assert.deepEqual([version - firstVersion, changed], [31, 3_000]);
  assert.deepEqual(
    await values('chat', ['between-0', 'between-2999']),
    many(2, () => [false, 'kill']),
  );
  await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'chat', action: 'revive', reason: 'mended' } });
  assert.deepEqual(
    await values('chat', ids),
    many(3_000, () => [true, 'customer']),
  );
  assert.deepEqual(await values('theme', ['between-0']), [['Y', 'customer']]);
});

test('of a body that is cut the whole slices stay, and the import goes on', async () => {
  const ids = many(1_200, index => `cut-${index}`);
  const body = ids.map(id => `${customer(id, { chat: true })}\n`);
  const request = await slowly('cut');
  request.write(body.slice(0, 1_000).join(''));
  await taken('cut', 1_000);
  // A part of a line, which must not be taken as one.
  request.write('{"customerId":"cut-1000","flags":{"theme":"y"}}');
  request.cut();
  const { lines } = await progressOf('cut');
  assert.equal(lines, 1_000);
  assert.equal((await send(body.slice(lines).join(''), 'cut', `&from=${lines + 1}`)).json().changed, 1_200);
  assert.deepEqual(
    await values('chat', ids),
    many(1_200, () => [true, 'customer']),
  );
  assert.deepEqual(await values('theme', ['cut-1000']), [['X', 'default']]);
});

test('two imports at once take all of theirs, and two requests of one import take each line once', async () => {
  const lines = id => many(2_500, index => customer(`${id}-${index}`, { chat: true }));
  const same = lines('same');
  const [a, b, ...twins] = await Promise.all([
    send(lines('left'), 'left'),
    send(lines('right'), 'right'),
    send(same, 'same'),
    send(same, 'same'),
  ]);
  assert.deepEqual([a.json().changed, b.json().changed], [2_500, 2_500]);
  for (const twin of twins)
    assert.deepEqual([twin.status, twin.json().lines, twin.json().changed, twin.json().unchanged], [200, 2_500, 2_500, 0]);
  const { changes } = (await get({}, '/api/admin/changes?action=override.import&limit=1000')).json();
  const spans = changes.filter(({ newJson }) => newJson.import === 'same').map(({ newJson: { from, to } }) => [from, to]);
  assert.deepEqual(
    spans.reverse(),
    many(2_500 / SLICE, index => [SLICE * index + 1, SLICE * (index + 1)]),
  );
  assert.ok(await isVerified());
});

test('after a kill in the middle an import goes on, with nothing lost and nothing twice', async () => {
  const folder = await dataFolder();
  let own = await startServer({ data: folder.path, document });
  try {
    const ids = many(6_000, index => `killed-${index}`);
    const body = ids.map(id => `${customer(id, { chat: true })}\n`);
    for (let round = 0, lines = 0; round < 3; round++) {
      const sending = send(body.slice(lines).join(''), 'killed', `&from=${lines + 1}`, own).catch(error => error);
      await taken('killed', lines + 500, own);
      await own.stop();
      await sending;
      own = await startServer({ data: folder.path, document });
      const after = await progressOf('killed', own);
      // Every line that was told as taken is there, in whole slices.
      assert.ok(after.lines >= lines + 500 && after.changed === after.lines, JSON.stringify(after));
      ({ lines } = after);
    }
    const end = (await send(body.join(''), 'killed', '', own)).json();
    assert.deepEqual([end.lines, end.changed, end.unchanged], [6_000, 6_000, 0]);
    assert.deepEqual(
      await values('chat', ids, own),
      many(6_000, () => [true, 'customer']),
    );
    const { changes } = (await get({}, '/api/admin/changes?action=override.import&limit=1000', own)).json();
    const lines = changes.reverse().flatMap(({ newJson: { from, to } }) => many(to - from + 1, index => from + index));
    assert.deepEqual(
      lines,
      many(6_000, index => index + 1),
    );
    assert.ok(await isVerified(own));
  } finally {
    await own.stop();
    await folder.remove();
  }
});

test('an export fills an empty hub, which exports the same', async () => {
  await send(
    [
      customer('ü"\\/', { chat: true }, { organizationId: 'ö' }),
      line({ organizationId: 'ö', flags: { theme: 'y' } }),
      line({ customerId: 'only', organizationId: 'ö' }),
    ],
    'odd',
  );
  const lines = await exported();
  assert.ok(lines.length > 1_000 && lines.every(text => typeof JSON.parse(text) === 'object'));
  assert.deepEqual(
    lines.map(text => JSON.parse(text).customerId).filter(Boolean),
    [...new Set(lines.map(text => JSON.parse(text).customerId).filter(Boolean))],
    'each customer once',
  );
  await fresh(async own => {
    assert.equal((await send(lines, 'copy', '&mode=replace', own)).json().changed, lines.length);
    assert.deepEqual(await exported('', own), lines);
  });
  const again = (await send(lines, 'copy-back', '&mode=replace')).json();
  assert.deepEqual([again.changed, again.unchanged], [0, lines.length]);
  // It goes on behind any owner, and can be of one kind, of one flag and of an earlier version.
  const { customerId } = JSON.parse(lines[700]);
  assert.deepEqual(await exported(`?after=${encodeURIComponent(`customers/${customerId}`)}`), lines.slice(701));
  assert.deepEqual(
    await exported('?kind=organizations'),
    lines.filter(text => !text.includes('customerId')),
  );
  const themes = lines.map(text => JSON.parse(text)).filter(({ flags }) => flags?.theme);
  assert.deepEqual(
    (await exported('?flag=theme')).map(text => JSON.parse(text)),
    themes.map(({ customerId: id, flags: { theme }, organizationId }) =>
      id === undefined ? { flags: { theme }, organizationId } : { customerId: id, flags: { theme } },
    ),
  );
  const version = await newest();
  await send([customer('0-new', { chat: true }), customer(customerId, null)], 'newer');
  assert.deepEqual(await exported(`?version=${version}`), lines);
  assert.notDeepEqual(await exported(), lines);
});

test('a request that is no import is refused and changes nothing', async () => {
  const version = await newest();
  const body = `${customer('refused', { chat: true })}\n`;
  const ask = (query, { headers = {}, ...rest } = {}) =>
    server.asAdmin(`/api/admin/overrides/import${query}`, { body, headers: { ...NDJSON, ...headers }, ...rest });
  for (const [query, more, status, code] of [
    ['?import=a', {}, 400, 'PARSE_ERROR'],
    ['?reason=r', {}, 400, 'PARSE_ERROR'],
    ['?import=a/b&reason=r', {}, 400, 'PARSE_ERROR'],
    ['?import=refused&reason=r&mode=other', {}, 400, 'PARSE_ERROR'],
    ['?import=refused&reason=r&onError=other', {}, 400, 'PARSE_ERROR'],
    ['?import=refused&reason=r&from=0', {}, 400, 'PARSE_ERROR'],
    ['?import=refused&reason=r&more=1', {}, 400, 'PARSE_ERROR'],
    ['?import=refused&reason=+', {}, 400, 'INVALID'],
    ['?import=refused&reason=r', { headers: { 'if-match': '*' } }, 400, 'PARSE_ERROR'],
    ['?import=refused&reason=r', { headers: { 'content-type': 'text/plain' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['?import=refused&reason=r', { body: new Uint8Array([0x1f, 0x8b, 8, 0]) }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['?import=refused&reason=r', { body: '' }, 400, 'PARSE_ERROR'],
    ['?import=refused&reason=r&environment=none', {}, 404, 'ENVIRONMENT_NOT_FOUND'],
  ]) {
    const answer = await ask(query, more);
    assert.deepEqual([answer.status, answer.json().code], [status, code], `${query} ${answer.text}`);
  }
  for (const query of ['?kind=all', '?after=c-1', '?after=all/c-1', '?version=x']) {
    assert.equal((await get({}, `/api/admin/overrides/export${query}`)).status, 400, query);
  }
  assert.equal((await get({}, '/api/admin/overrides/export?version=999999')).json().code, 'VERSION_NOT_FOUND');
  assert.equal((await get({}, '/api/admin/overrides/export?flag=none')).json().code, 'FLAG_NOT_FOUND');
  assert.equal((await get({}, '/api/admin/overrides/import/refused')).json().code, 'IMPORT_NOT_FOUND');
  assert.equal(await newest(), version);
});
