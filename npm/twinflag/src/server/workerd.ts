/** workerd, the runtime of the worker: its program, and its process. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';

import { Failure, messageOf } from '../failure.js';
import type { Settings } from '../settings.js';

/** The oldest C library of Linux that workerd's program runs with. */
const OLDEST_GLIBC = [2, 35] as const;

/** A workerd process whose socket listens. */
export interface Workerd {
  readonly process: ChildProcess;
  readonly port: number;
  /** Resolves with the reason when the process has ended. */
  readonly ended: Promise<string>;
}

/** Returns the path of workerd's program for this machine, which the registry's package brings. */
export function workerdProgram(): string {
  if (process.platform === 'linux') checkGlibc(glibcVersion());
  try {
    // The package's own `bin` would keep a second Node process running beside it.
    return (createRequire(import.meta.url)('workerd') as { default: string }).default;
  } catch (error) {
    throw new Failure(`workerd is not installed for this machine: ${messageOf(error)}`);
  }
}

/** @param version such as `2.36`; `undefined` for another C library, such as musl */
function checkGlibc(version: string | undefined): void {
  const [oldestMajor, oldestMinor] = OLDEST_GLIBC;
  const expected = `workerd needs glibc ${oldestMajor}.${oldestMinor} or later, as Debian 12 and Ubuntu 22.04 have it`;
  if (version === undefined) throw new Failure(`${expected}; this system has another C library`);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
    throw new Failure(`${expected}; this system has glibc ${version}`);
}

function glibcVersion(): string | undefined {
  // Without this, the report looks the names of the machine's addresses up. The types do not know it yet.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}

/**
 * Starts workerd, and waits until it listens.
 *
 * @param options `held`: a file descriptor that workerd keeps open, which holds the lock of the data folder
 */
export async function startWorkerd({
  host,
  port,
  held,
  settings,
  options,
}: {
  readonly host: string;
  readonly port: number;
  readonly held: number;
  readonly settings: Settings;
  readonly options: readonly string[];
}): Promise<Workerd> {
  const program = workerdProgram();
  await checkPort(host, port);
  const address = host.includes(':') ? `[${host}]` : host;
  const command = [program, 'serve', '--control-fd=4', `--socket-addr=http=${address}:${port}`, ...options];
  // The kernel kills workerd when this process ends, for whatever reason. Without setpriv, as on macOS, a killed server leaves it running.
  if (!spawnSync('setpriv', ['--version']).error) command.unshift('setpriv', '--pdeathsig', 'KILL');
  const [file = program, ...rest] = command;
  const child = spawn(file, rest, { stdio: ['ignore', 'inherit', 'inherit', held, 'pipe'], env: settings });
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  const listens = portOf(child.stdio[4] as Readable);
  const found = await Promise.race([listens, ended]);
  if (typeof found === 'string') throw new Failure(`workerd ended before it listened: ${found}`);
  return { process: child, port: found, ended };
}

/** Waits for the line in which workerd reports the port of its socket. */
function portOf(control: Readable): Promise<number> {
  return new Promise(resolve => {
    let said = '';
    control.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      for (const line of said.split('\n').slice(0, -1)) {
        const { event, port } = JSON.parse(line) as { event: string; port?: number };
        if (event === 'listen' && port !== undefined) resolve(port);
      }
    });
  });
}

/** Fails if this machine does not have the address, or another program listens on the port. */
function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Failure(
          error.code === 'EADDRINUSE'
            ? `port ${port} is in use; choose another with --port`
            : `cannot listen on ${host}, port ${port}: ${error.message}`,
        ),
      );
    });
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}
