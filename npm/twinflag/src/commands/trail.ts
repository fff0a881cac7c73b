/** The commands for the audit trail: `log` and `verify`. */
import type { Command } from 'commander';

import { Failure } from '../failure.js';
import { printJson, printTable } from '../output.js';
import type { Change } from '../wire.js';
import { type ApiOptions, connect, describe, forApi } from './common.js';
import { wholeNumber } from './values.js';

interface LogOptions extends ApiOptions {
  readonly flag?: string;
  readonly customer?: string;
  readonly organization?: string;
  readonly by?: string;
  readonly action?: string;
  readonly limit: number;
}

interface Verdict {
  readonly valid: boolean;
  readonly records: number;
  readonly head: string;
  readonly broken?: string;
}

export function addTrailCommands(program: Command): void {
  forApi(program.command('log').description('Show who changed what, newest first.'))
    .option('--flag <key>', 'only changes of a flag')
    .option('--customer <id>', "only changes of a customer's overrides")
    .option('--organization <id>', "only changes of an organization's overrides")
    .option('--by <name>', 'only changes by an operator')
    .option('--action <action>', 'only changes with an action, such as flag.kill')
    .option('--limit <number>', 'the most changes', wholeNumber(1, 1000), 20)
    .action(log);
  forApi(program.command('verify').description('Verify the audit trail: no record was altered or removed. Exit code 1 if one was.')).action(
    verify,
  );
}

async function log(options: LogOptions): Promise<void> {
  const query = {
    flag: options.flag,
    customerId: options.customer,
    organizationId: options.organization,
    changedBy: options.by,
    action: options.action,
    limit: options.limit,
  };
  const { body } = await connect(options).ask<{ changes: readonly Change[] }>({ path: '/api/admin/changes', query });
  if (options.json) return printJson(body);
  const rows = body.changes.map(change => [
    String(change.version),
    change.changedAt.slice(0, 19).replace('T', ' '),
    change.changedBy,
    describe(change),
    change.reason,
  ]);
  printTable(['VERSION', 'WHEN (UTC)', 'WHO', 'WHAT', 'WHY'], rows, 'no changes');
}

async function verify(options: ApiOptions): Promise<void> {
  const { body } = await connect(options).ask<Verdict>({ path: '/api/admin/changes/verify' });
  if (options.json) printJson(body);
  else if (body.valid) console.log(`valid: ${body.records} records, the newest has the hash ${body.head}`);
  if (!body.valid) throw new Failure(`the audit trail is broken: ${body.broken ?? 'no reason given'}`);
}
