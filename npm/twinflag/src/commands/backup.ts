/** The commands for backups: `backup create` and `backup restore`. */
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';

import type { Command } from 'commander';

import { BackupCheck } from '../backup-file.js';
import { EXIT, Failure, messageOf } from '../failure.js';
import { printJson, printLine } from '../output.js';
import {
  type ChangeOptions,
  type ConfirmedOptions,
  confirm,
  connect,
  forApi,
  forChange,
  type ServerOptions,
  wantReason,
  withExample,
  withYes,
} from './common.js';

/** The time that the server may take for a backup, or to restore one. */
const PATIENCE_MS = 3_600_000;

interface CreateOptions extends ServerOptions {
  readonly json?: boolean;
  readonly output: string;
  readonly force?: boolean;
}

interface RestoreOptions extends ChangeOptions, ConfirmedOptions {
  readonly from?: string;
}

/** The answer to a restore. */
interface Restored {
  readonly records: number;
  readonly version: number;
}

export function addBackupCommands(program: Command): void {
  const backup = program
    .command('backup')
    .description('Backups of an environment: its flags, overrides, keys, API tokens and audit trail.');
  withExample(
    forApi(backup.command('create').description('Write a backup of the environment, which has the hashes of its keys and tokens.')),
    'twinflag backup create --output backup.ndjson',
  )
    .requiredOption('-o, --output <file>', 'the file to write, for your eyes alone')
    .option('--force', 'write over a file that is there')
    .action(create);
  withExample(
    withYes(
      forChange(
        backup
          .command('restore <file>')
          .description('Put the environment back to a backup. Changes since then are lost, its trail with them.'),
      ),
    ),
    'twinflag backup restore backup.ndjson --yes --reason "the disk was lost"',
  )
    .option('--from <name>', 'the environment of the backup, if that is another one; its keys are revoked')
    .action(restore);
}

async function create({ output, force, json, ...options }: CreateOptions): Promise<void> {
  if (existsSync(output) && !force)
    throw new Failure(`${output} is there already`, EXIT.failed, 'choose another name, or write over it with --force');
  const response = await connect(options).open({ path: '/api/admin/backup', patienceMs: PATIENCE_MS });
  const [check, part] = [new BackupCheck(), `${output}.part`];
  try {
    const out = createWriteStream(part, { mode: 0o600 });
    // An error that nobody waits for would end the process without a word of what it means.
    const failed = once(out, 'error').then(([error]) => Promise.reject(error));
    failed.catch(() => undefined);
    for await (const bytes of response.body ?? []) {
      check.take(bytes);
      if (!out.write(bytes)) await Promise.race([once(out, 'drain'), failed]);
    }
    out.end();
    await Promise.race([once(out, 'close'), failed]);
    const { lines, sha256 } = check.end('what the server sent');
    renameSync(part, output);
    if (json) printJson({ file: output, lines, sha256 });
    else printLine(`${output}: ${lines} lines, whole`);
  } catch (error) {
    rmSync(part, { force: true });
    throw error instanceof Failure ? error : new Failure(`the backup was not written: ${messageOf(error)}`);
  }
}

async function restore(file: string, { from, ...options }: RestoreOptions): Promise<void> {
  wantReason(options);
  const { lines } = await checked(file);
  const api = connect(options);
  const { changes } = (
    await api.ask<{ changes: readonly { hash: string; sequence: number }[] }>({ path: '/api/admin/changes', query: { limit: 1 } })
  ).body;
  const newest = changes[0];
  const lost = newest === undefined ? 'which has no changes yet' : `so that its ${newest.sequence} changes count no more`;
  await confirm(`put ${options.environment ?? 'the first environment'} of ${api.url} back to ${file}, ${lost}?`, options);
  const query = { replace: newest?.hash, from, reason: options.reason };
  const { body } = await api.upload<Restored>(
    { method: 'POST', path: '/api/admin/restore', query, patienceMs: PATIENCE_MS },
    streamOf(file),
  );
  if (options.json) printJson(body);
  else printLine(`restored ${lines} lines: ${body.records} records (version ${body.version})`);
}

/** Returns what a file says of itself. Fails if it is no whole backup, before anything is sent. */
async function checked(file: string) {
  const check = new BackupCheck();
  try {
    for await (const bytes of createReadStream(file)) check.take(bytes as Buffer);
  } catch (error) {
    throw new Failure(`cannot read the backup ${file}: ${messageOf(error)}`);
  }
  return check.end(file);
}

function streamOf(file: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
}
