/** The commands for the audit trail: `log`, `revert` and `verify`. */
import type { Command } from 'commander';

import type { Api, Query } from '../api.js';
import { describe } from '../describe.js';
import { EXIT, Failure } from '../failure.js';
import { featureOf } from '../flag.js';
import { printJson, printLine, printTable } from '../output.js';
import { consequenceLine } from '../refused.js';
import type { Change, Consequence, Written } from '../wire.js';
import {
  type ApiOptions,
  type ChangeOptions,
  type ConfirmedOptions,
  confirm,
  connect,
  forApi,
  forChange,
  printWritten,
  withExample,
  withYes,
} from './common.js';
import { wholeNumber } from './values.js';

/** The most changes that the server tells at once, among which a beginning of an id is looked for. */
const MOST_CHANGES = 1000;
/** The characters of an id that `log` shows. */
const SHORT_ID = 8;
/** The most flags of a change that a question names. */
const MOST_NAMED = 5;
/** The actions of records that no revert takes back. A document that adopted an edit changed nothing. */
const LASTING = /^(break-glass|environment|epoch|key|schedule|token|trail|webhook)\.|^import\.adopt$/;
const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface LogOptions extends ApiOptions {
  readonly flag?: string;
  readonly customer?: string;
  readonly organization?: string;
  readonly by?: string;
  readonly action?: string;
  readonly limit: number;
}

interface RevertOptions extends ChangeOptions, ConfirmedOptions {
  readonly dryRun?: boolean;
  readonly last?: boolean;
  readonly remove?: readonly string[];
  readonly flag?: string;
}

interface VerifyOptions extends ApiOptions {
  readonly full?: boolean;
}

interface Verdict {
  readonly state: 'running' | 'done';
  readonly valid?: boolean;
  readonly records: number;
  /** The number of the newest record, of a verification that is not over. */
  readonly of?: number;
  readonly verifiedFrom: number;
  readonly head: string;
  readonly broken?: string;
}

export function addTrailCommands(program: Command): void {
  withExample(
    forApi(program.command('log').description('Show who changed what, newest first.')),
    'twinflag log --flag new_checkout',
    'twinflag log --action flag.kill --limit 5',
  )
    .option('--flag <flag>', 'only changes of a flag')
    .option('--customer <id>', "only changes of a customer's overrides")
    .option('--organization <id>', "only changes of an organization's overrides")
    .option('--by <name>', 'only changes by an operator')
    .option('--action <action>', 'only changes with an action, such as flag.kill')
    .option('--limit <number>', 'the most changes', wholeNumber(1, MOST_CHANGES), 20)
    .action(log);
  withExample(
    withYes(
      forChange(
        program
          .command('revert [change]')
          .description('Undo a change, as a change of its own. Names the change by its id, or by the beginning of it, as `log` shows it.'),
      ),
    ),
    'twinflag revert --last --flag new_checkout --yes --reason "too early"',
  )
    .option('--last', 'the newest change, instead of an id; refused if that is an undoing, so that it redoes nothing')
    .option('--flag <flag>', 'with --last: the newest change of a flag')
    .option('--remove <name...>', 'what serves and may go, such as flags/new_checkout')
    .option('--dry-run', 'show what it would change and take away, and change nothing')
    .action(revert);
  withExample(
    forApi(program.command('verify').description('Verify the audit trail: no record was altered or removed. Exit code 1 if one was.')),
    'twinflag verify',
    'twinflag verify --full',
  )
    .option('--full', 'from the first record on, not only behind the last verification that found no fault')
    .action(verify);
}

async function log(options: LogOptions): Promise<void> {
  const api = connect(options);
  const query = {
    flag: options.flag,
    customerId: options.customer,
    organizationId: options.organization,
    changedBy: options.by,
    action: options.action,
    limit: options.limit,
  };
  const { body } = await api.ask<{ changes: readonly Change[] }>({ path: '/api/admin/changes', query });
  // A flag that was removed has changes, and one without any may not be there at all.
  if (body.changes.length === 0 && options.flag !== undefined) await featureOf(api, options.flag);
  if (options.json) return printJson(body);
  const rows = body.changes.map(change =>
    change.erased
      ? [String(change.version), '', '', '', describe(change)]
      : [
          String(change.version),
          change.id.slice(0, SHORT_ID),
          change.changedAt.slice(0, 19).replace('T', ' '),
          change.changedBy,
          describe(change),
          change.reason,
        ],
  );
  printTable(['VERSION', 'CHANGE', 'WHEN (UTC)', 'WHO', 'WHAT', 'WHY'], rows, 'no changes');
}

async function revert(name: string | undefined, options: RevertOptions): Promise<void> {
  const api = connect(options);
  const { id, told, others = [] } = await changeOf(api, name, options);
  if (options.dryRun) return tryRevert(api, id, options);
  if (others.length > 0 && options.flag !== undefined && options.yes)
    throw new Failure(
      `not done: undo ${told}?`,
      EXIT.failed,
      `the change is not of this flag alone: to undo all of it, name it by its id: twinflag revert ${id}`,
    );
  await confirm(`undo ${told}?`, options);
  const path = `/api/admin/changes/${encodeURIComponent(id)}/revert`;
  printWritten((await api.ask<Written>({ method: 'POST', path, body: { reason: options.reason, remove: options.remove } })).body, options);
}

/** Prints what a revert would change, and what serves and would go. */
async function tryRevert(api: Api, id: string, { json, reason, remove }: RevertOptions): Promise<void> {
  const path = `/api/admin/changes/${encodeURIComponent(id)}/revert`;
  const { body } = await api.ask<Tried>({ method: 'POST', path, query: { dryRun: true }, body: { reason, remove } });
  if (json) {
    printJson(body);
    return;
  }
  const lines = [...body.tried.map(describe), ...body.consequences.map(consequenceLine)];
  for (const line of lines.length === 0 ? ['nothing to change'] : lines) printLine(line);
}

/** The answer to a revert that is only tried. */
interface Tried {
  readonly tried: readonly Change[];
  readonly consequences: readonly Consequence[];
}

/** A change to undo. */
interface Undone {
  readonly id: string;
  /** The change in words. */
  readonly told: string;
  /** The flags and other definitions that the change touched, besides that of the record by which it was found. */
  readonly others?: readonly string[];
}

/** Returns the change that the command line names. */
async function changeOf(api: Api, name: string | undefined, { last, flag }: RevertOptions): Promise<Undone> {
  if ((name === undefined) !== (last === true))
    throw new Failure('name a change by its id, or give --last', EXIT.usage, '`twinflag log` shows the changes');
  if (flag !== undefined && !last) throw new Failure('--flag goes with --last alone', EXIT.usage);
  const { changes } = await changesOf(api, { flag });
  const found = changes.filter(({ erased, id, action }) => !erased && (name === undefined ? !LASTING.test(action) : id.startsWith(name)));
  const [change] = found;
  if (name !== undefined && found.length > 1)
    throw new Failure(`${found.length} changes have an id that begins with "${name}"`, EXIT.failed, 'give more of it');
  if (last && change?.reverts !== undefined)
    throw new Failure(
      `the newest change is itself an undoing: "${describe(change)}" (version ${change.version})`,
      EXIT.failed,
      `to redo what it took back: twinflag revert ${change.id}; to undo an earlier change, name that one: \`twinflag log\` shows the changes`,
    );
  if (change !== undefined) return wholeOf(api, change);
  // The server knows older changes by their whole id.
  if (name !== undefined && WHOLE_ID.test(name)) return { id: name, told: `the change ${name}` };
  if (flag !== undefined) await featureOf(api, flag);
  throw new Failure(
    name === undefined ? 'there is no change to undo' : `none of the newest ${MOST_CHANGES} changes has an id that begins with "${name}"`,
    EXIT.failed,
    '`twinflag log` shows the changes',
  );
}

/** Returns the whole change that a record belongs to: a revert takes back all that its version wrote. */
async function wholeOf(api: Api, record: Change): Promise<Undone> {
  const { id, changedBy, version } = record;
  const { changes, next } = await changesOf(api, { version });
  const by = `by ${changedBy} (version ${version})`;
  if (changes.length <= 1) return { id, told: `"${describe(record)}" ${by}` };
  const names = [...new Set([record, ...changes.filter(({ erased }) => !erased)].map(subjectOf))];
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  const count = `${next === undefined ? '' : 'at least '}${changes.length}`;
  return { id, told: `${count} changes ${by}, of ${names.slice(0, MOST_NAMED).join(', ')}${more}`, others: names.slice(1) };
}

/** Returns the flag of a record, or another name of what it changed. */
function subjectOf({ flagPath, pointer, customerId, action }: Change): string {
  return flagPath ?? pointer ?? (customerId === undefined ? action : `customer ${customerId}`);
}

/** Returns the newest records that match, as many as the server tells at once. */
async function changesOf(api: Api, query: Query): Promise<{ readonly changes: readonly Change[]; readonly next?: number }> {
  const path = '/api/admin/changes';
  return (await api.ask<{ changes: readonly Change[]; next?: number }>({ path, query: { ...query, limit: MOST_CHANGES } })).body;
}

/** Asks until the verification is over; each request carries a part of it out. */
async function verify(options: VerifyOptions): Promise<void> {
  const api = connect(options);
  const query = options.full ? { full: true } : {};
  let body: Verdict;
  for (;;) {
    body = (await api.ask<Verdict>({ path: '/api/admin/changes/verify', query })).body;
    if (body.state !== 'running') break;
    if (!options.json) console.error(`${body.records} of ${body.of} records are verified`);
  }
  const earlier = body.verifiedFrom > 1 ? `, those below ${body.verifiedFrom} by an earlier verification` : '';
  if (options.json) printJson(body);
  else if (body.valid) console.log(`valid: ${body.records} records${earlier}, the newest has the hash ${body.head}`);
  if (!body.valid) throw new Failure(`the audit trail is broken: ${body.broken ?? 'no reason given'}`);
}
