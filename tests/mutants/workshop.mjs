/** A copy of the crates under `target/mutants`, in which faults are put one at a time, and the runner that is built from it. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const CRATES = ['sdk-core', 'edge-worker', 'edge-worker/control', 'tests/native', 'tests/identity'];

/** The text before and the text after the one place of a fault, in a folder with the sources. */
export function around({ name, file, find }, folder = repository) {
  const parts = readFileSync(join(folder, file), 'utf8').split(find);
  if (parts.length !== 2) throw new Error(`${name}: ${file} holds the text ${parts.length - 1} times, expected once: ${find}`);
  return parts;
}

/** Copies crates into an empty folder, which becomes a workspace of them. */
export function copyCrates(folder, crates, ...beside) {
  for (const name of ['Cargo.lock', 'rust-toolchain.toml', ...beside, ...crates]) {
    cpSync(join(repository, name), join(folder, name), { recursive: true, filter: path => !/\/(target|dist)$/.test(path) });
  }
  const manifest = readFileSync(join(repository, 'Cargo.toml'), 'utf8');
  writeFileSync(join(folder, 'Cargo.toml'), manifest.replace(/^members = .*$/m, `members = ${JSON.stringify(crates)}`));
}

export class Workshop {
  #copy;
  #target;

  /** `beside`: files and folders that the copy has beside the crates. */
  constructor(number, beside = ['docs']) {
    const folder = join(repository, `target/mutants/${number}`);
    this.#copy = join(folder, 'copy');
    this.#target = join(folder, 'build');
    rmSync(this.#copy, { recursive: true, force: true });
    mkdirSync(this.#copy, { recursive: true });
    copyCrates(this.#copy, CRATES, ...beside);
  }

  /** Builds programs of the copy, each by its package and name. */
  async build(...programs) {
    const chosen = programs.flatMap(([crate, name]) => ['-p', crate, '--bin', name]);
    await this.#run('cargo', ['build', '--quiet', '--offline', ...chosen], { cwd: this.#copy });
  }

  /** The output of a program of the copy. */
  ask(name, args, input = '') {
    return this.#run(join(this.#target, 'debug', name), args, { input });
  }

  /**
   * True if a unit test of a crate fails, among those whose path begins with a text, or an assertion that the compiler evaluates. Throws if
   * the crate does not build for another reason.
   */
  async isRed(crate, tests) {
    const args = ['test', '--quiet', '--offline', '-p', crate, '--lib'];
    try {
      await this.#run('cargo', [...args, '--no-run'], { cwd: this.#copy });
    } catch (caught) {
      if (String(caught).includes('evaluation panicked: assertion failed')) return true;
      throw caught;
    }
    return this.#run('cargo', [...args, tests], { cwd: this.#copy }).then(
      () => false,
      () => true,
    );
  }

  /** True if a command of cargo fails. */
  fails([command, ...args]) {
    return this.#run('cargo', [command, '--quiet', '--offline', ...args], { cwd: this.#copy }).then(
      () => false,
      () => true,
    );
  }

  /** Puts a fault into the copy; answers how to take it out again. */
  spoil(mutant) {
    const parts = around(mutant);
    const place = join(this.#copy, mutant.file);
    writeFileSync(place, parts.join(mutant.replacement));
    return () => writeFileSync(place, parts.join(mutant.find));
  }

  /** Runs a program and answers what it printed; throws where it fails. */
  async #run(program, args, { input = '', cwd = repository }) {
    const env = { ...process.env, CARGO_TARGET_DIR: this.#target, CARGO_PROFILE_DEV_OPT_LEVEL: '0' };
    const child = spawn(program, args, { cwd, env });
    const ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(signal ?? code));
    });
    // A program that crashes reads no more; how it ended tells.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [printed, complaints, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}: ${complaints}`);
    return printed;
  }
}
