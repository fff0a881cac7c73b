// The tarball: what its systemd unit and its Dockerfile run is there, and serves.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { run } from '../packaging/project.mjs';
import { dataFolder } from '../server.mjs';
import { ask, pathOf, start } from './own.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let folder, unpacked;
before(async () => {
  const [xtask, ...first] = process.env.XTASK ? [process.env.XTASK] : ['cargo', 'xtask'];
  const { stdout } = await run(xtask, [...first, 'tarball'], { cwd: ROOT });
  const tarball = join(ROOT, stdout.trim());
  folder = await dataFolder();
  await run('tar', ['--extract', '--file', tarball, '--directory', folder.path]);
  unpacked = join(folder.path, basename(tarball, '.tar.gz'));
});
after(() => folder?.remove());

/** Starts a command line of the files as it would be after an installation, on a free port of this machine. */
async function serves(words, data) {
  const here = words.map(word =>
    word
      .replace('/opt/twinflag', unpacked)
      .replace(/^\/(var\/lib\/twinflag|data)$/, data)
      .replace('0.0.0.0', '127.0.0.1'),
  );
  const [program, ...args] = here;
  const server = start(program, [...args, '--port', '0'], { cwd: folder.path, path: await pathOf(folder.path) });
  const [, url] = await server.says(/"event":"started","url":"([^"]+)"/);
  const health = await ask(`${url}/health`);
  assert.equal(await server.stop('SIGTERM'), 0);
  return health.status;
}

test('the tarball holds the server, the unit, the Dockerfile, the alerts and the notes', async () => {
  assert.deepEqual((await readdir(unpacked)).sort(), ['Dockerfile', 'UPGRADING.md', 'alerts.yml', 'node_modules', 'twinflag.service']);
  assert.deepEqual((await readdir(join(unpacked, 'node_modules'))).filter(name => !name.startsWith('.')).sort(), [
    '@cloudflare',
    'commander',
    'leven',
    'twinflag',
    'workerd',
  ]);
});

test('the command of the systemd unit serves', async () => {
  const unit = await readFile(join(unpacked, 'twinflag.service'), 'utf8');
  const [, command] = /^ExecStart=(.*)$/m.exec(unit);
  assert.equal(await serves(command.split(' '), join(folder.path, 'unit')), 200);
  const state = /^StateDirectory=(.*)$/m.exec(unit)[1];
  assert.ok(command.endsWith(`/var/lib/${state}`), 'the unit may write where the command does');
});

test('the command of the Dockerfile serves, and its health check tells so', async () => {
  const dockerfile = await readFile(join(unpacked, 'Dockerfile'), 'utf8');
  const [entry, command, check] = ['ENTRYPOINT', 'CMD', 'HEALTHCHECK CMD'].map(name =>
    JSON.parse(new RegExp(`^${name} (.*)$`, 'm').exec(dockerfile)[1]),
  );
  assert.equal(await serves([...entry, ...command], join(folder.path, 'container')), 200);
  assert.match(check.at(-1), /127\.0\.0\.1:8787\/health/);
  assert.match(dockerfile, /^EXPOSE 8787$/m);
});

test('the notes name this release', async () => {
  const { version } = JSON.parse(await readFile(join(unpacked, 'node_modules/twinflag/package.json'), 'utf8'));
  assert.match(await readFile(join(unpacked, 'UPGRADING.md'), 'utf8'), new RegExp(`^\\| ${version.replaceAll('.', '\\.')} \\|`, 'm'));
});
