// The package `twinflag` as others get it: packed, installed in an empty folder, and run without Rust, a shell or a compiler in PATH.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { run } from '../packaging/project.mjs';
import { spawnTied } from '../tied.mjs';

const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));
/** The programs that the package may find in PATH, by their usual paths. */
const PROGRAMS = { node: process.execPath, flock: '/usr/bin/flock', setpriv: '/usr/bin/setpriv' };
const PATIENCE_MS = 30_000;

/** Packs and installs the package. */
export async function install() {
  const folder = await mkdtemp(join(tmpdir(), 'twinflag-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, '-w', 'twinflag'], { cwd: NPM });
  const [{ filename, files }] = Object.values(JSON.parse(stdout));
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline'];
  await run('npm', ['install', ...quiet, join(folder, filename)], { cwd: folder });
  return new Installed(
    folder,
    files.map(({ path }) => path),
  );
}

/** A folder for PATH with nothing but these programs. */
export async function pathOf(folder, names = Object.keys(PROGRAMS)) {
  const path = join(folder, 'bin', names.join('-'));
  await mkdir(path, { recursive: true });
  for (const name of names) {
    await symlink(PROGRAMS[name], join(path, name)).catch(error => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return path;
}

/** Starts a program. `env`: more of the environment, which is empty but for PATH. */
export function start(program, args, { cwd, path, env = {}, input }) {
  const child = spawnTied(program, args, {
    cwd,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { PATH: path, ...env },
  });
  child.stdin?.end(input);
  return new Program(child);
}

class Installed {
  constructor(folder, paths) {
    Object.assign(this, { folder, paths });
  }

  /** A new data folder's path. */
  data = name => join(this.folder, 'data', name);

  /** Starts `twinflag` with these arguments. `programs`: those in PATH. */
  async start(args, { programs, ...options } = {}) {
    return start(join(this.folder, 'node_modules/.bin/twinflag'), args, {
      cwd: this.folder,
      path: await pathOf(this.folder, programs),
      ...options,
    });
  }

  /** Runs `twinflag` to its end. */
  async run(args, options) {
    const program = await this.start(args, options);
    const code = await program.ended;
    return { code, out: program.out, err: program.err };
  }

  /** Starts a server on a data folder and a free port, and waits until it has announced itself. */
  async serve(data, { command = 'serve', more = [], ...options } = {}) {
    const program = await this.start([command, '--data', data, '--port', '0', ...more], options);
    const [, url] = await program.says(command === 'serve' ? /"event":"started","url":"([^"]+)"/ : /^twinflag {2}(\S+)/m);
    return Object.assign(program, { url, data });
  }

  write = (name, text) => writeFile(join(this.folder, name), text);

  remove = () => rm(this.folder, { recursive: true, force: true });
}

class Program {
  out = '';
  err = '';
  #listeners = new Set();

  constructor(child) {
    this.child = child;
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', chunk => {
        this[stream === 'stdout' ? 'out' : 'err'] += chunk;
        for (const listen of this.#listeners) listen();
      });
    }
    this.exited = new Promise(resolve => child.once('exit', resolve));
    /** Its exit code or signal, when its output is complete: when workerd, which shares it, has ended, too. */
    this.ended = new Promise(resolve => child.once('close', (code, signal) => resolve(signal ?? code)));
    void this.ended.then(() => {
      for (const listen of this.#listeners) listen(true);
    });
  }

  /** Waits until the output matches. */
  says(pattern) {
    return new Promise((resolve, reject) => {
      const fail = why => reject(new Error(`${why} before it said ${pattern}\n${this.out}\n${this.err}`));
      const patience = setTimeout(() => fail('too late'), PATIENCE_MS);
      const listen = isOver => {
        const found = pattern.exec(this.out) ?? pattern.exec(this.err);
        if (!found && !isOver) return;
        clearTimeout(patience);
        this.#listeners.delete(listen);
        if (found) resolve(found);
        else fail('it ended');
      };
      this.#listeners.add(listen);
      listen(false);
    });
  }

  /** Sends a signal, and waits for the end. */
  async stop(signal = 'SIGKILL') {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Asks a server, and gives up in time; the answer is its status and its JSON. */
export async function ask(url, { key, method = 'GET', body, headers } = {}) {
  const given = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }), ...headers };
  const response = await fetch(url, {
    method,
    headers: given,
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, etag: response.headers.get('etag'), body: await response.json().catch(() => undefined) };
}
