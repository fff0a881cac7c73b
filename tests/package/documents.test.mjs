// The commands of the packed package for documents: what they print, what they import, and what they keep.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { hostWorker } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { ownCommands, standIn } from './commands.mjs';
import { ask } from './own.mjs';

const EXAMPLES = await readFile(new URL('../../npm/examples/flags.json', import.meta.url), 'utf8');

const own = ownCommands();
const { command, exported, json, lines, value } = own;

test('diff exits 2 on a difference, 0 on none and 1 on an error, and changes nothing', async () => {
  const before = await exported();
  await own.twinflag.write('same.json', JSON.stringify(before));
  assert.deepEqual(
    [await command('diff', 'same.json')].map(({ code, out }) => [code, out]),
    [[0, 'no difference\n']],
  );

  await own.twinflag.write(
    'other.json',
    JSON.stringify({
      ...before,
      flags: {
        ...before.flags,
        profile_ui_revamp: {
          ...before.flags.profile_ui_revamp,
          description: 'Another one.',
          rollout: { status: 'active', percentage: 99 },
        },
        fresh: {},
      },
    }),
  );
  const different = await command('diff', 'other.json');
  assert.equal(different.code, 2);
  assert.match(different.out, /^added +\/flags\/fresh$/m);
  assert.match(different.out, /^changed +\/flags\/profile_ui_revamp\n +description: ".*" → "Another one\."$/m);
  assert.match(different.out, /^kept +\/flags\/profile_ui_revamp\/rollout/m);
  assert.ok(!different.out.includes('99'), 'what is kept is no difference');
  const replaced = await command('diff', 'other.json', '--state', 'replace');
  assert.match(replaced.out, /^ +rollout: .* → \{"status":"active","percentage":99\}$/m);

  await own.twinflag.write('wrong.json', JSON.stringify({ ...before, flags: { ...before.flags, wrong: { type: 'colour' } } }));
  const wrong = await command('diff', 'wrong.json');
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /^error +\/flags\/wrong\/type: /m);
  assert.equal((await command('apply', 'wrong.json', '-y')).code, 1);
  assert.deepEqual(await exported(), before);
});

test('apply shows the difference and imports it; standard input is a document, too', async () => {
  const before = await exported();
  const document = { ...before, flags: { ...before.flags, applied: { default: 'on' } } };
  await own.twinflag.write('apply.json', JSON.stringify(document));
  const applied = await lines('apply', 'apply.json', '--yes', '--reason', 'a deploy');
  assert.match(applied[0], /^added +\/flags\/applied$/);
  assert.match(applied.at(-1), /^imported \(version \d+\)$/);
  assert.equal(await value('applied', {}), true);
  assert.equal((await json('log', '--flag', 'applied')).changes[0].reason, 'a deploy');
  assert.deepEqual(await lines('apply', 'apply.json', '--yes'), ['no difference']);

  // An import that takes nothing away does not ask.
  document.flags.piped = {};
  const piped = await own.twinflag.run(['import', '-', '--data', own.server.data], { input: JSON.stringify(document) });
  assert.deepEqual([piped.code, piped.err], [0, '']);
  assert.equal(await value('piped', {}), false);
});

test('a document without the edits of an operator takes them back only if it is said so', async () => {
  const document = await exported();
  await own.twinflag.write('before.json', JSON.stringify({ ...document, flags: { ...document.flags, edited: {} } }));
  await lines('apply', 'before.json', '--yes');
  await lines('on', 'edited', '--user', 'ada');
  assert.equal((await command('diff', 'before.json')).code, 2);
  const unsaid = await command('apply', 'before.json', '--yes');
  assert.equal(unsaid.code, 1);
  assert.match(unsaid.out, /^edited +\/flags\/edited: /m);
  assert.match(unsaid.err, /^error: not done: .*\nhint: name what may go: --overwrite flags\/edited\n$/);
  assert.equal(await value('edited', { userId: 'ada' }), true);
  await lines('apply', 'before.json', '--yes', '--overwrite', 'flags/edited');
  assert.equal(await value('edited', { userId: 'ada' }), false);
});

test('a member to which an operator and the document gave different values is told with all three, and imported only by name', async () => {
  const document = await exported();
  const deploys = description =>
    own.twinflag.write('third.json', JSON.stringify({ ...document, flags: { ...document.flags, third: { description } } }));
  await deploys('before');
  await lines('apply', 'third.json', '--yes');
  await own.twinflag.write('third.json', JSON.stringify({ ...document, flags: { ...document.flags, third: { description: 'before' } } }));
  const { adminToken } = JSON.parse(await readFile(join(own.server.data, 'dev.json'), 'utf8'));
  const url = `${own.server.url}/api/admin/flags/third`;
  const edit = [{ op: 'replace', path: '/description', value: 'the operator says' }];
  const headers = { 'content-type': 'application/json-patch+json', 'if-match': '*' };
  assert.equal((await ask(url, { key: adminToken, method: 'PATCH', body: edit, headers })).status, 200);
  await deploys('the document says');
  const line =
    /^edited +\/flags\/third: edited by \S+, just now: description "before" → "the operator says"; this document sets "the document says"$/m;
  const told = await command('diff', 'third.json');
  assert.deepEqual([told.code, line.test(told.out)], [2, true], told.out);
  for (const verb of ['apply', 'import']) {
    const refused = await command(verb, 'third.json', '--yes');
    assert.equal(refused.code, 1);
    assert.match(refused.out, line);
    assert.match(refused.err, /^error: not done: .*\nhint: name what may go: --overwrite flags\/third\n$/);
  }
  assert.equal((await exported()).flags.third.description, 'the operator says');
  await lines('apply', 'third.json', '--yes', '--overwrite', 'third');
  assert.equal((await exported()).flags.third.description, 'the document says');
});

test('no deploy of the command line says that its difference was read; each names the version that it was compared with', async () => {
  await own.twinflag.write('unread.json', '{"flags":{"a":{}}}');
  const puts = [];
  const { env, close } = await standIn((request, response, { searchParams }) => {
    const isPut = request.method === 'PUT';
    if (isPut) puts.push([searchParams.get('dryRun'), searchParams.get('seen'), request.headers['if-match']]);
    const changes = [{ kind: 'added', pointer: '/flags/a' }];
    response.end(JSON.stringify(isPut ? { changes, kept: [], errors: [], errorCount: 0, warnings: [], version: 2 } : { flags: {} }));
  });
  for (const [code, ...args] of [
    [0, 'import', 'unread.json'],
    [0, 'apply', 'unread.json', '--yes'],
    [1, 'apply', 'unread.json'],
    [2, 'diff', 'unread.json'],
  ])
    assert.equal((await own.twinflag.run(args, { env })).code, code, args.join(' '));
  close();
  const [tried, made] = ['true', null].map(dryRun => [dryRun, 'false', '"e.1"']);
  assert.deepEqual(puts, [tried, made, tried, made, tried, tried]);
});

test('a document as it was exported is no difference, with a refused definition in it, too', async () => {
  await lines('create', 'faulty');
  const document = await exported();
  await own.twinflag.write('faulty.json', JSON.stringify({ ...document, flags: { ...document.flags, faulty: { default: 'purple' } } }));
  await lines('apply', 'faulty.json', '--yes', '--partial');
  await lines('export', '--output', 'untouched.json');
  const untouched = await command('diff', 'untouched.json');
  assert.equal(untouched.code, 0, untouched.out + untouched.err);
  assert.match(untouched.out, /^no difference$/m);
  await lines('remove', 'faulty', '--yes');
});

test('a new key that an old flag may have got is told as a rename, with the members that keep its state', async () => {
  const document = await exported();
  const [first] = Object.keys(document.flags);
  const { [first]: flag, ...others } = document.flags;
  const renamed = more =>
    own.twinflag.write('renamed.json', JSON.stringify({ ...document, flags: { ...others, renamed: { ...flag, ...more } } }));
  await renamed({ aliases: [] });
  const { out } = await command('diff', 'renamed.json');
  const hint = /"aliases": (\[.*?\]) and "salt": ("[^"]*")/.exec(out);
  assert.ok(hint, out);
  await renamed({ aliases: [...flag.aliases, ...JSON.parse(hint[1])], salt: JSON.parse(hint[2]) });
  const said = (await command('diff', 'renamed.json')).out;
  assert.ok(said.includes(`renamed  ${first} → renamed, with its state and its overrides`), said);
  assert.ok(!/^goes/m.test(said), said);
});

test('what serves goes only if it is named, and --yes names nothing', async () => {
  // A server on which the import of any document removes the flag "a", and another import is refused.
  const consequence = {
    kind: 'removed',
    pointer: '/flags/a',
    message: 'no flag "a"',
    overrides: 2,
    usedBy: ['/flags/b'],
    remove: 'flags/a',
  };
  const imports = [];
  const { env, close } = await standIn((request, response, { searchParams }) => {
    const allowed = searchParams.getAll('remove').includes('flags/a'),
      isTrial = searchParams.get('dryRun') === 'true';
    const consequences = [{ ...consequence, allowed }];
    if (request.method === 'GET') return response.end('{}');
    if (!isTrial) imports.push([request.url, request.headers['if-match']]);
    response.end(
      JSON.stringify({
        changes: [{ kind: 'removed', pointer: '/flags/a' }],
        kept: [],
        consequences,
        errors: [],
        errorCount: 0,
        warnings: [],
        version: 2,
      }),
    );
  });
  try {
    await own.twinflag.write('gone.json', '{}');
    const unnamed = await own.twinflag.run(['apply', 'gone.json', '--yes'], { env });
    assert.equal(unnamed.code, 1);
    assert.match(unnamed.out, /^goes +\/flags\/a: no flag "a", with 2 overrides, used by \/flags\/b$/m);
    assert.match(unnamed.err, /^error: not done: .*\nhint: name what may go: --remove flags\/a\n$/);
    assert.deepEqual(imports, []);

    const told = JSON.parse((await own.twinflag.run(['apply', 'gone.json', '--yes', '--json'], { env })).err);
    assert.deepEqual([told.code, told.consequences], ['FAILED', [{ ...consequence, allowed: false }]]);

    const named = await own.twinflag.run(['apply', 'gone.json', '--yes', '--reason', 'r', '--remove', 'flags/a'], { env });
    assert.deepEqual([named.code, named.err], [0, '']);
    assert.deepEqual(imports, [['/api/admin/document?remove=flags%2Fa&seen=false&reason=r', '"e.1"']]);
  } finally {
    close();
  }
});

test('a deploy renames, removes, brings back and keeps only as the command line says', async () => {
  const folder = await dataFolder();
  const worker = await hostWorker({
    data: folder.path,
    document: JSON.stringify({ schema: 'twinflag/1', environment: 'production', flags: { old: { salt: 's' }, gone: {} } }),
  });
  const env = { TWINFLAG_URL: worker.url, TWINFLAG_TOKEN: worker.adminToken };
  const run = (...args) => own.twinflag.run(args, { env });
  const written = (flags, more = {}) => own.twinflag.write('deploy.json', JSON.stringify({ schema: 'twinflag/1', flags, ...more }));
  const applied = async (...options) => {
    const { code, out, err } = await run('apply', 'deploy.json', '--yes', ...options);
    assert.equal(code, 0, out + err);
    return out;
  };
  const keys = async () => Object.keys(JSON.parse((await run('export')).out).flags).sort();
  try {
    for (const args of [
      ['override', 'set', 'gone', 'on', '--customer', 'c-1', '--reason', 'r'],
      ['off', 'gone', '--yes', '--reason', 'r'],
    ])
      assert.equal((await run(...args)).code, 0);
    await written({ new: { salt: 's', aliases: ['old'] }, gone: {} });
    assert.match(await applied(), /^renamed +old → new, with its state and its overrides$/m);

    const renamed = { new: { salt: 's', aliases: ['old'] } };
    await written(renamed);
    assert.equal((await run('apply', 'deploy.json', '--yes')).code, 1);
    assert.deepEqual(await keys(), ['gone', 'new']);
    assert.match(await applied('--remove', 'flags/gone'), /^goes +\/flags\/gone: .*an override/m);
    assert.deepEqual(await keys(), ['new']);

    await written({ ...renamed, gone: {} });
    const unasked = await run('import', 'deploy.json');
    assert.deepEqual([unasked.code, unasked.err.split('\n')[1]], [1, 'hint: confirm with --yes']);
    assert.match(unasked.out, /^returned gone, as it was: switched off, with an override$/m);
    assert.deepEqual(await keys(), ['new']);
    assert.match(await applied(), /^returned gone/m);

    await written({ ...renamed, gone: { type: 'colour' } });
    const faulty = await run('apply', 'deploy.json', '--yes');
    assert.match(faulty.err, /^error: the document has an error; nothing was imported\nhint: .*--partial\n$/);
    await applied('--partial');
    assert.equal((await run('rollout', 'show', 'gone')).out, 'gone: switched off for everybody\n');

    for (const [option, value, member] of [
      ['--new-environment', 'staging', { environment: 'staging' }],
      ['--new-bucket-key', 'ffffffff', { bucketKey: 'f'.repeat(32) }],
    ]) {
      await written({ ...renamed, gone: {} }, member);
      const other = await run('apply', 'deploy.json', '--yes');
      assert.equal(other.code, 1);
      assert.match(other.err, new RegExp(`code: OTHER_[A-Z_]+ \\(409\\)\nhint: .*${option}`));
      await applied(option, value);
    }
  } finally {
    await worker.stop();
    await folder.remove();
  }
});

test('a deployment without a document takes its first one', async () => {
  const folder = await dataFolder();
  const empty = await hostWorker({ data: folder.path });
  try {
    await own.twinflag.write('first.json', EXAMPLES);
    const env = { TWINFLAG_URL: empty.url, TWINFLAG_TOKEN: empty.adminToken };
    assert.equal((await own.twinflag.run(['diff', 'first.json'], { env })).code, 2);
    const imported = await own.twinflag.run(['import', 'first.json'], { env });
    assert.deepEqual([imported.code, imported.err], [0, '']);
    assert.equal((await own.twinflag.run(['diff', 'first.json'], { env })).code, 0);
  } finally {
    await empty.stop();
    await folder.remove();
  }
});
