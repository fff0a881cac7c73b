// `twinflag serve` and `twinflag dev` from the packed package: the first start, the lock, kills and signals, settings, and the log.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { jose, listener, pair } from '../edge/issuer.mjs';
import { freePort } from '../server.mjs';
import { ask, install } from './own.mjs';

let twinflag;
before(async () => {
  twinflag = await install();
});
after(() => twinflag?.remove());

const keysOf = async data => JSON.parse(await readFile(join(data, 'keys.json'), 'utf8'));
const document = flags => ({ schema: 'twinflag/1', environment: 'production', flags });

test('the package holds the server, its readme and its licences, and no source', () => {
  for (const needed of [
    'README.md',
    'LICENSE-MIT',
    'LICENSE-APACHE',
    'dist/entry/twinflag.js',
    'dist/server/workerd.capnp',
    'dist/server/dist/worker/edge_bg.wasm',
    'dist/server/workerd-postgres.capnp',
    'dist/server/dist/postgres/edge_bg.wasm',
  ]) {
    assert.ok(twinflag.paths.includes(needed), needed);
  }
  assert.deepEqual(
    twinflag.paths.filter(
      path =>
        !/^(README\.md|LICENSE-(MIT|APACHE)|package\.json|dist\/(entry|server)\/.*|deploy\/.*)$/.test(path) || /\.stamp|\.ts$/.test(path),
    ),
    [],
  );
});

test('an empty folder becomes a server that survives a kill with everything in it', async () => {
  const data = twinflag.data('first');
  const first = await twinflag.serve(data);
  const { clientKey, serverKey, jwtSecret } = await keysOf(data);

  // The log begins with one line of JSON, and the keys are shown after it.
  await first.says(/Content-Type/);
  const [line] = first.out.split('\n');
  const { release } = (await ask(`${first.url}/version`)).body;
  assert.deepEqual((({ event, url, release, environments }) => ({ event, url, release, environments }))(JSON.parse(line)), {
    event: 'started',
    url: first.url,
    release,
    environments: ['production'],
  });
  assert.ok(first.out.includes(clientKey) && first.out.includes(`"serverKey" in ${join(data, 'keys.json')}`));
  assert.ok(!first.out.includes(serverKey), 'a log holds no secret');
  assert.ok(!line.includes(clientKey) && !first.out.includes(jwtSecret));
  assert.deepEqual((await readdir(data)).sort(), ['import', 'keys.json', 'lock', 'server.json', 'store']);
  for (const name of ['.', 'keys.json', 'server.json']) assert.equal((await stat(join(data, name))).mode & 0o077, 0, name);

  // The command that it shows works as it is.
  const curl = /curl .*$/m.exec(first.out)[0];
  assert.deepEqual(JSON.parse(await shell(curl)).flags, []);

  const token = (await twinflag.run(['token', '--data', data, '--sub', 'ada', '--role', 'admin'])).out.trim();
  const { etag } = await ask(`${first.url}/api/admin/document`, { key: token });
  const put = await ask(`${first.url}/api/admin/document`, {
    key: token,
    method: 'PUT',
    body: document({ kept: { default: 'on' } }),
    headers: { 'if-match': etag },
  });
  assert.equal(put.status, 200);
  assert.equal(await first.stop('SIGKILL'), 'SIGKILL');

  const second = await twinflag.serve(data);
  const evaluated = await ask(`${second.url}/ofrep/v1/evaluate/flags/kept`, {
    key: serverKey,
    method: 'POST',
    body: { context: { targetingKey: 'ada' } },
  });
  assert.deepEqual([evaluated.status, evaluated.body.value], [200, true]);
  assert.deepEqual(await keysOf(data), { clientKey, serverKey, jwtSecret });
  assert.equal(await second.stop('SIGTERM'), 0);
  assert.ok(!second.out.includes('tf_'), 'the keys are shown once');
  assert.equal(second.out.trim().split('\n').length, 1);
});

test('the first start shows the server key in a terminal', async () => {
  const data = twinflag.data('shown');
  // `script` of util-linux gives the server a terminal. `exec` has it take the signal.
  const terminal = spawn('script', ['-qec', `exec node_modules/.bin/twinflag serve --port 0 --data ${data}`, '/dev/null'], {
    cwd: twinflag.folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of terminal.stdout.setEncoding('utf8')) {
    said += chunk;
    if (said.includes('Content-Type')) terminal.kill();
  }
  assert.ok(said.includes(`server key, for servers:  ${(await keysOf(data)).serverKey}`));
});

/** Listens on the port of a killed server. The kernel closes the output of a process, by which its end is known, before its sockets. */
async function listening(server, port) {
  for (const end = Date.now() + 10_000; ; await pause(20)) {
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
      return;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || Date.now() > end) throw error;
    }
  }
}

test('a second server on a folder is refused, and a killed one leaves no lock', async () => {
  const data = twinflag.data('locked');
  const first = await twinflag.serve(data);
  const refused = await twinflag.run(['serve', '--data', data, '--port', '0']);
  assert.deepEqual([refused.code, refused.out], [1, '']);
  assert.match(refused.err, new RegExp(`another server runs on .*locked: process ${first.child.pid} at ${first.url}`));
  assert.equal((await ask(`${first.url}/health`)).status, 200);
  // Commands that try the lock at once find the server, each of them.
  const list = ['list', '--data', data];
  assert.deepEqual(
    (await Promise.all([list, list, list].map(args => twinflag.run(args)))).map(({ code }) => code),
    [0, 0, 0],
  );
  await first.stop('SIGKILL');

  // Another program on the port of the killed server gets no token.
  const tokens = [];
  const stranger = createHttpServer((request, response) => response.end(String(tokens.push(request.headers.authorization))));
  await listening(stranger, new URL(first.url).port);
  const unsent = await Promise.all([list, list].map(args => twinflag.run(args)));
  unsent.push(await twinflag.run(list, { programs: ['node'] }));
  await new Promise(resolve => stranger.close(resolve));
  assert.deepEqual([unsent.map(({ code }) => code), tokens], [[69, 69, 69], []]);
  for (const { err } of unsent) assert.match(err, /no server runs on/);
  const next = await twinflag.serve(data);
  await next.stop();
});

test('a workerd that outlives its killed starter keeps the lock until it ends', async () => {
  const data = twinflag.data('outlived');
  // Without setpriv, as on macOS, the kernel does not end workerd with its starter.
  const server = await twinflag.serve(data, { programs: ['node', 'flock'] });
  const { workerd } = JSON.parse(server.out.split('\n')[0]);
  server.child.kill('SIGKILL');
  await server.exited;
  const refused = await twinflag.run(['serve', '--data', data, '--port', '0']);
  const isAlive = (await ask(`${server.url}/health`)).status === 200;
  process.kill(workerd, 'SIGKILL');
  await server.ended;
  assert.deepEqual([isAlive, refused.code], [true, 1]);
  assert.match(refused.err, /another server runs on/);
  const next = await twinflag.serve(data);
  await next.stop();
});

test('without flock the server says that nothing keeps a second one away', async () => {
  const server = await twinflag.serve(twinflag.data('unlocked'), { programs: ['node', 'setpriv'] });
  assert.match(server.err, /warning: no program "flock"/);
  assert.equal((await twinflag.run(['list', '--data', server.data], { programs: ['node'] })).code, 0);
  await server.stop();
});

test('a port that is taken is named, and nothing runs on', async () => {
  const taken = createServer();
  await new Promise(resolve => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address();
  const data = twinflag.data('taken');
  const refused = await twinflag.run(['serve', '--data', data, '--port', String(port)]);
  await new Promise(resolve => taken.close(resolve));
  assert.deepEqual([refused.code, refused.out, refused.err], [1, '', `error: port ${port} is in use; choose another with --port\n`]);
  const after = await twinflag.serve(data, { more: ['--port', String(port)] });
  assert.equal(after.url, `http://127.0.0.1:${port}`);
  await after.stop();
});

test('SIGTERM waits for an open request, and a second signal does not', async () => {
  const server = await twinflag.serve(twinflag.data('stopped'));
  const { serverKey } = await keysOf(server.data);
  // A request whose body never ends keeps its connection.
  const open = fetch(`${server.url}/v1/evaluate`, {
    method: 'POST',
    duplex: 'half',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${serverKey}` },
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{'));
      },
    }),
  }).catch(() => 'cut');
  await ask(`${server.url}/health`);
  server.child.kill('SIGTERM');
  await server.says(/waiting for open requests/);
  assert.equal(await server.stop('SIGTERM'), 0);
  assert.equal(await open, 'cut');
});

test('serve opens neither the demo nor the test clock, whatever the environment says', async () => {
  const server = await twinflag.serve(twinflag.data('closed'), { env: { DEMO: 'on', TEST_CLOCK: 'on' } });
  const { clientKey } = await keysOf(server.data);
  assert.equal((await ask(`${server.url}/demo`)).status, 404);
  assert.equal((await ask(`${server.url}/demo/explain`, { key: clientKey, method: 'POST', body: { context: {} } })).status, 404);
  await server.stop();
});

test('a deployment with an issuer and an audience starts, and the commands beside it give tokens both', async () => {
  // No server answers at the address of the keys: a token of the secret needs none of them.
  const env = { JWT_ISSUER: 'us', JWT_AUDIENCE: 'flags', JWKS_URL: `http://127.0.0.1:${await freePort()}/keys` };
  const server = await twinflag.serve(twinflag.data('issuer'), { env });
  assert.deepEqual(JSON.parse(server.out.split('\n')[0]).environments, ['production']);
  const status = async (...args) => {
    const { out } = await twinflag.run(['token', '--data', server.data, '--sub', 'ada', '--role', 'viewer', ...args]);
    return (await ask(`${server.url}/api/admin/versions`, { key: out.trim() })).status;
  };
  assert.deepEqual([await status(), await status('--issuer', 'other'), await status('--audience', 'other')], [200, 401, 401]);
  assert.equal((await twinflag.run(['list', '--data', server.data])).code, 0);
  await server.stop();
});

test('serve reaches an issuer on this machine only if --set JWKS_PRIVATE=on says that it is there', async () => {
  const key = await pair('ES256', 'one');
  const issuer = await listener(() => ({ body: { keys: [key.jwk] } }));
  try {
    const env = { JWT_ISSUER: 'us', JWT_AUDIENCE: 'flags', JWKS_URL: issuer.url };
    const claims = { sub: 'ada', iss: 'us', aud: 'flags', app_metadata: { role: 'viewer' } };
    const token = await new jose.SignJWT(claims)
      .setProtectedHeader({ alg: key.alg, kid: key.kid })
      .setExpirationTime('10m')
      .sign(key.privateKey);
    const status = async (name, more) => {
      const server = await twinflag.serve(twinflag.data(name), { env, more });
      const { status } = await ask(`${server.url}/api/admin/versions`, { key: token });
      await server.stop();
      return status;
    };
    assert.deepEqual([await status('public', []), issuer.asked.length], [503, 0]);
    assert.deepEqual([await status('private', ['--set', 'JWKS_PRIVATE=on']), issuer.asked.length], [200, 1]);
  } finally {
    await issuer.stop();
  }
});

test('commands sign with the JWT_SECRET of the environment if the server has it from there, and say so if they lack it', async () => {
  const env = { JWT_SECRET: 'a secret of the environment, 32 bytes or more' };
  const server = await twinflag.serve(twinflag.data('environment'), { env });
  const list = ['list', '--data', server.data],
    token = ['token', '--data', server.data, '--sub', 'ada', '--role', 'viewer'];
  assert.equal((await twinflag.run(list, { env })).code, 0);
  const { out } = await twinflag.run(token, { env });
  assert.equal((await ask(`${server.url}/api/admin/versions`, { key: out.trim() })).status, 200);
  for (const command of [list, token]) {
    const { code, err } = await twinflag.run(command);
    assert.equal(code, 64);
    assert.match(
      err,
      /^error: the server on .* has its JWT_SECRET from its environment, not from the folder\nhint: set the same JWT_SECRET here/,
    );
  }
  assert.ok(!(await readFile(join(server.data, 'server.json'), 'utf8')).includes(env.JWT_SECRET));
  await server.stop();
});

test('a deployment whose roles stand in another claim starts, and commands ask for a token of its issuer', async () => {
  const server = await twinflag.serve(twinflag.data('claim'), { env: { ROLE_CLAIM: 'groups', ROLE_MAP: '{"ops":"admin"}' } });
  assert.equal(JSON.parse(server.out.split('\n')[0]).environments, undefined);
  const { code, err } = await twinflag.run(['list', '--data', server.data]);
  assert.equal(code, 64);
  assert.match(err, /reads roles from the claim groups\nhint: pass a token of its issuer/);
  await server.stop();
  const mapped = await twinflag.serve(twinflag.data('map'), { env: { ROLE_MAP: '{"ops":"admin","viewer":"viewer"}' } });
  const told = await twinflag.run(['list', '--data', mapped.data]);
  assert.deepEqual([told.code, /maps names to roles by ROLE_MAP, and "admin" is none of the names/.test(told.err)], [64, true]);
  assert.equal((await twinflag.run(['token', '--data', mapped.data, '--sub', 'ada', '--role', 'viewer'])).code, 0);
  await mapped.stop();
});

test('the server starts, whatever the worker answers to the list of environments', async () => {
  for (const status of [401, 403, 503]) {
    await twinflag.write(
      `refusing-${status}.mjs`,
      `
      const { fetch } = globalThis;
      globalThis.fetch = (url, init) => String(url).endsWith('/api/admin/environments') ? Promise.resolve(new Response('{}', { status: ${status} })) : fetch(url, init);`,
    );
    const server = await twinflag.serve(twinflag.data(`refusing-${status}`), {
      env: { NODE_OPTIONS: `--import=${join(twinflag.folder, `refusing-${status}.mjs`)}` },
    });
    const { event, environments } = JSON.parse(server.out.split('\n')[0]);
    assert.deepEqual([event, environments], ['started', undefined], String(status));
    assert.equal((await ask(`${server.url}/health`)).status, 200);
    await server.stop();
  }
});

test('a deployment without JWT_SECRET starts, and no token is made for it', async () => {
  const server = await twinflag.serve(twinflag.data('issued'), { env: { JWT_SECRET: '' } });
  assert.equal(JSON.parse(server.out.split('\n')[0]).environments, undefined);
  const { code, out, err } = await twinflag.run(['token', '--data', server.data, '--sub', 'ada', '--role', 'admin']);
  assert.deepEqual([code, out], [64, '']);
  assert.match(err, /has no JWT_SECRET\nhint: pass a token of its issuer/);
  await server.stop();
});

test('a setting that cannot be read ends the start with its name', async () => {
  const refused = await twinflag.run(['serve', '--data', twinflag.data('setting'), '--port', '0'], { env: { RATE_LIMITS: 'many' } });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /error: the setting RATE_LIMITS cannot be read/);
});

test('a setting is given on the command line, and a misspelt one is told', async () => {
  const server = await twinflag.serve(twinflag.data('set'), {
    more: ['--set', 'CLIENT_ORIGINS=https://shop.example'],
    env: { RATE_LIMIT: 'off' },
  });
  assert.equal(server.err, 'warning: RATE_LIMIT is no setting, and sets nothing: is RATE_LIMITS meant?\n');
  const origin = { origin: 'https://shop.example' };
  const { clientKey } = await keysOf(server.data);
  const asked = await fetch(`${server.url}/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    headers: { ...origin, authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
    body: '{"context":{}}',
  });
  assert.equal(asked.headers.get('access-control-allow-origin'), origin.origin);
  await server.stop();
  const wrong = await twinflag.run(['serve', '--data', server.data, '--set', 'CLIENT_ORIGIN=*']);
  assert.deepEqual([wrong.code, wrong.err.split('\n')[0]], [64, 'error: CLIENT_ORIGIN is no setting: is CLIENT_ORIGINS meant?']);
});

test('a SERVER_KEY of the environment is the one that the first start tells', async () => {
  const env = { SERVER_KEY: 'tf_server_of_the_environment' };
  const server = await twinflag.serve(twinflag.data('server-key'), { env });
  await server.says(/Content-Type/);
  assert.match(server.out, /^ {2}server key, for servers: {2}the setting SERVER_KEY$/m);
  assert.deepEqual(JSON.parse(await shell(`export SERVER_KEY=${env.SERVER_KEY}; ${/curl .*$/m.exec(server.out)[0]}`)).flags, []);
  await server.stop();
});

test('a store that cannot be used ends the start at once, with the file', async () => {
  const server = await twinflag.serve(twinflag.data('unreadable'));
  await server.stop();
  const store = join(server.data, 'store');
  const name = (await readdir(store, { recursive: true })).find(each => /[0-9a-f]{64}\.sqlite$/.test(each));
  await twinflag.write(`data/unreadable/store/${name}`, 'no database at all');
  const spoilt = await twinflag.run(['serve', '--data', server.data, '--port', '0']);
  assert.deepEqual([spoilt.code, spoilt.err.split('\n')[0]], [1, `error: cannot use the store: ${join(store, name)} is no database`]);

  await twinflag.write('data/a-file', '');
  for (const command of ['serve', 'list']) {
    const refused = await twinflag.run([command, '--data', twinflag.data('a-file')]);
    assert.deepEqual([refused.code, refused.err.includes('a-file is a file: name the data folder')], [64, true]);
  }
});

test('a first document that is refused ends the start with its place', async () => {
  await twinflag.write('refused.json', '{"schema":"other"}');
  const refused = await twinflag.run(['serve', '--data', twinflag.data('refused'), '--port', '0', '--flags', 'refused.json']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /error: the document refused\.json is refused: \/schema/);
  await twinflag.write('broken.json', '{');
  const broken = await twinflag.run(['serve', '--data', twinflag.data('refused'), '--flags', 'broken.json']);
  assert.match(broken.err, /^error: the document broken\.json is not JSON: /);
});

test('another C library, or an old one, is named before workerd is started', async () => {
  for (const [found, said] of [
    [undefined, 'this system has another C library'],
    ['2.31', 'this system has glibc 2.31'],
  ]) {
    await twinflag.write('libc.mjs', `process.report.getReport = () => ({ header: { glibcVersionRuntime: ${JSON.stringify(found)} } });`);
    const refused = await twinflag.run(['serve', '--data', twinflag.data('libc'), '--port', '0'], {
      env: { NODE_OPTIONS: `--import=${join(twinflag.folder, 'libc.mjs')}` },
    });
    assert.deepEqual(
      [refused.code, refused.err],
      [1, `error: workerd needs glibc 2.35 or later, as Debian 12 and Ubuntu 22.04 have it; ${said}\n`],
    );
  }
});

test('damaged keys are an error, not new keys', async () => {
  const server = await twinflag.serve(twinflag.data('damaged'));
  await server.stop();
  for (const text of ['{', '{"adminToken":"a","clientKey":"b"}', '{"jwtSecret":1,"clientKey":"b","serverKey":"c"}']) {
    await twinflag.write('data/damaged/keys.json', text);
    const refused = await twinflag.run(['serve', '--data', server.data, '--port', '0']);
    assert.match(refused.err, /keys\.json is damaged; delete it to get new keys/);
    assert.equal(await readFile(join(server.data, 'keys.json'), 'utf8'), text);
  }
});

test('a folder from a release without tokens gets a secret and keeps its keys', async () => {
  const server = await twinflag.serve(twinflag.data('older'));
  await server.stop();
  await twinflag.write('data/older/keys.json', '{"adminToken":"a","clientKey":"b","serverKey":"c"}');
  const next = await twinflag.serve(server.data);
  const { clientKey, serverKey, jwtSecret } = await keysOf(server.data);
  assert.deepEqual([clientKey, serverKey, jwtSecret.length], ['b', 'c', 64]);
  await next.stop();
});

test('dev serves the example flags, and every address in dev.json answers', async () => {
  const server = await twinflag.serve(twinflag.data('dev'), { command: 'dev' });
  const described = JSON.parse(await readFile(join(server.data, 'dev.json'), 'utf8'));
  assert.equal((await stat(join(server.data, 'dev.json'))).mode & 0o077, 0);
  assert.equal(described.url, server.url);
  assert.equal((await ask(`${described.url}/health`)).status, 200);
  assert.equal((await ask(described.demo)).status, 200);
  assert.equal((await ask(described.dashboard)).status, 200);
  const admin = await ask(`${server.url}/api/admin/feature-flags`, { key: described.adminToken });
  const examples = JSON.parse(await readFile(new URL('../../npm/examples/flags.json', import.meta.url), 'utf8'));
  assert.deepEqual(admin.body.features.map(({ flagPath }) => flagPath).sort(), Object.keys(examples.flags).sort());
  assert.equal(await server.stop('SIGINT'), 0);
});

function shell(command) {
  return new Promise((resolve, reject) => {
    const bash = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    bash.stdout.setEncoding('utf8').on('data', chunk => {
      said += chunk;
    });
    bash.once('error', reject);
    bash.once('close', () => resolve(said));
  });
}
