// The commands of the packed package for flags: what they print, what they change, and what they ask first.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { ownCommands } from './commands.mjs';

const run = promisify(execFile);
const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));

const own = ownCommands();
const { command, exported, json, lines, notes, refusal, value } = own;

test('the life of a flag: created, on for two users, 5 %, 50 %, who did it, off', async () => {
  assert.match((await lines('create', 'life', '--description', 'A flag.'))[0], /^created life \(version \d+\)$/);
  assert.equal(await value('life', { userId: 'ada' }), false);
  assert.match((await lines('on', 'life', '--user', 'ada,mary', '--reason', 'they asked'))[0], /^life = on for users ada, mary/);
  assert.deepEqual(
    [await value('life', { userId: 'ada' }), await value('life', { targetingKey: 'mary' }), await value('life', { userId: 'grace' })],
    [true, true, false],
  );

  assert.match(
    (await lines('rollout', 'start', 'life', '--percentage', '5')).join('\n'),
    /^life: switched on, rollout active at 5 % \(version \d+\)$/,
  );
  assert.match((await lines('rollout', 'percentage', 'life', '50')).at(-1), /^life: switched on, rollout active at 50 % \(version \d+\)$/);
  const { changes } = await json('log', '--flag', 'life');
  assert.deepEqual(
    changes.map(({ action }) => action),
    ['rollout.percentage', 'rollout.start', 'definition.set', 'definition.set'],
  );
  assert.equal(changes[2].reason, 'they asked');
  assert.deepEqual([...new Set(changes.map(({ changedBy }) => changedBy))], [userInfo().username]);
  const told = (await lines('log', '--flag', 'life')).map(line => line.split(/ {2,}/));
  assert.deepEqual(told[0], ['VERSION', 'CHANGE', 'WHEN (UTC)', 'WHO', 'WHAT', 'WHY']);
  assert.deepEqual(
    told.slice(1).map(row => [row[4], row[5]]),
    [
      ['life: rollout set, 50 %', 'no reason was given'],
      ['life: rollout started, 5 %', 'no reason was given'],
      ['life: on for users ada, mary', 'they asked'],
      ['life: created', 'no reason was given'],
    ],
  );

  await lines('off', 'life', '--yes', '--reason', 'it is broken');
  assert.equal(await value('life', { userId: 'ada' }), false);
  assert.equal((await lines('rollout', 'show', 'life'))[0], 'life: switched off for everybody, rollout active at 50 %');
  await lines('on', 'life', '--reason', 'it is mended');
  assert.equal(await value('life', { userId: 'ada' }), true);
});

test('a key that documents would leave out is refused with the rule for keys, and nothing is stored', async () => {
  const before = await exported();
  const [error, place] = await refusal('create', 'my flag');
  assert.match(error, /^error: .*a flag key is letters, digits, _ and - in segments with a dot between them$/);
  assert.equal(place, 'at: /flags/my flag');
  assert.deepEqual(await exported(), before);
});

test('a flag that is there is not created again, and one that was removed returns only by restore, with its state', async () => {
  await lines('create', 'again');
  assert.deepEqual(await refusal('create', 'again', '--default', 'on'), ['error: there is a flag "again" already']);
  assert.equal(await value('again', {}), false);
  await lines('off', 'again', '--yes', '--reason', 'r');
  assert.match((await lines('remove', 'again', '--yes', '--reason', 'it is over'))[0], /^again: removed \(version \d+\)$/);
  assert.match((await refusal('on', 'again', '--user', 'ada')).at(-1), /^hint: .*`twinflag list --archived` those that were removed$/);
  assert.ok((await lines('list', '--archived')).some(line => /^again +\S+ +\d{4}-\d\d-\d\d$/.test(line)));
  const archived = await refusal('create', 'again', '--unit', 'userId');
  assert.match(
    archived[0],
    /^error: the flag "again" was removed, and would return as it was, switched off: restore it, and change it then$/,
  );
  assert.deepEqual(archived.slice(-2), [
    'code: FLAG_ARCHIVED (409)',
    'hint: `twinflag restore FLAG` brings it back with its state, its users and its overrides',
  ]);
  await lines('restore', 'again', '--reason', 'it is needed');
  assert.match((await lines('show', 'again'))[0], /^again: switched off for everybody$/);
});

test('show tells the state, the definition and the last change of one flag, by an alias, too', async () => {
  const document = await exported();
  await own.twinflag.write(
    'shown.json',
    JSON.stringify({ ...document, flags: { ...document.flags, shown: { aliases: ['known'], description: 'A flag.' } } }),
  );
  await lines('apply', 'shown.json', '--yes', '--reason', 'a deploy');
  await lines('rollout', 'start', 'shown', '--percentage', '5');
  const told = await lines('show', 'known');
  assert.deepEqual(told.slice(0, 4), [
    'shown: switched on, rollout active at 5 %',
    'aliases      ["known"]',
    'description  A flag.',
    'variants     {"on":true,"off":false}',
  ]);
  assert.match(told[4], /^last change: shown: rollout started, 5 %, by \S+, version \d+: no reason was given$/);
  assert.deepEqual((await json('show', 'known')).definition, document.flags.shown ?? { aliases: ['known'], description: 'A flag.' });
  assert.match((await lines('on', 'known', '--user', 'ada'))[0], /^shown = on for user ada/);
});

test('users are named by commas, by several words, or by the option again, and never by an empty text', async () => {
  await lines('create', 'several');
  await lines('on', 'several', '--user', 'a, b', 'c', '--user', 'd', '--user', 'a');
  const { overrides } = await json('override', 'list', '--flag', 'several');
  assert.deepEqual(
    overrides.map(({ owner }) => owner),
    ['a', 'b', 'c', 'd'],
  );
  for (const empty of ['', 'a,,b', ',', ' ']) {
    const refused = await command('on', 'several', '--user', empty);
    assert.deepEqual([refused.code, refused.err.includes('A name is empty.')], [64, true], `"${empty}"`);
  }
});

test('on for users says that it changes the definition, and that a killed flag stays off', async () => {
  await lines('create', 'noted');
  const definition = /^note: this changed "targets" of the definition: /;
  const [first, ...others] = await notes('on', 'noted', '--user', 'ada');
  assert.match(first, definition);
  assert.deepEqual(others, []);
  await lines('off', 'noted', '--yes', '--reason', 'r');
  const killed = await notes('on', 'noted', '--user', 'mary');
  assert.match(killed[0], definition);
  assert.match(killed[1], /^note: noted is switched off for everybody, these owners too, until: twinflag on noted --reason/);
  assert.equal(await value('noted', { userId: 'mary' }), false);
});

test('a rollout says by what it draws if nobody chose that, and that a flag is off', async () => {
  await lines('create', 'drawn');
  const [unit, ...none] = await notes('rollout', 'start', 'drawn', '--percentage', '5');
  assert.match(unit, /^note: the rollout draws by targetingKey, because the flag names no unit: .*"unit" of the definition/);
  assert.deepEqual(none, []);
  await lines('create', 'chosen', '--unit', 'customerId');
  await lines('off', 'chosen', '--yes', '--reason', 'r');
  const off = 'note: the flag is switched off: it serves nobody until it is switched on';
  assert.deepEqual(await notes('rollout', 'start', 'chosen', '--percentage', '5'), [off]);
  assert.deepEqual(await notes('rollout', 'percentage', 'chosen', '6'), [off]);
  await lines('on', 'chosen', '--reason', 'r');
  assert.deepEqual(await notes('rollout', 'percentage', 'chosen', '7'), ['']);
  assert.deepEqual((await json('rollout', 'percentage', 'chosen', '7')).notes, undefined);
});

test('what is so already is told as nothing to change, and makes no version', async () => {
  await lines('create', 'idle');
  await lines('on', 'idle', '--user', 'ada', 'mary');
  const before = await exported();
  const { version } = await json('list');
  for (const idle of [
    ['on', 'idle', '--user', 'ada'],
    ['on', 'idle', '--user', 'mary,ada'],
    ['override', 'remove', 'idle', '--user', 'nobody'],
    ['override', 'remove', 'idle', '--customer', 'c-1', '--reason', 'r'],
    ['on', 'idle', '--reason', 'r'],
  ])
    assert.match((await lines(...idle))[0], /^nothing to change/, idle.join(' '));
  assert.deepEqual([await exported(), (await json('list')).version], [before, version]);
});

test('a flag of another type has its own variants for on and off, and a wrong one is answered with those there are', async () => {
  await lines('create', 'sizes', '--type', 'string', '--variant', 'small=s', 'large=l');
  await lines('on', 'sizes', '--user', 'ada');
  await lines('off', 'sizes', '--user', 'mary', '--yes');
  assert.deepEqual([await value('sizes', { userId: 'ada' }), await value('sizes', { userId: 'mary' })], ['l', 's']);
  assert.deepEqual(await refusal('override', 'set', 'sizes', 'huge', '--user', 'ada'), [
    'error: sizes has no variant "huge"; its variants are small, large',
  ]);
});

test('list marks flags whose definition has an error, and show has what was refused', async () => {
  await lines('create', 'faulty');
  const document = await exported();
  await own.twinflag.write('faulty.json', JSON.stringify({ ...document, flags: { ...document.flags, faulty: { default: 'purple' } } }));
  const applied = await lines('apply', 'faulty.json', '--yes', '--partial');
  assert.ok(applied.includes('kept     /flags/faulty (its last good definition serves on)'), applied.join('\n'));
  assert.ok(!applied.some(line => /^(added|goes)/.test(line)), applied.join('\n'));
  assert.equal(await value('faulty', {}), false);
  await lines('create', 'faultless');
  const listed = await command('list');
  assert.match(listed.out, /^faulty \(!\) +boolean +on$/m);
  assert.match(listed.err, /^note: \(!\) has a definition with an error/);
  assert.ok((await lines('show', 'faulty')).includes('refused: {"default":"purple"}, so the definition above serves'));
  // One by one it is mended.
  await lines('on', 'faulty', '--user', 'ada');
  assert.ok(!(await lines('list')).join('\n').includes('(!)'));
});

test('what takes a flag from somebody is not done unasked', async () => {
  await lines('create', 'asked');
  await lines('rollout', 'start', 'asked', '--percentage', '50');
  await own.twinflag.write('less.json', JSON.stringify({ schema: 'twinflag/1', environment: 'production', flags: { asked: {} } }));
  const before = await exported();
  for (const hurts of [
    ['off', 'asked', '--reason', 'r'],
    ['off', 'asked', '--user', 'ada'],
    ['remove', 'asked'],
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
  assert.match((await lines('rollout', 'percentage', 'asked', '60%')).at(-1), /^asked: switched on, rollout active at 60 % /);
  assert.match((await lines('rollout', 'percentage', 'asked', '40', '-y')).at(-1), /^asked: switched on, rollout active at 40 % /);
});

test('a command invents no reason: without one, a locked flag stays and no step is forced', async () => {
  const locked = await exported();
  await own.twinflag.write('locked.json', JSON.stringify({ ...locked, flags: { ...locked.flags, guarded: { locked: true } } }));
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
      const terminal = spawn(
        'script',
        ['-qec', `node_modules/.bin/twinflag off terminal --reason r --data ${own.server.data}`, '/dev/null'],
        {
          cwd: own.twinflag.folder,
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      );
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
  await own.twinflag.write(
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
    join(own.twinflag.folder, 'typed.ts'),
  ]).catch(error => error);
  assert.equal(checked.stdout, '');
});

test('schedule adds a step of a flag or the steps of a file, lists them in words, and cancels one by the beginning of its id', async () => {
  await lines('create', 'later');
  await lines('schedule', 'add', 'later', 'advance', '--at', '2d', '--until', '5d');
  assert.match(
    (await refusal('schedule', 'add', 'later', 'percentage', '12.5', '--at', '2031-01-01T08:00:00+01:00'))[0],
    /at most 366 days ahead/,
  );
  const at = new Date(Date.now() + 86_400_000).toISOString();
  const steps = [{ at, method: 'DELETE', path: '/api/admin/overrides?customerId=c-1&reason=x' }];
  await own.twinflag.write('steps.json', JSON.stringify({ steps }));
  assert.match((await lines('schedule', 'add', '--steps', join(own.twinflag.folder, 'steps.json')))[0], /^scheduled \S+ \(version \d+\)$/);
  const listed = async () => (await lines('schedule', 'list')).slice(1).map(line => line.split(/ {2,}/));
  const rows = await listed();
  assert.deepEqual(
    rows.map(row => row.find(cell => /^(?:DELETE )?(?:rollout|overrides)/.test(cell))),
    ['DELETE overrides?customerId=c-1&reason=x', 'rollout/advance'],
  );
  assert.equal(rows[0][0], at);
  const [{ id, until }] = (await json('schedule', 'list', '--flag', 'later')).schedules;
  assert.equal(Math.round((Date.parse(until) - Date.now()) / 86_400_000), 5);
  assert.match((await lines('schedule', 'cancel', id.slice(0, 8), '--reason', 'r'))[0], /^later: schedule cancelled \(version \d+\)$/);
  assert.match((await refusal('schedule', 'cancel', id))[0], /^error: no pending schedule has an id that begins with /);
  assert.equal((await listed()).length, 1);
  for (const wrong of [
    ['later'],
    ['later', 'kill', '--at', '1h'],
    ['later', 'rollback', '--at', '1h'],
    ['later', 'percentage', '--at', '1h'],
    ['later', 'pause', '5', '--at', '1h'],
    ['later', 'jump', '--at', '1h'],
    ['later', 'pause', '--at', 'tomorrow'],
    ['later', 'pause', '--steps', 'steps.json'],
  ]) {
    assert.equal((await command('schedule', 'add', ...wrong)).code, 64, wrong.join(' '));
  }
});
