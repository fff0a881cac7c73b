// The command line of the packed package: its help, its exit codes, its refusals, its tokens and its completion.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { hostWorker, KEYS } from '../edge/workerd.mjs';
import { dataFolder, freePort } from '../server.mjs';
import { ownCommands, standIn } from './commands.mjs';

const run = promisify(execFile);
const COMMANDS = [
  'dev',
  'serve',
  'token',
  'list',
  'show',
  'create',
  'remove',
  'restore',
  'on',
  'off',
  'rollout',
  'schedule',
  'override',
  'export',
  'import',
  'diff',
  'apply',
  'log',
  'revert',
  'verify',
  'types',
  'completion',
  'webhook',
  'backup',
  'environment',
  'key',
  'stop',
];

const own = ownCommands();
const { command, json, lines } = own;

test('refusals are told with their place, their code and a hint; with --json as the problem itself', async () => {
  await lines('create', 'own');
  const absent = await command('rollout', 'start', 'absent');
  assert.deepEqual([absent.code, absent.out], [1, '']);
  assert.match(absent.err, /^error: no flag has the key or alias "absent"\n.*hint: `twinflag list` shows all flags, .*\n$/s);
  const mistyped = await command('show', 'ovn');
  assert.match(mistyped.err, /\nhint: did you mean own\? `twinflag list` shows all flags, /);
  const local = await command('webhook', 'add', 'http://127.0.0.1:9/hook', '--label', 'own');
  assert.match(local.err, /\nat: \/url\n.*\nhint: a target in a private network needs --private, /);
  const odd = await command('override', 'set', 'own', 'purple', '--customer', 'c-1', '--reason', 'r');
  assert.match(odd.err, /\nat: \/variant\ncode: [A-Z_]+ \(4\d\d\)\n/);
  const problem = JSON.parse((await command('override', 'set', 'own', 'purple', '--customer', 'c-1', '--reason', 'r', '--json')).err);
  assert.deepEqual([problem.pointer, problem.status >= 400], ['/variant', true]);
  assert.equal(problem.hint, '`twinflag show FLAG` lists the variants of a flag');
  const stranger = await command('list', '--url', own.server.url, '--token', 'none');
  assert.match(stranger.err, /code: UNAUTHORIZED \(401\)\nhint: make a token with `twinflag token`/);
});

test('a refusal names the options of the command line, not the parameters and headers of a request', async () => {
  const said = {
    'import it with ?environment=staging': 'import it with --environment staging',
    "name the document's in ?environment=, or set `environment`": "name the document's in --environment, or set `environment`",
    'name its first eight digits, ?newBucketKey=0a1b2c3d': 'name its first eight digits, --new-bucket-key 0a1b2c3d',
    'rename this one by ?newEnvironment=eu': 'rename this one by --new-environment eu',
    'somebody changed it meanwhile: look again, and send If-Match: "e.1"': 'somebody changed it meanwhile',
    'somebody changed something meanwhile: look again, and send its version as If-Match: "e.1"': 'somebody changed something meanwhile',
  };
  let detail;
  const { env, close } = await standIn((_, response) =>
    response.writeHead(409).end(JSON.stringify({ code: 'CONFLICTING', detail, status: 409 })),
  );
  for (const [theirs, ours] of Object.entries(said)) {
    detail = theirs;
    assert.equal((await own.twinflag.run(['list'], { env })).err, `error: ${ours}\ncode: CONFLICTING (409)\n`);
    assert.equal(JSON.parse((await own.twinflag.run(['list', '--json'], { env })).err).detail, theirs);
  }
  close();
});

test('a viewer compares a document with the server, and imports none', async () => {
  const [viewer] = await lines('token', 'create', '--name', 'compares', '--role', 'viewer');
  const as = (...args) => own.twinflag.run([...args, '--url', own.server.url, '--token', viewer]);
  await own.twinflag.write(
    'compared.json',
    JSON.stringify({ ...(await own.exported()), flags: { ...(await own.exported()).flags, compared: {} } }),
  );
  const diff = await as('diff', 'compared.json');
  assert.deepEqual([diff.code, /^added +\/flags\/compared$/m.test(diff.out)], [2, true], diff.err);
  const apply = await as('apply', 'compared.json', '--yes');
  assert.deepEqual([apply.code, /code: FORBIDDEN \(403\)/.test(apply.err)], [1, true], apply.err);
  assert.equal((await own.exported()).flags.compared, undefined);
  await lines('token', 'revoke', 'compares', '--yes');
});

test('with --json a failure is one JSON object on standard error, whatever failed', async () => {
  await own.twinflag.write('broken.json', '{');
  for (const [code, exit, ...args] of [
    ['FLAG_NOT_FOUND', 1, 'show', 'absent'],
    ['FAILED', 1, 'override', 'set', 'profile_ui_revamp', 'purple', '--user', 'ada'],
    ['FAILED', 1, 'diff', 'broken.json'],
    ['FAILED', 1, 'off', 'profile_ui_revamp', '--reason', 'r'],
    ['USAGE', 64, 'off', 'profile_ui_revamp', '--yes'],
    ['USAGE', 64, 'list', '--colour'],
    ['USAGE', 64, 'on'],
    ['USAGE', 64, 'list', '--url', 'localhost:8787'],
    ['UNAVAILABLE', 69, 'list', '--url', `http://127.0.0.1:${await freePort()}`, '--token', 't'],
  ]) {
    const failed = await command(...args, '--json');
    assert.deepEqual([failed.code, failed.out], [exit, ''], args.join(' '));
    const { code: told, detail } = JSON.parse(failed.err);
    assert.deepEqual([told, typeof detail], [code, 'string'], failed.err);
  }
});

test('a command waits for a server that limits requests, says so, and sends the same request again', async () => {
  const keys = [];
  const { env, close } = await standIn((request, response) => {
    if (request.method === 'POST') keys.push(request.headers['idempotency-key']);
    if (keys.length === 1) response.setHeader('retry-after', '1').writeHead(429).end('{"code":"RATE_LIMITED"}');
    else response.end('{"changed":false,"changes":[],"version":1,"warnings":[]}');
  });
  try {
    const kill = ['off', 'a', '--yes', '--reason', 'r'];
    const waited = await own.twinflag.run(kill, { env });
    assert.deepEqual([waited.code, waited.out], [0, 'nothing to change (version 1)\n']);
    assert.equal(waited.err, 'the server takes no more requests for now: waiting 1 s\n');
    assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
  } finally {
    close();
  }
  const always = await standIn((_, response) => response.setHeader('retry-after', '61').writeHead(429).end('{"code":"RATE_LIMITED"}'));
  const refused = await own.twinflag.run(['list'], { env: always.env });
  always.close();
  assert.deepEqual([refused.code, refused.err.split('\n')[1]], [1, 'code: RATE_LIMITED (429)']);
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
    ['serve', '--set', 'RATE_LIMIT=off'],
    ['serve', '--set', 'DEMO=on'],
    ['token', 'create', '--name', 'n', '--role', 'viewer', '--expires', '90'],
    ['token', '--sub', 's', '--role', 'root'],
  ]) {
    assert.equal((await own.twinflag.run(wrong)).code, 64, wrong.join(' '));
  }
  assert.match((await own.twinflag.run(['lits'])).err, /Did you mean list\?/);
  const none = await own.twinflag.run(['list', '--data', own.twinflag.data('none')]);
  assert.deepEqual([none.code, none.err.includes('no server runs on')], [69, true]);
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const away = await own.twinflag.run(['list', '--url', nobody, '--token', 't']);
  assert.deepEqual([away.code, away.err.split('\n')[0]], [69, `error: no server answers at ${nobody}: ECONNREFUSED`]);
  for (const empty of [{ env: { TWINFLAG_TOKEN: '' } }, { args: ['--token', ''] }]) {
    const refused = await own.twinflag.run(['list', '--url', own.server.url, ...(empty.args ?? [])], { env: empty.env });
    assert.deepEqual([refused.code, refused.err.split('\n')[0]], [64, 'error: the token is empty']);
  }
  // Another server than the folder's gets no token of the folder.
  assert.equal((await command('list', '--url', own.server.url)).code, 64);
  const { code, out } = await own.twinflag.run(['--help']);
  assert.equal(code, 0);
  for (const name of COMMANDS) assert.match(out, new RegExp(`^ {2}${name}[ |]`, 'm'));
});

test('the environment names the server and the token', async () => {
  const { adminToken } = JSON.parse(await readFile(join(own.server.data, 'dev.json'), 'utf8'));
  const env = { TWINFLAG_URL: `${own.server.url}/`, TWINFLAG_TOKEN: adminToken };
  const { features } = JSON.parse((await own.twinflag.run(['list', '--json'], { env })).out);
  assert.ok(features.some(({ flagPath }) => flagPath === 'profile_ui_revamp'));
  const other = await own.twinflag.run(['list', '--environment', 'absent'], { env });
  assert.match(other.err, /code: ENVIRONMENT_NOT_FOUND \(404\)/);
});

test('tokens are signed as another implementation expects, and only the roles of one organization take one', async () => {
  const { jwtVerify } = createRequire(new URL('../../npm/package.json', import.meta.url))('jose');
  await own.twinflag.write('secret', `${KEYS.JWT_SECRET}\n`);
  const mint = (...args) => own.twinflag.run(['token', '--secret-file', 'secret', '--sub', 'ada', ...args]);
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

test('token break-glass makes a token that a deployment with its hash takes, and another one each time', async () => {
  const make = async () => JSON.parse((await own.twinflag.run(['token', 'break-glass', '--json'])).out);
  const [{ token, hash }, other] = [await make(), await make()];
  assert.notEqual(token, other.token);
  const told = (await own.twinflag.run(['token', 'break-glass'])).out.trimEnd().split('\n');
  assert.deepEqual(
    told.map(line => line.split(/ +/)[0]),
    ['token', 'BREAK_GLASS_TOKEN_HASH'],
  );
  const folder = await dataFolder();
  const worker = await hostWorker({
    data: folder.path,
    document: '{"schema":"twinflag/1","flags":{}}',
    settings: { BREAK_GLASS_TOKEN_HASH: hash },
  });
  try {
    const codes = await Promise.all(
      [token, other.token].map(async each => (await own.twinflag.run(['list', '--url', worker.url, '--token', each])).code),
    );
    assert.deepEqual(codes, [0, 1]);
  } finally {
    await worker.stop();
    await folder.remove();
  }
});

test('token makes, lists and revokes API tokens for programs', async () => {
  const [token] = await lines('token', 'create', '--name', 'ci', '--role', 'operator', '--expires', '30d', '--reason', 'a pipeline');
  assert.match(token, /^tf_api_\S+$/);
  const run = (...args) => own.twinflag.run([...args, '--url', own.server.url, '--token', token]);
  assert.equal((await run('off', 'profile_ui_revamp', '--yes', '--reason', 'r')).code, 0);
  assert.deepEqual(
    (await json('log', '--by', 'token:ci')).changes.map(({ action }) => action),
    ['flag.kill'],
  );
  await lines('on', 'profile_ui_revamp', '--reason', 'r');

  const end = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const listed = (await lines('token', 'list')).map(line => line.split(/ {2,}/));
  const listedOf = name => listed.find(([first]) => first === name);
  assert.equal(listedOf('ci')[1], 'operator');
  assert.equal(listedOf('ci')[3], `until ${end}`);
  assert.ok(!listed.flat().includes(token));
  const { id, lastUsed } = (await json('token', 'list')).tokens.find(({ name }) => name === 'ci');
  assert.match(lastUsed, /T\d\d:00:00/);
  assert.deepEqual(listedOf('ci').slice(4), [lastUsed.slice(0, 10), id]);

  assert.equal((await command('token', 'revoke', 'ci')).code, 1);
  await lines('token', 'revoke', 'ci', '--yes', '--reason', 'it moved');
  assert.match((await run('off', 'profile_ui_revamp', '--yes', '--reason', 'r')).err, /code: UNAUTHORIZED \(401\)/);
  assert.match(
    (await lines('token', 'list')).find(line => line.startsWith('ci ')),
    /revoked \d{4}-\d\d-\d\d/,
  );
  assert.equal((await command('token', 'revoke', 'ci', '--yes')).code, 1);
  assert.deepEqual(
    (await lines('log', '--limit', '4')).map(line => line.split(/ {2,}/)[4]).filter(what => what?.startsWith('token')),
    ['token ci: revoked, role operator', 'token ci: made, role operator'],
  );
});

test('a token whose answer was lost is a failure that says what to do, as JSON, too', async () => {
  const { env, close } = await standIn((_, response) =>
    response.end('{"changed":true,"changes":[],"replayed":true,"token":null,"version":2,"warnings":[]}'),
  );
  const create = (...args) => own.twinflag.run(['token', 'create', '--name', 'ci', '--role', 'viewer', ...args], { env });
  const [told, json] = [await create(), await create('--json')];
  close();
  const hint = 'revoke it, and make one with another name: twinflag token revoke ci';
  assert.deepEqual([told.code, told.out, told.err.split('\n')[1]], [1, '', `hint: ${hint}`]);
  assert.deepEqual([json.code, json.out, JSON.parse(json.err).hint], [1, '', hint]);
});

test('bash completes commands, options, choices and the keys of flags', async () => {
  await own.twinflag.write('completion.bash', (await own.twinflag.run(['completion', 'bash'])).out);
  const complete = async (...words) => {
    const script = `source ./completion.bash; COMP_WORDS=(twinflag ${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _twinflag; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const PATH = `${join(own.twinflag.folder, 'node_modules/.bin')}:${process.env.PATH}`;
    const { stdout, stderr } = await run('bash', ['-c', script], { cwd: own.twinflag.folder, env: { ...process.env, PATH, ...env } });
    assert.equal(stderr, '');
    return stdout.trim().split('\n');
  };
  let env = {};
  assert.deepEqual(await complete('ro'), ['rollout']);
  assert.deepEqual(
    (await complete('rollout', '')).filter(word => !word.startsWith('-')),
    ['show', 'start', 'percentage', 'advance', 'pause', 'resume', 'rollback', 'complete'],
  );
  assert.ok((await complete('rollout', 'start', 'life', '--per')).includes('--percentage'));
  assert.deepEqual(await complete('token', '--role', 'o'), ['operator', 'organization_admin']);
  assert.deepEqual(await complete('token', 'create', '--role', 'o'), ['operator']);
  // Without a word of ours the shell completes files.
  for (const words of [
    ['apply', 'completion.b'],
    ['export', '--output', 'completion.b'],
    ['dev', '--data', ''],
  ])
    assert.deepEqual(await complete(...words), [''], words.join(' '));
  assert.match(
    (await run('bash', ['-c', 'source ./completion.bash; complete -p twinflag'], { cwd: own.twinflag.folder })).stdout,
    /-o default/,
  );
  assert.deepEqual(
    (await complete('completion', '')).filter(word => !word.startsWith('-')),
    ['bash', 'zsh', 'fish'],
  );
  assert.deepEqual((await complete('')).filter(word => !word.startsWith('-')).sort(), [...COMMANDS].sort());

  const { adminToken } = JSON.parse(await readFile(join(own.server.data, 'dev.json'), 'utf8'));
  const asked = [
    ['show', 'profile_'],
    ['rollout', 'percentage', 'profile_'],
    ['log', '--flag', 'profile_'],
  ];
  env = { TWINFLAG_URL: own.server.url, TWINFLAG_TOKEN: adminToken };
  for (const words of asked) assert.deepEqual(await complete(...words), ['profile_ui_revamp'], words.join(' '));
  // A server that never answers, and none.
  const silent = await standIn(() => undefined);
  for (const away of [silent.env, { ...env, TWINFLAG_URL: `http://127.0.0.1:${await freePort()}` }, {}]) {
    env = away;
    assert.deepEqual(await complete(...asked[0]), ['']);
  }
  silent.close();
  // A shell expands its words, so a server that is not ours puts nothing else among them.
  const hostile = await standIn((_, response) =>
    response.end(JSON.stringify({ features: ['$(touch hostile)', 'a b', 'good'].map(flagPath => ({ flagPath })) })),
  );
  env = hostile.env;
  assert.deepEqual(
    (await complete('show', '')).filter(word => !word.startsWith('-')),
    ['good'],
  );
  hostile.close();
});
