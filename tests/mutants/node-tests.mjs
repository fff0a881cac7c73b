/** Runs a file of tests with a fault in what it tests. */
import { spawn } from 'node:child_process';

/** The end of what a file says that is shown if it fails without a fault. */
const SHOWN = 4_000;

/**
 * True if a test fails. The runner has a group of processes of its own: it starts one for the file, which outlives a runner that is killed.
 *
 * @param options those of `node`, with the file
 * @param {{ env?: NodeJS.ProcessEnv, patienceMs: number }} how `patienceMs`: the longest that the file may take; then it counts as red.
 */
export async function isRed(options, { env = process.env, patienceMs }) {
  return (await run(options, { env, patienceMs })).status !== 0;
}

/** Throws, with the end of what the file said, unless all its tests pass without a fault. */
export async function assertGreen(tests, options, { env = process.env, patienceMs }) {
  const { status, said } = await run(options, { env, patienceMs });
  if (status !== 0) throw new Error(`a test of ${tests} is red without any fault\n${said.slice(-SHOWN)}`);
}

function run(options, { env, patienceMs }) {
  const child = spawn(process.execPath, options, { env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let said = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', text => {
    said = (said + text).slice(-2 * SHOWN);
  });
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of the group has ended.
    }
  };
  const patience = setTimeout(kill, patienceMs);
  // A group of its own is not reached by what ends this process.
  process.once('exit', kill);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', status => {
      clearTimeout(patience);
      process.removeListener('exit', kill);
      resolve({ status, said });
    });
  });
}
