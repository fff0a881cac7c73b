// Child processes that end with the test that started them.
import { spawn, spawnSync } from 'node:child_process';

/** The path of setpriv; empty where there is none, as on macOS. */
const SETPRIV = spawnSync('sh', ['-c', 'command -v setpriv'], { encoding: 'utf8' }).stdout.trim();

/**
 * Starts a program that the kernel kills when this process ends, for whatever reason. Node's runner kills a test file that takes too long,
 * and the hooks that stop its servers do not run.
 */
export function spawnTied(program, args, options) {
  return SETPRIV ? spawn(SETPRIV, ['--pdeathsig', 'KILL', program, ...args], options) : spawn(program, args, options);
}
