// A backup restores a hub elsewhere: everything as it was when the backup began, or nothing.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { counted } from './reported.mjs';

const document = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { a: { unit: 'userId' }, b: { default: 'on' } },
};
const from = ownServer({ document });

const get = (server, path) => server.asAdmin(path, { method: 'GET' });
const restore = (server, body, query = '') =>
  server.asAdmin(`/api/admin/restore${query}`, { body, headers: { 'content-type': 'application/x-ndjson' } });

/** Runs `use` with a new server that has only its first document. */
async function fresh(use) {
  const folder = await dataFolder();
  const server = await startServer({ data: folder.path, document: { ...document, flags: {} } });
  try {
    await use(server, folder.path);
  } finally {
    await server.stop();
    await folder.remove();
  }
}

/** The texts of a hub's answers that do not depend on the time of the request. */
async function everything(server) {
  const paths = [
    '/api/admin/document',
    '/api/admin/changes?limit=1000',
    '/api/admin/changes/verify?full=true&wait=20',
    '/api/admin/versions?limit=1000',
    '/api/admin/stats',
    '/api/admin/overrides?customerId=c-1',
    '/api/admin/customers?customerId=c-1',
  ];
  const answers = await Promise.all(paths.map(path => get(server, path)));
  for (const [index, answer] of answers.entries()) assert.equal(answer.status, 200, `${paths[index]}: ${answer.text}`);
  return answers.map(answer => answer.text);
}

/** The explanation of an answer at a version, without its epoch. */
async function then(server, version) {
  const { epoch, ...explained } = (
    await server.asAdmin('/v1/explain', { body: { flag: 'b', context: { customerId: 'c-1' }, version } })
  ).json();
  assert.match(epoch, /^[0-9a-f]{12}$/);
  return explained;
}

async function live(server) {
  const say = async (path, body) => {
    const answer = await server.asAdmin(path, { body });
    assert.equal(answer.status, 200, answer.text);
    return answer.json().version;
  };
  await say('/api/admin/customers', { customerId: 'c-1', organizationId: 'o-1', reason: 'signed up' });
  await say('/api/admin/overrides', { organizationId: 'o-1', flags: { a: true }, reason: 'beta' });
  await say('/api/admin/rollout/create', { featureName: 'a', whitelistedCustomers: ['ü\u{1f600}"\\'] });
  await say('/api/admin/rollout/start', { featureName: 'a' });
  const outcomes = [
    { id: '1', flag: 'a', unit: 'u-2', event: 'enabled' },
    { id: '2', flag: 'a', unit: 'u-2', event: 'error', metadata: { code: 7 } },
  ];
  assert.deepEqual((await server.asServer('/v1/outcomes', { body: { outcomes } })).json(), {
    counted: 2,
    duplicates: 0,
    kept: 0,
    refused: [],
  });
  // A backup has the sums of outcomes, which the hub has when the tally has sent them.
  await counted(server, 1, 'a');
  return say('/api/admin/feature-flags', { featureName: 'b', action: 'kill', reason: 'broken' });
}

test('a restored hub gives the same answers, also about its past versions', async () => {
  const version = await live(from);
  const backup = await get(from, '/api/admin/backup');
  assert.equal(backup.status, 200, backup.text);
  const lines = backup.text.trimEnd().split('\n');
  // The last line has the number of the lines before it and their SHA-256.
  const said = JSON.parse(lines.at(-1));
  const sha256 = createHash('sha256')
    .update(`${lines.slice(0, -1).join('\n')}\n`)
    .digest('hex');
  assert.deepEqual(said, { lines: lines.length - 2, sha256 });
  await fresh(async (to, data) => {
    assert.notDeepEqual(await everything(to), await everything(from));
    const answer = await restore(to, backup.text);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json().version, version);
    assert.deepEqual(await everything(to), await everything(from));
    for (let at = 1; at <= version; at++) assert.deepEqual(await then(to, at), await then(from, at), `at version ${at}`);
    const [flag] = await to.evaluate({ flag: 'a', context: { customerId: 'c-1' } });
    assert.deepEqual([flag.value, flag.layer], [true, 'organization']);
    assert.equal((await get(to, '/api/admin/backup')).text, backup.text);
    // The hub is no longer new, so a restore needs `?replace=`.
    const twice = await restore(to, backup.text);
    assert.deepEqual([twice.status, twice.json().code], [409, 'NOT_EMPTY']);
    const tags = async () => (await get(to, '/api/admin/document')).headers.get('etag').slice(1, -1).split('.');
    const [epoch, number] = await tags();
    const { head } = (await get(to, '/api/admin/changes/verify?wait=20')).json();
    const other = await restore(to, backup.text, `?replace=${'0'.repeat(64)}`);
    assert.deepEqual(
      [other.status, other.json().code, other.json().detail],
      [409, 'HEAD_MISMATCH', `the hash of the newest record is ${head}`],
    );
    // A truncated backup replaces nothing, and the epoch stays the same.
    const cut = await restore(to, backup.text.slice(0, -20), `?replace=${head}`);
    assert.deepEqual([cut.status, cut.json().code], [400, 'PARSE_ERROR']);
    assert.deepEqual(await everything(to), await everything(from));
    assert.deepEqual(await tags(), [epoch, number]);
    const replaced = await restore(to, backup.text, `?replace=${head}`);
    assert.equal(replaced.status, 200, replaced.text);
    assert.deepEqual(await everything(to), await everything(from));
    const [next, same] = await tags();
    assert.deepEqual([next === epoch, same], [false, number]);
    assert.equal(next, replaced.json().epoch);
    // The restored hub takes further changes, and keeps them through a SIGKILL.
    assert.equal(
      (await to.asAdmin('/api/admin/feature-flags', { body: { featureName: 'b', action: 'revive', reason: 'mended' } })).json().version,
      version + 1,
    );
    await to.stop();
    const again = await startServer({ data });
    try {
      assert.equal((await get(again, '/api/admin/changes/verify?wait=20')).json().valid, true);
      assert.equal((await get(again, '/api/admin/versions?limit=1')).json().versions[0].version, version + 1);
    } finally {
      await again.stop();
    }
  });
});

test('a damaged backup is refused and leaves the hub unchanged', async () => {
  const { text } = await get(from, '/api/admin/backup');
  const lines = text.trimEnd().split('\n');
  const at = word => lines.findIndex(line => line.includes(word));
  const without = index => `${[...lines.slice(0, index), ...lines.slice(index + 1)].join('\n')}\n`;
  const changed = (index, change) => `${lines.map((line, number) => (number === index ? change(line) : line)).join('\n')}\n`;
  const bad = {
    nothing: '',
    'no backup': '{"a":1}\n',
    'another form': changed(0, line => line.replace('"backup":1', '"backup":2')),
    'cut in a line': text.slice(0, text.length / 2),
    'cut behind a line': `${lines.slice(0, -3).join('\n')}\n`,
    'without its end': `${lines.slice(0, -1).join('\n')}\n`,
    'without a row': without(at('"row":["flag"')),
    'without a version': without(at('{"version":[1,')),
    'without a record': without(at('"record":[2,')),
    'with a record altered': changed(at('"record":[2,'), line => line.replace(/reason\\":\\"[a-z]/, 'reason\\":\\"X')),
    'with a row altered': changed(at('"row":["flag"'), line => line.replace('userId', 'userID')),
    'with a line twice': changed(at('"event":['), line => `${line}\n${line}`),
    'with something behind it': `${text}{}\n`,
    'without the last line feed': text.trimEnd(),
  };
  await fresh(async to => {
    const before = JSON.parse((await get(to, '/api/admin/document')).text);
    for (const [what, body] of Object.entries(bad)) {
      assert.notEqual(body, text, what);
      const answer = await restore(to, body);
      assert.deepEqual(
        [answer.status, answer.type, answer.json().code],
        [400, 'application/problem+json', 'PARSE_ERROR'],
        `${what}: ${answer.text}`,
      );
      // The hub is as new as before: it has only the deployment's first document.
      assert.deepEqual(JSON.parse((await get(to, '/api/admin/document')).text), before, what);
      assert.equal((await get(to, '/api/admin/versions')).json().versions.length, 1, what);
    }
    assert.equal((await restore(to, text)).status, 200, 'the undamaged backup is restored');
  });
});

test('a backup that events were deleted from while it was written is whole', async () => {
  const { text } = await get(from, '/api/admin/backup');
  const lines = text.trimEnd().split('\n').slice(0, -1);
  const left = lines.filter(line => !line.startsWith('{"event":'));
  assert.ok(left.length < lines.length && JSON.parse(lines[0]).events > 0);
  const body = `${left.join('\n')}\n`;
  const tail = JSON.stringify({ lines: left.length - 1, sha256: createHash('sha256').update(body).digest('hex') });
  await fresh(async to => assert.equal((await restore(to, `${body}${tail}\n`)).status, 200));
});

test('only operators', async () => {
  for (const token of [from.clientKey, from.serverKey, undefined]) {
    assert.equal((await from.request('/api/admin/backup', { method: 'GET', token })).status, 401);
    assert.equal((await from.request('/api/admin/restore', { token, body: '' })).status, 401);
  }
});

test('an aborted upload leaves the hub unchanged and open for requests', async () => {
  const { text } = await get(from, '/api/admin/backup');
  await fresh(async to => {
    const before = (await get(to, '/api/admin/document')).text;
    const begun = new AbortController();
    let send;
    const body = new ReadableStream({
      start(controller) {
        send = chunk => controller.enqueue(new TextEncoder().encode(chunk));
      },
    });
    const upload = fetch(`${to.url}/api/admin/restore`, {
      method: 'POST',
      body,
      duplex: 'half',
      signal: begun.signal,
      headers: { authorization: `Bearer ${to.adminToken}`, 'content-type': 'application/x-ndjson' },
    });
    upload.catch(() => {});
    send(text.slice(0, text.length / 2));
    // The hub answers 503 as soon as it reads the backup.
    for (;;) {
      const answer = await get(to, '/api/admin/versions');
      if (answer.status === 503) {
        assert.equal(answer.json().code, 'RESTORING');
        break;
      }
    }
    begun.abort();
    await assert.rejects(upload);
    for (const end = Date.now() + 30_000; (await get(to, '/api/admin/versions')).status !== 200; )
      assert.ok(Date.now() < end, 'the hub stays closed');
    assert.equal((await get(to, '/api/admin/document')).text, before);
    assert.equal((await restore(to, text)).status, 200);
  });
});
