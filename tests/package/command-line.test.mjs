// The commands of the packed package, on a server of its own: what they print, what they change, and their exit codes.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hostWorker, KEYS } from '../edge/workerd.mjs';
import { dataFolder, freePort } from '../server.mjs';
import { ask, install } from './own.mjs';

const run = promisify(execFile);
const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));
const EXAMPLES = await readFile(join(NPM, 'examples/flags.json'), 'utf8');
const COMMANDS = [
  'dev',
  'serve',
  'token',
  'list',
  'create',
  'on',
  'off',
  'rollout',
  'override',
  'export',
  'import',
  'diff',
  'apply',
  'log',
  'verify',
  'types',
  'completion',
];

let twinflag;
let server;
before(async () => {
  twinflag = await install();
  server = await twinflag.serve(twinflag.data('commands'), { command: 'dev', more: ['--rate-limits', 'off'] });
});
after(async () => {
  await server?.stop();
  await twinflag?.remove();
});

/** Runs a command on the server of this file. */
const command = (...args) => twinflag.run([...args, '--data', server.data]);
/** Runs a command that must succeed, and returns its lines. */
const lines = async (...args) => {
  const { code, out, err } = await command(...args);
  assert.equal(code, 0, `${args.join(' ')}\n${err}`);
  return out.trimEnd().split('\n');
};
const json = async (...args) => JSON.parse((await lines(...args, '--json'))[0]);
/** The value of a flag for a context, as a server is answered. */
const value = async (flag, context) => {
  const { serverKey } = JSON.parse(await readFile(join(server.data, 'keys.json'), 'utf8'));
  return (await ask(`${server.url}/ofrep/v1/evaluate/flags/${flag}`, { key: serverKey, method: 'POST', body: { context } })).body.value;
};
const exported = async () => JSON.parse((await lines('export')).join('\n'));

test('the life of a flag: created, on for two users, 5 %, 50 %, who did it, off', async () => {
  assert.match((await lines('create', 'life', '--description', 'A flag.'))[0], /^created life \(version \d+\)$/);
  assert.equal(await value('life', { userId: 'ada' }), false);
  assert.match((await lines('on', 'life', '--user', 'ada', 'mary', '--reason', 'they asked'))[0], /^life = on for users ada, mary/);
  assert.deepEqual(
    [await value('life', { userId: 'ada' }), await value('life', { targetingKey: 'mary' }), await value('life', { userId: 'grace' })],
    [true, true, false],
  );

  assert.equal((await lines('rollout', 'start', 'life', '--percentage', '5')).at(-1), 'life: switched on, rollout active at 5 %');
  assert.equal((await lines('rollout', 'percentage', 'life', '50')).at(-1), 'life: switched on, rollout active at 50 %');
  const { changes } = await json('log', '--flag', 'life');
  assert.deepEqual(
    changes.map(({ action }) => action),
    ['rollout.percentage', 'rollout.start', 'rollout.create', 'import.definition', 'import.definition'],
  );
  assert.equal(changes[3].reason, 'they asked');
  assert.deepEqual([...new Set(changes.map(({ changedBy }) => changedBy))], [userInfo().username]);
  const table = await lines('log', '--flag', 'life');
  assert.match(table[0], /^VERSION +WHEN \(UTC\) +WHO +WHAT +WHY$/);
  assert.match(table[1], /rollout\.percentage life = active, 50 % +no reason was given$/);

  await lines('off', 'life', '--yes', '--reason', 'it is broken');
  assert.equal(await value('life', { userId: 'ada' }), false);
  assert.equal((await lines('rollout', 'show', 'life'))[0], 'life: switched off for everybody, rollout active at 50 %');
  await lines('on', 'life', '--reason', 'it is mended');
  assert.equal(await value('life', { userId: 'ada' }), true);
});

test('what takes a flag from somebody is not done unasked', async () => {
  await lines('create', 'asked');
  await lines('rollout', 'start', 'asked', '--percentage', '50');
  await twinflag.write('less.json', JSON.stringify({ schema: 'twinflag/1', environment: 'production', flags: { asked: {} } }));
  const before = await exported();
  for (const hurts of [
    ['off', 'asked', '--reason', 'r'],
    ['rollout', 'percentage', 'asked', '49.5'],
    ['rollout', 'rollback', 'asked', '--reason', 'r'],
    ['rollout', 'complete', 'asked'],
    ['import', 'less.json'],
    ['apply', 'less.json'],
  ]) {
    const refused = await command(...hurts);
    assert.equal(refused.code, 1, hurts.join(' '));
    assert.match(refused.err, /error: not done: .*\?\nhint: (confirm with --yes|name what may go: --remove .*)\n$/, hurts.join(' '));
  }
  assert.deepEqual(await exported(), before);
  assert.equal((await lines('rollout', 'percentage', 'asked', '60%')).at(-1), 'asked: switched on, rollout active at 60 %');
  assert.equal((await lines('rollout', 'percentage', 'asked', '40', '-y')).at(-1), 'asked: switched on, rollout active at 40 %');
});

test('a command invents no reason: without one, a locked flag stays and no step is forced', async () => {
  const locked = await exported();
  await twinflag.write('locked.json', JSON.stringify({ ...locked, flags: { ...locked.flags, guarded: { locked: true } } }));
  await lines('apply', 'locked.json', '--yes');
  const before = await exported();
  for (const [code, ...args] of [
    [1, 'rollout', 'start', 'guarded'],
    [1, 'on', 'guarded', '--user', 'ada'],
  ]) {
    const refused = await command(...args);
    assert.equal(refused.code, code, args.join(' '));
    assert.match(refused.err, /code: LOCKED \(403\)\nhint: .*--reason/);
  }
  for (const args of [
    ['off', 'guarded'],
    ['on', 'guarded'],
    ['override', 'set', 'guarded', 'on', '--user', 'ada', '--customer', 'c-1'],
    ['rollout', 'rollback', 'guarded'],
    ['rollout', 'advance', 'guarded', '--force'],
  ]) {
    assert.deepEqual(
      await command(...args),
      { code: 64, out: '', err: 'error: a reason is missing\nhint: say why with --reason\n' },
      args.join(' '),
    );
  }
  assert.deepEqual(await exported(), before);
  await lines('on', 'guarded', '--user', 'ada', '--reason', 'she tests it');
  assert.equal(await value('guarded', { userId: 'ada' }), true);
});

test('what other people wrote moves no cursor, and is whole as JSON', async () => {
  const reason = 'a\u001b[2Jb\u009bc\u007fd\ne';
  await lines('create', 'controls', '--description', reason, '--reason', reason);
  const told = 'a\uFFFD[2Jb\uFFFDc\uFFFDd e';
  assert.ok((await lines('log', '--flag', 'controls'))[1].endsWith(told));
  assert.equal((await json('log', '--flag', 'controls')).changes[0].reason, reason);
  assert.ok((await lines('types')).includes(`  /** ${told} */`));
  const before = await exported();
  assert.equal(before.flags.controls.description, reason);
  await twinflag.write('controls.json', JSON.stringify({ ...before, flags: { ...before.flags, controls: { description: 'another' } } }));
  const { out } = await command('diff', 'controls.json');
  assert.deepEqual(out.replaceAll('\n', '').match(/\p{Cc}/gu), null);
  const refused = await command('on', 'a\u001b[2Jb', '--user', 'ada');
  assert.match(refused.err, /^error: no flag has the key or alias "a\uFFFD\[2Jb"\n/);
});

test('in a terminal the command asks, and only yes is yes', async () => {
  await lines('create', 'terminal');
  const state = async () => (await lines('rollout', 'show', 'terminal'))[0];
  for (const [answer, expected] of [
    ['n', 'switched on'],
    ['', 'switched on'],
    ['yes', 'switched off for everybody'],
  ]) {
    // `script` of util-linux gives the command a terminal.
    const said = await new Promise(resolve => {
      const terminal = spawn('script', ['-qec', `node_modules/.bin/twinflag off terminal --reason r --data ${server.data}`, '/dev/null'], {
        cwd: twinflag.folder,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let out = '',
        answered = false;
      terminal.stdout.setEncoding('utf8').on('data', chunk => {
        out += chunk;
        if (!answered && out.includes('[y/N]')) {
          answered = true;
          terminal.stdin.write(`${answer}\n`);
        }
      });
      terminal.once('close', () => resolve(out));
    });
    assert.match(said, /switch terminal off for everybody\? \[y\/N\]/);
    assert.equal(await state(), `terminal: ${expected}`, `answered "${answer}"`);
  }
});

test('diff exits 2 on a difference, 0 on none and 1 on an error, and changes nothing', async () => {
  const before = await exported();
  await twinflag.write('same.json', JSON.stringify(before));
  assert.deepEqual(
    [await command('diff', 'same.json')].map(({ code, out }) => [code, out]),
    [[0, 'no difference\n']],
  );

  const { life, ...others } = before.flags;
  await twinflag.write(
    'other.json',
    JSON.stringify({
      ...before,
      flags: {
        ...others,
        profile_ui_revamp: { ...others.profile_ui_revamp, description: 'Another one.', rollout: { status: 'active', percentage: 99 } },
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

  await twinflag.write('wrong.json', JSON.stringify({ ...before, flags: { ...before.flags, wrong: { type: 'colour' } } }));
  const wrong = await command('diff', 'wrong.json');
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /^error +\/flags\/wrong\/type: /m);
  assert.equal((await command('apply', 'wrong.json', '-y')).code, 1);
  assert.deepEqual(await exported(), before);
});

test('apply shows the difference and imports it; standard input is a document, too', async () => {
  const before = await exported();
  const document = { ...before, flags: { ...before.flags, applied: { default: 'on' } } };
  await twinflag.write('apply.json', JSON.stringify(document));
  const applied = await lines('apply', 'apply.json', '--yes', '--reason', 'a deploy');
  assert.match(applied[0], /^added +\/flags\/applied$/);
  assert.match(applied.at(-1), /^imported \(version \d+\)$/);
  assert.equal(await value('applied', {}), true);
  assert.equal((await json('log', '--flag', 'applied')).changes[0].reason, 'a deploy');
  assert.deepEqual(await lines('apply', 'apply.json', '--yes'), ['no difference']);

  // An import that takes nothing away does not ask.
  document.flags.piped = {};
  const piped = await twinflag.run(['import', '-', '--data', server.data], { input: JSON.stringify(document) });
  assert.deepEqual([piped.code, piped.err], [0, '']);
  assert.equal(await value('piped', {}), false);
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
  const careful = createServer((request, response) => {
    const { searchParams } = new URL(request.url, 'http://localhost');
    const allowed = searchParams.getAll('remove').includes('flags/a'),
      isTrial = searchParams.get('dryRun') === 'true';
    const consequences = [{ ...consequence, allowed }];
    response.setHeader('content-type', 'application/json').setHeader('etag', '"e.1"');
    if (request.method === 'GET') return response.end('{}');
    if (!isTrial) imports.push([request.url, request.headers['if-match']]);
    if (!isTrial && !allowed) {
      response.statusCode = 422;
      return response.end(JSON.stringify({ code: 'UNSAFE_CHANGE', detail: 'it takes away what serves', status: 422, consequences }));
    }
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
  await new Promise(resolve => careful.listen(0, '127.0.0.1', resolve));
  const env = { TWINFLAG_URL: `http://127.0.0.1:${careful.address().port}`, TWINFLAG_TOKEN: 't' };
  try {
    await twinflag.write('gone.json', '{}');
    const unnamed = await twinflag.run(['apply', 'gone.json', '--yes'], { env });
    assert.equal(unnamed.code, 1);
    assert.match(unnamed.out, /^goes +\/flags\/a: no flag "a", with 2 overrides, used by \/flags\/b$/m);
    assert.match(unnamed.err, /^error: not done: .*\nhint: name what may go: --remove flags\/a\n$/);
    assert.deepEqual(imports, []);

    const named = await twinflag.run(['apply', 'gone.json', '--yes', '--reason', 'r', '--remove', 'flags/a'], { env });
    assert.deepEqual([named.code, named.err], [0, '']);
    assert.deepEqual(imports, [['/api/admin/document?remove=flags%2Fa&reason=r', '"e.1"']]);

    const created = await twinflag.run(['create', 'b'], { env });
    assert.match(
      created.err,
      /^error: it takes away what serves\ncode: UNSAFE_CHANGE \(422\)\ngoes +\/flags\/a: .*\nhint: name what may go: /,
    );
  } finally {
    careful.close();
  }
});

test('a deploy renames, removes, brings back and keeps only as the command line says', async () => {
  const folder = await dataFolder();
  const worker = await hostWorker({
    data: folder.path,
    document: JSON.stringify({ schema: 'twinflag/1', environment: 'production', flags: { old: { salt: 's' }, gone: {} } }),
  });
  const env = { TWINFLAG_URL: worker.url, TWINFLAG_TOKEN: worker.adminToken };
  const run = (...args) => twinflag.run(args, { env });
  const written = (flags, more = {}) => twinflag.write('deploy.json', JSON.stringify({ schema: 'twinflag/1', flags, ...more }));
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

test('overrides of users, customers and organizations are set, listed and removed', async () => {
  await lines('create', 'own');
  await lines('on', 'own', '--customer', 'c-1', 'c-2', '--organization', 'o-1', '--reason', 'r');
  await lines('override', 'set', 'own', 'off', '--user', 'ada', '--customer', 'c-2', '--reason', 'r');
  const listed = async () =>
    (await json('override', 'list', '--flag', 'own')).overrides.map(({ kind, owner, value }) => `${kind} ${owner} ${value}`);
  assert.deepEqual(await listed(), ['user ada off', 'customer c-1 on', 'customer c-2 off', 'organization o-1 on']);
  assert.deepEqual(
    [await value('own', { customerId: 'c-1' }), await value('own', { customerId: 'c-2' }), await value('own', { customerId: 'c-3' })],
    [true, false, false],
  );
  await lines('on', 'own', '--user', 'ada');
  assert.equal((await listed())[0], 'user ada on');
  await lines('override', 'remove', 'own', '--user', 'ada', '--customer', 'c-1', 'c-2', '--organization', 'o-1', '--reason', 'r');
  assert.deepEqual(await listed(), []);
  assert.deepEqual(await lines('override', 'list', '--flag', 'own'), ['no overrides']);
  assert.equal((await command('override', 'set', 'own', 'on')).code, 64);
});

test('two edits at once are both there', async () => {
  await lines('create', 'both');
  const users = ['u-1', 'u-2', 'u-3'];
  await Promise.all(users.map(user => lines('on', 'both', '--user', user)));
  const { overrides } = await json('override', 'list', '--flag', 'both');
  assert.deepEqual(overrides.map(({ owner }) => owner).sort(), users);
});

test('flags of every type are created, and types declares their values for TypeScript', async () => {
  await lines('create', 'shop.colour', '--type', 'string', '--variant', 'red=red', 'blue="navy blue"', 'digits=7', '--default', 'blue');
  await lines(
    'create',
    'limit',
    '--type',
    'number',
    '--variant',
    'low=1.5',
    'high=9',
    '--owner',
    'shop',
    '--tag',
    'a',
    'b',
    '--unit',
    'customerId',
  );
  await lines('create', 'layout', '--type', 'object', '--variant', 'wide={"columns":3,"names":["a"]}');
  assert.deepEqual(
    [await value('shop.colour', {}), await value('limit', {}), await value('layout', {})],
    ['navy blue', 1.5, { columns: 3, names: ['a'] }],
  );
  assert.deepEqual((await exported()).flags.limit, {
    owner: 'shop',
    tags: ['a', 'b'],
    type: 'number',
    variants: { low: 1.5, high: 9 },
    on: 'high',
    off: 'low',
    default: 'low',
    unit: 'customerId',
  });
  for (const wrong of [
    ['--type', 'number'],
    ['--type', 'number', '--variant', 'a=b'],
    ['--variant', 'on=1'],
    ['--type', 'colour'],
    ['--type', 'string', '--variant', 'x'],
  ]) {
    assert.equal((await command('create', 'wrong', ...wrong)).code, 64, wrong.join(' '));
  }

  await lines('types', '--output', 'flags.d.ts');
  await twinflag.write(
    'typed.ts',
    `
    import type { FlagKey, Flags, FlagValue } from './flags.js';
    const key: FlagKey = 'shop.colour';
    const colour: FlagValue<'shop.colour'> = 'navy blue';
    const digits: FlagValue<'shop.colour'> = '7';
    const high: Flags['limit'] = 9;
    const columns: 3 = ({} as Flags['layout']).columns;
    const isOn: boolean = ({} as Flags)['profile_ui_revamp'];
    // @ts-expect-error there is no such flag
    const absent: FlagKey = 'shop.color';
    // @ts-expect-error there is no such value
    const green: FlagValue<'shop.colour'> = 'green';
    export { absent, colour, columns, digits, green, high, isOn, key };`,
  );
  const tsc = join(NPM, 'node_modules/typescript/bin/tsc');
  const checked = await run('node', [
    tsc,
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--types',
    '',
    join(twinflag.folder, 'typed.ts'),
  ]).catch(error => error);
  assert.equal(checked.stdout, '');
});

test('refusals are told with their place, their code and a hint; with --json as the problem itself', async () => {
  const absent = await command('rollout', 'start', 'absent');
  assert.deepEqual([absent.code, absent.out], [1, '']);
  assert.match(absent.err, /^error: no flag has the key or alias "absent"\n.*hint: `twinflag list` shows all flags\n$/s);
  const odd = await command('override', 'set', 'own', 'purple', '--customer', 'c-1', '--reason', 'r');
  assert.match(odd.err, /\nat: \/variant\ncode: [A-Z_]+ \(4\d\d\)\n/);
  const problem = JSON.parse((await command('override', 'set', 'own', 'purple', '--customer', 'c-1', '--reason', 'r', '--json')).err);
  assert.deepEqual([problem.pointer, problem.status >= 400], ['/variant', true]);
  const stranger = await command('list', '--url', server.url, '--token', 'none');
  assert.match(stranger.err, /code: UNAUTHORIZED \(401\)\nhint: make a token with `twinflag token`/);
});

test('a wrong command line is 64, no server is 69, and help is 0', async () => {
  for (const wrong of [
    [],
    ['paint'],
    ['off'],
    ['list', '--colour'],
    ['rollout', 'percentage', 'x', '101'],
    ['log', '--limit', '0'],
    ['serve', '--port', '65536'],
    ['token', '--sub', 's', '--role', 'root'],
  ]) {
    assert.equal((await twinflag.run(wrong)).code, 64, wrong.join(' '));
  }
  assert.match((await twinflag.run(['lits'])).err, /Did you mean list\?/);
  const none = await twinflag.run(['list', '--data', twinflag.data('none')]);
  assert.deepEqual([none.code, none.err.includes('no server runs on')], [69, true]);
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const away = await twinflag.run(['list', '--url', nobody, '--token', 't']);
  assert.deepEqual([away.code, away.err.split('\n')[0]], [69, `error: no server answers at ${nobody}: ECONNREFUSED`]);
  // Another server than the folder's gets no token of the folder.
  assert.equal((await command('list', '--url', server.url)).code, 64);
  const { code, out } = await twinflag.run(['--help']);
  assert.equal(code, 0);
  for (const name of COMMANDS) assert.match(out, new RegExp(`^ {2}${name} `, 'm'));
});

test('the environment names the server and the token', async () => {
  const { adminToken } = JSON.parse(await readFile(join(server.data, 'dev.json'), 'utf8'));
  const env = { TWINFLAG_URL: `${server.url}/`, TWINFLAG_TOKEN: adminToken };
  const { features } = JSON.parse((await twinflag.run(['list', '--json'], { env })).out);
  assert.ok(features.some(({ flagPath }) => flagPath === 'profile_ui_revamp'));
  const other = await twinflag.run(['list', '--environment', 'absent'], { env });
  assert.match(other.err, /code: ENVIRONMENT_NOT_FOUND \(404\)/);
});

test('verify tells a whole trail from an altered one by its exit code', async () => {
  assert.match((await lines('verify'))[0], /^valid: \d+ records, the newest has the hash [0-9a-f]{64}$/);
  // A server that has found an alteration.
  const broken = createServer((_, response) =>
    response.setHeader('content-type', 'application/json').end('{"valid":false,"records":2,"head":"","broken":"record 1 was altered"}'),
  );
  await new Promise(resolve => broken.listen(0, '127.0.0.1', resolve));
  const verdict = await twinflag.run(['verify', '--url', `http://127.0.0.1:${broken.address().port}`, '--token', 't']);
  broken.close();
  assert.deepEqual([verdict.code, verdict.err], [1, 'error: the audit trail is broken: record 1 was altered\n']);
});

test('tokens are signed as another implementation expects, and only the roles of one organization take one', async () => {
  const { jwtVerify } = createRequire(join(NPM, 'package.json'))('jose');
  await twinflag.write('secret', `${KEYS.JWT_SECRET}\n`);
  const mint = (...args) => twinflag.run(['token', '--secret-file', 'secret', '--sub', 'ada', ...args]);
  const { out } = await mint('--role', 'member', '--organization', 'o-1', '--environments', 'staging, production', '--minutes', '10');
  const { payload, protectedHeader } = await jwtVerify(out.trim(), new TextEncoder().encode(KEYS.JWT_SECRET));
  assert.deepEqual(protectedHeader, { alg: 'HS256', typ: 'JWT' });
  assert.deepEqual(
    [payload.sub, payload.exp - payload.iat, payload.app_metadata],
    ['ada', 600, { role: 'member', organizationId: 'o-1', environments: ['staging', 'production'] }],
  );
  for (const [code, ...args] of [
    [0, 'admin'],
    [0, 'operator', '--minutes', '1440'],
    [64, 'operator', '--minutes', '1441'],
    [64, 'viewer', '--organization', 'o'],
    [64, 'member'],
    [64, 'admin', '--organization', 'o'],
  ]) {
    assert.equal((await mint('--role', ...args)).code, code, args.join(' '));
  }
});

test('a deployment without a document takes its first one', async () => {
  const folder = await dataFolder();
  const empty = await hostWorker({ data: folder.path });
  try {
    await twinflag.write('first.json', EXAMPLES);
    const env = { TWINFLAG_URL: empty.url, TWINFLAG_TOKEN: empty.adminToken };
    assert.equal((await twinflag.run(['diff', 'first.json'], { env })).code, 2);
    const imported = await twinflag.run(['import', 'first.json'], { env });
    assert.deepEqual([imported.code, imported.err], [0, '']);
    assert.equal((await twinflag.run(['diff', 'first.json'], { env })).code, 0);
  } finally {
    await empty.stop();
    await folder.remove();
  }
});

test('bash completes commands, options and choices', async () => {
  await twinflag.write('completion.bash', (await twinflag.run(['completion', 'bash'])).out);
  const complete = async (...words) => {
    const script = `source ./completion.bash; COMP_WORDS=(twinflag ${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _twinflag; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await run('bash', ['-c', script], { cwd: twinflag.folder })).stdout.trim().split('\n');
  };
  assert.deepEqual(await complete('ro'), ['rollout']);
  assert.deepEqual(
    (await complete('rollout', '')).filter(word => !word.startsWith('-')),
    ['show', 'start', 'percentage', 'advance', 'pause', 'resume', 'rollback', 'complete'],
  );
  assert.ok((await complete('rollout', 'start', 'life', '--per')).includes('--percentage'));
  assert.deepEqual(await complete('token', '--role', 'o'), ['operator', 'organization_admin']);
  // Without a word of ours the shell completes files.
  for (const words of [
    ['apply', 'completion.b'],
    ['export', '--output', 'completion.b'],
    ['dev', '--data', ''],
  ])
    assert.deepEqual(await complete(...words), [''], words.join(' '));
  assert.match(
    (await run('bash', ['-c', 'source ./completion.bash; complete -p twinflag'], { cwd: twinflag.folder })).stdout,
    /-o default/,
  );
  assert.deepEqual(
    (await complete('completion', '')).filter(word => !word.startsWith('-')),
    ['bash', 'zsh', 'fish'],
  );
  assert.deepEqual((await complete('')).filter(word => !word.startsWith('-')).sort(), [...COMMANDS].sort());
});
