// The scripts that check a deployed function find it right where it is, and wrong where it is not.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startFunction, userToken } from '../edge/personalization.mjs';
import { KEYS } from '../edge/workerd.mjs';

const USER = 'test.user@pf.dev';
const PATIENCE_MS = 60_000;

let own;
before(async () => {
  own = await startFunction();
});
after(() => own?.stop());

/** Runs a script with these variables alone; its exit code and its output. */
function run(name, args, env) {
  const file = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const options = { env: { PATH: process.env.PATH, ...env }, timeout: PATIENCE_MS };
  return new Promise(resolve =>
    execFile(file, args, options, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr })),
  );
}

async function userTokenOfScript(user = USER) {
  const { code, stdout, stderr } = await run('get-token.sh', [user], { JWT_SECRET: KEYS.JWT_SECRET });
  assert.deepEqual([code, stderr], [0, '']);
  return stdout.trim();
}

test('get-token.sh prints a token of an hour that the worker takes for this user alone', async () => {
  const token = await userTokenOfScript();
  const { sub, email, iat, exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.deepEqual([sub, email, exp - iat], [USER, USER, 3600]);
  const evaluate = userId => own.server.request('/ofrep/v1/evaluate/flags', { token, body: { context: { userId } } });
  assert.deepEqual([(await evaluate(USER)).status, (await evaluate('ada')).status], [200, 403]);
  for (const [args, env] of [
    [[USER], {}],
    [[USER], { JWT_SECRET: 'too short' }],
    [[], { JWT_SECRET: KEYS.JWT_SECRET }],
  ]) {
    const { code, stdout } = await run('get-token.sh', args, env);
    assert.ok(code > 0 && stdout === '', JSON.stringify([args, env]));
  }
});

test('test-staging-function.sh passes for the function, with its rate limit', async () => {
  const env = { STAGING_TOKEN: await userTokenOfScript('checked@pf.dev') };
  const { code, stdout, stderr } = await run('test-staging-function.sh', [own.url, '--rate-limit'], env);
  assert.deepEqual([code, stderr], [0, ''], stdout + stderr);
  assert.equal(stdout.split('\n').filter(line => line.startsWith('ok ')).length, 11);
});

test('test-staging-function.sh fails for a token that is refused, and for an address where no function is', async () => {
  const refused = await run('test-staging-function.sh', [own.url], { STAGING_TOKEN: userToken('late', -600) });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /FAIL {2}the user's token: 200: expected 200, found 401/);
  const absent = await run('test-staging-function.sh', ['http://127.0.0.1:9'], { STAGING_TOKEN: userToken('ada') });
  assert.deepEqual([absent.code, absent.stdout], [1, '']);
});

test('test-personalization-events.sh finds the event of its own request, with its context', async () => {
  for (const [user, profile] of [
    ['ada', 'enhanced'],
    [USER, 'legacy'],
  ]) {
    const env = { STAGING_TOKEN: await userTokenOfScript(user), TWINFLAG_TOKEN: own.server.adminToken };
    const { code, stdout, stderr } = await run('test-personalization-events.sh', [own.url, own.server.url], env);
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(stdout.startsWith(`data_requested of ${user}: {`) && stdout.includes(`"profile":"${profile}"`), stdout);
  }
});

test('test-personalization-events.sh fails where no event arrives, and where the worker refuses', async () => {
  const other = await startFunction();
  try {
    const env = { STAGING_TOKEN: userToken('ada'), TWINFLAG_TOKEN: own.server.adminToken, PATIENCE: '1' };
    // The function reports to its own worker, not to the other one.
    const silent = await run('test-personalization-events.sh', [own.url, other.server.url], env);
    assert.deepEqual([silent.code, silent.stdout], [1, '']);
    assert.match(silent.stderr, /no event data_requested within 1 s/);
    const refused = await run('test-personalization-events.sh', [own.url, own.server.url], { ...env, TWINFLAG_TOKEN: userToken('ada') });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the worker refused/);
  } finally {
    await other.stop();
  }
});
