// The examples in the help of each command run as they are, in the folder of a server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { install } from './own.mjs';

const run = promisify(execFile);

/** The commands in an order in which each finds what its example is about, and before some what makes it so. */
const ORDER = [
  ['create'],
  ['list'],
  ['show'],
  ['on'],
  ['rollout start'],
  ['rollout percentage'],
  ['rollout show'],
  ['rollout pause'],
  ['rollout resume'],
  ['rollout rollback'],
  ['rollout advance', 'twinflag rollout start new_checkout'],
  ['rollout complete', 'twinflag rollout percentage new_checkout 100'],
  ['schedule add'],
  ['schedule list'],
  ['schedule cancel'],
  ['override set'],
  ['override list'],
  ['override export'],
  ['override import'],
  ['override remove'],
  ['export'],
  ['diff'],
  ['import'],
  ['apply'],
  ['types'],
  ['off'],
  ['revert'],
  ['remove'],
  ['restore'],
  ['log'],
  ['verify'],
  ['token'],
  ['token list'],
  ['token revoke'],
  ['token create'],
  ['webhook add'],
  ['webhook list'],
  ['webhook test', 'twinflag webhook remove archive --yes', 'twinflag webhook add "$TARGET_URL" --private --label archive'],
  ['webhook remove'],
  ['key create'],
  ['key list'],
  ['key rotate'],
  ['key revoke'],
  ['environment create'],
  ['environment list'],
  ['environment copy'],
  ['environment close'],
  ['backup create'],
  ['backup restore'],
  ['completion'],
];
/** The commands that serve until they are stopped, and the one that stops them. */
const SERVING = ['dev', 'serve'];
const STOPPING = 'stop';

let twinflag, server;
/** The target of webhooks that takes every message. */
const target = createServer((_, response) => response.end());
before(async () => {
  await new Promise(resolve => target.listen(0, '127.0.0.1', resolve));
  twinflag = await install();
  server = await twinflag.serve(join(twinflag.folder, '.twinflag'), {
    env: { RATE_LIMITS: 'off', WEBHOOKS_PRIVATE: 'on' },
  });
});
after(async () => {
  await server?.stop();
  await twinflag?.remove();
  target.close();
  target.closeAllConnections();
});

const helps = new Map();
/** Returns the help of a command, which is asked for once. */
const help = async words => {
  const name = words.join(' ');
  if (!helps.has(name)) helps.set(name, (await twinflag.run([...words, '--help'])).out);
  return helps.get(name);
};
const examplesIn = text => [...text.matchAll(/^ {2}\$ (twinflag .*)$/gm)].map(([, line]) => line);
/** Returns the names of the commands in a help. */
const commandsIn = text =>
  [...(text.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z]+)(?:\|[a-z]+)?[ \n]/gm)]
    .map(([, name]) => name)
    .filter(name => name !== 'help');

test('every command has an example, and each one runs', async () => {
  const known = [];
  for (const name of commandsIn(await help([]))) {
    const inner = commandsIn(await help([name]));
    if (inner.length === 0 || name === 'token') known.push(name);
    known.push(...inner.map(each => `${name} ${each}`));
  }
  assert.deepEqual(known.sort(), [...SERVING, STOPPING, ...ORDER.map(([name]) => name)].sort());

  const URLS = { SLACK_URL: 'https://hooks.example/services/T0/B0/x', TARGET_URL: `http://127.0.0.1:${target.address().port}/` };
  const PATH = `${join(twinflag.folder, 'node_modules/.bin')}:${process.env.PATH}`;
  const shell = line => run('bash', ['-c', line], { cwd: twinflag.folder, env: { ...process.env, PATH, ...URLS } });
  for (const [name, ...first] of ORDER) {
    const examples = examplesIn(await help(name.split(' ')));
    assert.ok(examples.length > 0, name);
    for (const line of [...first, ...examples]) await assert.doesNotReject(shell(line), line);
  }
});

test('the examples of the servers serve', async () => {
  for (const name of SERVING) {
    const [line, ...others] = examplesIn(await help([name]));
    assert.deepEqual(others, []);
    const started = await twinflag.start([...line.split(' ').slice(1), '--data', twinflag.data(name)]);
    await started.says(/http:\/\/127\.0\.0\.1:\d+/);
    const { code, out } = await twinflag.run([STOPPING, '--data', twinflag.data(name)]);
    assert.deepEqual([code, out.replace(/\d+\n$/, '')], [0, 'stopped the server at http://127.0.0.1:']);
    assert.equal((await twinflag.run([STOPPING, '--data', twinflag.data(name)])).code, 69);
    await started.stop();
  }
});
