// The commands of the packed package for the audit trail: what was changed, by whom, and how it is undone.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownCommands, standIn } from './commands.mjs';

const own = ownCommands();
const { command, exported, json, lines, refusal } = own;

test('log says in words what was changed, and for whom', async () => {
  const { environment, ...document } = await exported();
  const change = async (flags, ...options) => {
    await own.twinflag.write('worded.json', JSON.stringify({ ...document, environment, flags: { ...document.flags, ...flags } }));
    await lines('apply', 'worded.json', '--yes', ...options);
  };
  await change({ worded: { description: 'a', targets: [{ attribute: 'userId', values: ['ada', 'bob'], variant: 'on' }] } });
  await change({
    worded: {
      description: 'b',
      targets: [
        { attribute: 'userId', values: ['bob', 'cy'], variant: 'off' },
        { attribute: 'plan', values: ['pro'], variant: 'on' },
      ],
    },
  });
  await lines('override', 'set', 'worded', 'on', '--customer', 'c-1', '--organization', 'o-1', '--reason', 'r');
  await lines('override', 'remove', 'worded', '--customer', 'c-1', '--reason', 'r');
  await lines('off', 'worded', '--yes', '--reason', 'r');
  await lines('on', 'worded', '--reason', 'r');
  await lines('remove', 'worded', '--yes');
  const told = (await lines('log', '--flag', 'worded')).slice(1).map(line => line.split(/ {2,}/)[4]);
  assert.deepEqual(told, [
    'worded: removed',
    'worded: switched on',
    'worded: switched off for everybody',
    'worded: override removed for customer c-1',
    'worded = on for organization o-1',
    'worded = on for customer c-1',
    'worded: as for others for user ada; off for users bob, cy; other targets changed; description: "a" → "b"',
    'worded: created',
  ]);
});

test('log of a flag that is not there says so, and has the changes of one that was removed', async () => {
  assert.equal((await refusal('log', '--flag', 'nope'))[0], 'error: no flag has the key or alias "nope"');
  await lines('create', 'gone');
  await lines('remove', 'gone', '--yes');
  assert.equal((await json('log', '--flag', 'gone')).changes.length, 2);
});

test('revert undoes the newest change of a flag, or one by the beginning of its id, and can be undone', async () => {
  await lines('create', 'undone');
  await lines('on', 'undone', '--user', 'ada', '--reason', 'she asked');
  const users = async () => (await json('override', 'list', '--flag', 'undone')).overrides.map(({ owner }) => owner);
  const unasked = await command('revert', '--last', '--flag', 'undone');
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /^error: not done: undo "undone: on for user ada" by \S+ \(version \d+\)\?\nhint: confirm with --yes\n$/);
  assert.deepEqual(await users(), ['ada']);

  assert.match(
    (await lines('revert', '--last', '--flag', 'undone', '--yes', '--reason', 'too early'))[0],
    /^undone: as for others for user ada \(taken back\) /,
  );
  assert.deepEqual(await users(), []);
  const [record] = (await json('log', '--flag', 'undone')).changes;
  assert.deepEqual([record.action, record.reason], ['change.revert', 'too early']);
  const [, row] = await lines('log', '--flag', 'undone');
  assert.equal(row.split(/ {2,}/)[1], record.id.slice(0, 8));
  await lines('revert', record.id.slice(0, 8), '--yes');
  assert.deepEqual(await users(), ['ada']);
});

test('revert --last takes a whole command back, and redoes nothing', async () => {
  await lines('create', 'begun', '--unit', 'userId');
  await lines('rollout', 'start', 'begun', '--percentage', '5');
  assert.deepEqual(await lines('rollout', 'show', 'begun'), ['begun: switched on, rollout active at 5 %']);
  await lines('revert', '--last', '--flag', 'begun', '--yes');
  assert.deepEqual(await lines('rollout', 'show', 'begun'), ['begun: switched on']);
  const [undoing] = (await json('log', '--flag', 'begun')).changes;
  const again = await refusal('revert', '--last', '--flag', 'begun', '--yes');
  assert.match(again[0], /^error: the newest change is itself an undoing: "begun: .*\(taken back\)" \(version \d+\)$/);
  assert.match(again[1], new RegExp(`^hint: to redo what it took back: twinflag revert ${undoing.id}; `));
  await lines('revert', undoing.id, '--yes');
  assert.deepEqual(await lines('rollout', 'show', 'begun'), ['begun: switched on, rollout active at 5 %']);
});

test('a document that adopts an edit is told as that, and revert --last passes over it', async () => {
  await lines('create', 'adopted', '--unit', 'userId');
  await lines('on', 'adopted', '--user', 'ada');
  await own.twinflag.write('adopted.json', JSON.stringify(await exported()));
  await lines('import', 'adopted.json', '--yes');
  // Another change of the document, so that an import is sent at all.
  const document = await exported();
  await own.twinflag.write('adopted.json', JSON.stringify({ ...document, flags: { ...document.flags, beside: {} } }));
  await lines('apply', 'adopted.json', '--yes');
  const [, row] = await lines('log', '--flag', 'adopted');
  assert.equal(row.split(/ {2,}/)[4], 'adopted: the document has the edit now, and nothing changed');
  assert.match((await command('revert', '--last', '--flag', 'adopted')).err, /^error: not done: undo "adopted: on for user ada" by /);
});

test('log says of an assignment that it was taken back', async () => {
  const record = (version, more) => ({
    version,
    id: `r-${version}`,
    action: 'customer.assign',
    changedAt: '2027-01-15T08:00:00Z',
    changedBy: 'ada',
    reason: 'r',
    customerId: 'c-1',
    ...more,
  });
  const changes = [record(2, { reverts: 'r-1' }), record(1, { organizationId: 'o-1' })];
  const { env, close } = await standIn((_, response) => response.end(JSON.stringify({ changes })));
  const { out } = await own.twinflag.run(['log'], { env });
  close();
  assert.match(out, / customer c-1: belongs to no organization \(taken back\) /);
  assert.match(out, / customer c-1: belongs to organization o-1 +r$/m);
});

test('revert --dry-run tells what would change and what would go, and changes nothing', async () => {
  await lines('create', 'tried', '--unit', 'userId');
  await lines('override', 'set', 'tried', 'on', '--customer', 'c-1', '--reason', 'r');
  const [, created] = (await json('log', '--flag', 'tried')).changes;
  const before = await exported();
  assert.deepEqual(await lines('revert', '--last', '--flag', 'tried', '--dry-run'), ['tried "on" → absent for customer c-1 (taken back)']);
  const told = await lines('revert', created.id, '--dry-run');
  assert.equal(told[0], 'tried: removed (taken back)');
  assert.match(told.at(-1), /^goes +\/flags\/tried: .*, with an override, used by \/overrides\/customers\/c-1$/);
  assert.deepEqual(await exported(), before);
  assert.equal((await command('revert', created.id, '--yes')).code, 1);
  assert.equal((await json('log', '--flag', 'tried')).changes.length, 2);
});

test('a revert that would lose something newer is refused with the change to undo first', async () => {
  await lines('create', 'newer');
  await lines('on', 'newer', '--user', 'ada');
  const [older] = (await json('log', '--flag', 'newer')).changes;
  await lines('on', 'newer', '--user', 'mary');
  const [newest] = (await json('log', '--flag', 'newer')).changes;
  const refused = await refusal('revert', older.id, '--yes');
  assert.match(refused.at(-2), /^code: REVERT_CONFLICT \(409\)$/);
  assert.equal(refused.at(-1), `hint: undo the newer change of version ${newest.version} first: twinflag revert ${newest.id}`);
  for (const [code, ...args] of [
    [64],
    [64, newest.id, '--last'],
    [64, newest.id, '--flag', 'newer'],
    [1, 'ffffffff-nothing'],
    [1, '--last', '--flag', 'nope'],
    [1, '00000000-0000-4000-8000-000000000000'],
  ])
    assert.equal((await command('revert', ...args, '--yes')).code, code, args.join(' '));
});

test('revert --last skips what no revert takes back, and tells and asks about all that a change touched', async () => {
  const record = (version, id, action, more) => ({
    version,
    id,
    action,
    changedAt: '2027-01-15T08:00:00Z',
    changedBy: 'ada',
    reason: 'r',
    ...more,
  });
  const trail = [
    record(11, 'planned', 'schedule.refuse', { flagPath: 'second' }),
    record(10, 'hook', 'webhook.disable'),
    record(9, 'used', 'break-glass.use'),
    record(8, 'token', 'token.create', { newJson: { name: 'ci', role: 'viewer' } }),
    record(7, 'first', 'import.definition', { flagPath: 'first' }),
    record(7, 'second', 'import.definition', { flagPath: 'second' }),
    record(7, 'segment', 'import.definition', { pointer: '/segments/team' }),
    record(6, 'alone', 'override.set', { flagPath: 'alone', customerId: 'c-1' }),
    record(6, 'alone-too', 'override.set', { flagPath: 'alone', organizationId: 'o-1' }),
  ];
  const undone = [];
  const { env, close } = await standIn((request, response, { pathname, searchParams }) => {
    const is = (name, value) => !searchParams.has(name) || searchParams.get(name) === String(value);
    if (request.method === 'POST') undone.push(pathname.split('/').at(-2));
    const changes = trail
      .filter(({ flagPath, version }) => is('flag', flagPath) && is('version', version))
      .slice(0, searchParams.get('limit'));
    response.end(JSON.stringify(request.method === 'POST' ? { changed: false, changes: [], version: 10, warnings: [] } : { changes }));
  });
  const revert = (...args) => own.twinflag.run(['revert', ...args], { env });
  const ofOne = await revert('--last', '--flag', 'second', '--yes');
  assert.deepEqual(
    [ofOne.code, ofOne.err],
    [
      1,
      'error: not done: undo 3 changes by ada (version 7), of second, first, /segments/team?\n' +
        'hint: the change is not of this flag alone: to undo all of it, name it by its id: twinflag revert second\n',
    ],
  );
  const unasked = await revert('--last');
  assert.match(unasked.err, /^error: not done: undo 3 changes by ada \(version 7\), of first, second, \/segments\/team\?\n/);
  assert.deepEqual(undone, []);
  for (const args of [['second'], ['--last'], ['--last', '--flag', 'alone']]) assert.equal((await revert(...args, '--yes')).code, 0, args);
  close();
  assert.deepEqual(undone, ['second', 'first', 'alone']);
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
  await own.twinflag.write(
    'controls.json',
    JSON.stringify({ ...before, flags: { ...before.flags, controls: { description: 'another' } } }),
  );
  const { out } = await command('diff', 'controls.json');
  assert.deepEqual(out.replaceAll('\n', '').match(/\p{Cc}/gu), null);
  const refused = await command('on', 'a\u001b[2Jb', '--user', 'ada');
  assert.match(refused.err, /^error: no flag has the key or alias "a[^"\p{Cc}]+2Jb"\n/u);
});

test('verify tells a whole trail from an altered one by its exit code', async () => {
  assert.match((await lines('verify'))[0], /^valid: \d+ records, the newest has the hash [0-9a-f]{64}$/);
  // A server that has found an alteration.
  const { env, close } = await standIn((_, response) =>
    response.end('{"valid":false,"records":2,"head":"","broken":"record 1 was altered"}'),
  );
  const verdict = await own.twinflag.run(['verify'], { env });
  close();
  assert.deepEqual([verdict.code, verdict.err], [1, 'error: the audit trail is broken: record 1 was altered\n']);
});

test('verify asks until the verification is over, and says how far it is', async () => {
  const answers = [
    '{"state":"running","records":500,"of":900,"head":"","verifiedFrom":401}',
    '{"state":"done","valid":true,"records":900,"head":"ab","verifiedFrom":401}',
  ];
  const asked = [];
  const { env, close } = await standIn((request, response) => {
    asked.push(request.url);
    response.end(answers[asked.length - 1]);
  });
  const { code, out, err } = await own.twinflag.run(['verify', '--full'], { env });
  close();
  assert.equal(code, 0, err);
  assert.equal(err, '500 of 900 records are verified\n');
  assert.equal(out, 'valid: 900 records, those below 401 by an earlier verification, the newest has the hash ab\n');
  assert.deepEqual(asked, Array(2).fill('/api/admin/changes/verify?full=true'));
});
