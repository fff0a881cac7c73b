/** The lock of a data folder. Two servers on one store would lose each other's updates. */
import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';

import { Failure } from '../failure.js';
import type { Folder } from '../folder.js';

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
    const running = folder.running();
    throw new Failure(`another server runs on ${folder.path}${running ? `: process ${running.pid} at ${running.url}` : ''}`);
  }
  return held;
}
