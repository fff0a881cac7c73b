/** The commands for environments: `environment list`, `create`, `close` and `copy`. */
import type { Command } from 'commander';

import { Api } from '../api.js';
import { isObject, memberDifferencesOf } from '../difference.js';
import { EXIT, Failure } from '../failure.js';
import { printJson, printLine, printTable } from '../output.js';
import { consequenceLine, Refused } from '../refused.js';
import type { Consequence, Fault, Written } from '../wire.js';
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
import { names } from './values.js';

const PATH = '/api/admin/environments';

/** An environment. The version, the flags and the errors are absent while its hub does not answer. */
interface Environment {
  readonly name: string | null;
  readonly default: boolean;
  readonly createdAt?: string;
  readonly version?: number;
  readonly flags?: number;
  readonly errors?: number;
}

interface CopyOptions extends ChangeOptions, ConfirmedOptions {
  readonly from: string;
  readonly to: string;
  readonly segments?: readonly string[];
  readonly remove?: readonly string[];
  readonly dryRun?: boolean;
}

/** The difference that a copy would make. */
interface Difference {
  readonly definitions: readonly {
    readonly kind: 'added' | 'changed' | 'same';
    readonly pointer: string;
    readonly old: unknown;
    readonly new: unknown;
  }[];
  readonly errors: readonly Fault[];
  readonly consequences: readonly Consequence[];
  readonly fromVersion: string;
  readonly ifMatch: string;
}

export function addEnvironmentCommands(program: Command): void {
  const environment = program
    .command('environment')
    .description('The environments of the deployment, each with flags, keys and a trail of its own.');
  withExample(
    forApi(environment.command('list').description('List the environments, the first one first.')),
    'twinflag environment list',
  ).action(list);
  withExample(
    forChange(
      environment.command('create <name>').description('Register an environment, without flags. One that was closed has everything again.'),
    ),
    'twinflag environment create qa --reason "the testers need one"',
  ).action(create);
  withExample(
    withYes(forChange(environment.command('close <name>').description('Close an environment: its keys open nothing. Its data stays.'))),
    'twinflag environment close qa --yes --reason "the tests are over"',
  ).action(close);
  withExample(
    withYes(
      forChange(
        environment
          .command('copy [flags...]')
          .description('Show what copying flags from one environment to another changes, ask, and copy them. State and overrides stay.'),
      ),
    ),
    'twinflag environment copy new_checkout --from production --to qa --yes',
  )
    .requiredOption('--from <name>', 'the environment to copy from')
    .requiredOption('--to <name>', 'the environment to copy to')
    .option('--segments <names>', 'segments to copy, with commas between', names)
    .option('--remove <name...>', 'what serves there and may go, such as flags/new_checkout/variants/blue')
    .option('--dry-run', 'show the difference, and copy nothing')
    .action(copy);
}

async function list(options: ApiOptions): Promise<void> {
  const { body } = await connect(options).ask<{ environments: readonly Environment[] }>({ path: PATH });
  if (options.json) return printJson(body);
  const rows = body.environments.map(({ name, version, flags, errors, createdAt, ...each }) => [
    name ?? '(unnamed)',
    each.default ? 'yes' : '',
    version === undefined ? 'its hub does not answer' : String(version),
    flags === undefined ? '-' : String(flags),
    errors === undefined ? '-' : String(errors),
    createdAt?.slice(0, 10) ?? '-',
  ]);
  printTable(['NAME', 'FIRST', 'VERSION', 'FLAGS', 'ERRORS', 'CREATED'], rows, 'no environments');
}

async function create(name: string, options: ChangeOptions): Promise<void> {
  const api = connect(options);
  const { body } = await api.ask<Written>({ method: 'POST', path: PATH, body: { name, reason: options.reason } });
  await beginDocument(new Api(api.url, api.token, name), name, options);
  printWritten(body, options);
}

/** Imports a document without flags into an environment that has none, so that flags can be created in it and copied to it. */
async function beginDocument(api: Api, name: string, { reason }: ChangeOptions): Promise<void> {
  const path = '/api/admin/document';
  try {
    await api.ask({ path });
  } catch (error) {
    if (!(error instanceof Refused && error.refusal.code === 'NO_RULESET')) throw error;
    await api.ask({ method: 'PUT', path, body: { schema: 'twinflag/1', environment: name, flags: {} }, query: { reason } });
  }
}

async function close(name: string, options: ChangeOptions & ConfirmedOptions): Promise<void> {
  const api = connect(options);
  await confirm(`close the environment ${name}, so that its pages and servers are refused?`, options);
  const path = `${PATH}/${encodeURIComponent(name)}`;
  printWritten((await api.ask<Written>({ method: 'DELETE', path, query: { reason: options.reason } })).body, options);
}

async function copy(flags: readonly string[], { from, to, segments = [], remove = [], dryRun, ...options }: CopyOptions): Promise<void> {
  if (flags.length + segments.length === 0) throw new Failure('name a flag, or segments by --segments', EXIT.usage);
  const api = connect(options);
  const asked = { method: 'POST', path: `${PATH}/copy` } as const;
  const wish = { from, to, ...(flags.length > 0 && { flags }), ...(segments.length > 0 && { segments }) };
  const { body: shown } = await api.ask<Difference>({ ...asked, query: { dryRun: true, remove }, body: wish });
  if (!options.json) for (const line of linesOf(shown)) printLine(line);
  else if (dryRun) return printJson(shown);
  if (shown.errors.length > 0) throw new Failure(`${to} would have errors; nothing was copied`, EXIT.failed, 'copy what they name as well');
  if (dryRun || shown.definitions.every(({ kind }) => kind === 'same')) return;
  await confirm(`copy this from ${from} to ${to}?`, options);
  const body = { ...wish, fromVersion: shown.fromVersion, reason: options.reason };
  printWritten((await api.ask<Written>({ ...asked, query: { remove }, body, ifMatch: shown.ifMatch })).body, options);
}

function linesOf({ definitions, errors, consequences }: Difference): readonly string[] {
  const isNew = definitions.some(({ kind }) => kind === 'added');
  return [
    ...definitions.flatMap(({ kind, pointer, old, new: now }) => [
      `${kind.padEnd(8)} ${pointer}`,
      ...(isObject(old) && isObject(now) ? memberDifferencesOf(old, now, () => false).map(line => `         ${line}`) : []),
    ]),
    ...(isNew ? ['a flag that is new there arrives switched off'] : []),
    ...consequences.map(consequenceLine),
    ...errors.map(({ pointer, message }) => `${'error'.padEnd(8)} ${pointer}: ${message}`),
  ];
}
