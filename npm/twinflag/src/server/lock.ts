/** The lock of a data folder. Two servers on one store would lose each other's updates. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';

import { Failure } from '../failure.js';
import type { Folder, Running } from '../folder.js';

/** The time that an earlier server's processes get to end, in seconds. */
const PATIENCE_S = 2;

/**
 * Locks a folder, and returns the file descriptor that holds the lock.
 *
 * The lock belongs to the open file, which workerd inherits. The kernel frees it when both processes have ended, however they ended.
 * Without `flock` (util-linux) nothing is locked, and a warning says so.
 */
export function lock(folder: Folder): number {
  const held = openSync(folder.in('lock'), 'a', 0o600);
  const { error, status } = spawnSync('flock', ['-w', String(PATIENCE_S), '3'], { stdio: ['ignore', 'ignore', 'inherit', held] });
  if (error) {
    console.error(`warning: no program "flock" (util-linux) to lock ${folder.path}: never start a second server on it`);
  } else if (status !== 0) {
    const running = folder.announced();
    throw new Failure(`another server runs on ${folder.path}${running ? `: process ${running.pid} at ${running.url}` : ''}`);
  }
  return held;
}

/**
 * Returns the server that runs on a folder; `undefined` if none does.
 *
 * A server that was killed leaves its address behind, where another program may listen now. So the address counts only while a server
 * holds the lock or, without `flock`, while its process lives.
 */
export function runningOn(folder: Folder): Running | undefined {
  const file = folder.in('lock');
  const announced = existsSync(file) ? folder.announced() : undefined;
  if (announced === undefined) return undefined;
  const tried = openSync(file, 'r');
  try {
    // A shared lock, so that commands that try at once do not take one another for a server.
    const { error, status } = spawnSync('flock', ['-n', '-s', '3'], { stdio: ['ignore', 'ignore', 'inherit', tried] });
    const isRunning = error ? isAlive(announced.pid) : status !== 0;
    return isRunning ? announced : undefined;
  } finally {
    closeSync(tried);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
