// The commands of the packed package that import and export overrides as lines.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { ownCommands } from './commands.mjs';

const own = ownCommands();
const { command, json, lines, value } = own;
const customer = (id, flags) => `${JSON.stringify({ customerId: id, flags })}\n`;
const many = (count, of) => Array.from({ length: count }, (_, index) => of(index)).join('');

test('an import in two parts gives each customer its override, and an export has them', async () => {
  await lines('create', 'listed');
  // More lines than a part has. U+2028 ends no line of JSON.
  const text = many(20_500, index => customer(`c\u2028${index}`, { listed: true }));
  await own.twinflag.write('many.ndjson', text);
  const [told] = await lines('overrides', 'import', 'many.ndjson', '--dry-run', '--reason', 'r');
  assert.equal(told, '20500 lines: 20500 changed, 0 unchanged, 0 skipped (nothing was stored)');
  assert.equal(await value('listed', { customerId: 'c\u20287' }), false);
  const answer = await json('overrides', 'import', 'many.ndjson', '--reason', 'the beta');
  assert.deepEqual([answer.lines, answer.changed, answer.skipped], [20_500, 20_500, 0]);
  assert.equal(await value('listed', { customerId: 'c\u202820499' }), true);
  const found = await lines('override', 'export', '--flag', 'listed');
  const expected = Array.from({ length: 20_500 }, (_, index) => `{"customerId":"c\u2028${index}","flags":{"listed":"on"}}`);
  assert.deepEqual(found, expected.sort());
  // The same lines, from a file and under another id, change nothing.
  await lines('override', 'export', '--flag', 'listed', '--output', 'listed.ndjson');
  const [again] = await lines('overrides', 'import', 'listed.ndjson', '--reason', 'r', '--mode', 'merge');
  assert.match(again, /^20500 lines: 0 changed, 20500 unchanged, 0 skipped/);
  const [log] = (await lines('log', '--action', 'override.import', '--limit', '1')).slice(1);
  assert.match(log, /overrides of 100 owners imported \(cli-\S+, lines 20401 to 20500\)/);
});

test('a bad line ends an import, tells how to go on, and a mended file goes on', async () => {
  await lines('create', 'mended');
  const text = bad => customer('m-1', { mended: true }) + customer('m-2', bad) + customer('m-3', { mended: true });
  await own.twinflag.write('mended.ndjson', text({ none: true }));
  const { code, out, err } = await command('overrides', 'import', 'mended.ndjson', '--reason', 'r');
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^error: line 2: no flag has the key or alias "none"; the lines up to 1 are taken/);
  const id = /--import (\S+)/.exec(err)[1];
  assert.equal(await value('mended', { customerId: 'm-3' }), false);
  await own.twinflag.write('mended.ndjson', text({ mended: true }));
  const [told] = await lines('overrides', 'import', 'mended.ndjson', '--reason', 'r', '--import', id);
  assert.match(told, /^3 lines: 3 changed/);
  assert.equal(await value('mended', { customerId: 'm-3' }), true);

  await own.twinflag.write('skipped.ndjson', text({ none: true }));
  const skipping = await command('overrides', 'import', 'skipped.ndjson', '--reason', 'r', '--skip-errors');
  assert.equal(skipping.code, 0);
  assert.match(skipping.out, /^3 lines: 0 changed, 2 unchanged, 1 skipped/);
  assert.match(skipping.err, /^line 2: no flag has the key or alias "none"$/m);
});

test('an import whose answers are lost goes on with the server that comes back', async () => {
  const seen = [];
  const server = createServer(async (request, response) => {
    const { searchParams } = new URL(request.url, 'http://localhost');
    let count = 0;
    for await (const chunk of request) count += chunk.toString().split('\n').length - 1;
    const from = Number(searchParams.get('from'));
    seen.push([from, count]);
    // Of the second part the answer is lost, as of a server that was killed behind the commit; then it refuses for a while.
    if (seen.length === 2) return request.socket.destroy();
    if (seen.length === 3)
      return response.writeHead(503, { 'content-type': 'application/problem+json' }).end('{"code":"RESTORING","detail":"d"}');
    const progress = {
      import: searchParams.get('import'),
      lines: from + count - 1,
      changed: from + count - 1,
      unchanged: 0,
      skipped: 0,
      repeated: 0,
      errors: [],
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(progress));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const env = { TWINFLAG_URL: `http://127.0.0.1:${server.address().port}`, TWINFLAG_TOKEN: 't' };
    const input = many(45_000, index => customer(`c-${index}`, { a: true }));
    const { code, out } = await own.twinflag.run(['overrides', 'import', '-', '--reason', 'r'], { env, input });
    assert.deepEqual([code, out], [0, '45000 lines: 45000 changed, 0 unchanged, 0 skipped\n']);
  } finally {
    server.close();
  }
  assert.deepEqual(seen, [
    [1, 20_000],
    [20_001, 20_000],
    [20_001, 20_000],
    [20_001, 20_000],
    [40_001, 5_000],
  ]);
});
