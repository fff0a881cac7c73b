/** The steps that commands for a server share: reaching it, asking before a loss, and telling the change. */

import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';

import { type Command, Option } from 'commander';

import { Api } from '../api.js';
import { checkRole, secretOf, type TokenSettings } from '../deployment.js';
import { describe, stateOf } from '../describe.js';
import { EXIT, Failure } from '../failure.js';
import { DEFAULT_FOLDER, Folder } from '../folder.js';
import { printable, printJson, printLine, printNote } from '../output.js';
import { runningOn } from '../server/lock.js';
import { mint } from '../token.js';
import type { Written } from '../wire.js';
import { address } from './values.js';

/** The options with which a command reaches its server. */
export interface ServerOptions {
  readonly url?: string;
  readonly token?: string;
  readonly data: string;
  readonly environment?: string;
}

/** The options of commands that can answer with JSON. */
export interface ApiOptions extends ServerOptions {
  readonly json?: boolean;
}

/** The options of commands that change something. */
export interface ChangeOptions extends ApiOptions {
  readonly reason?: string;
}

/** The option of commands that ask before they harm. */
export interface ConfirmedOptions {
  readonly yes?: boolean;
}

/** Adds an example to the help of a command. */
export function withExample(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map(line => `  $ ${line}`)].join('\n'));
}

/** Adds the options with which a command reaches its server. */
export function forServer(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'the address of the server').env('TWINFLAG_URL').argParser(address))
    .addOption(new Option('--token <token>', "an operator's token").env('TWINFLAG_TOKEN'))
    .option('--data <folder>', 'without an address: the data folder of a server on this machine', DEFAULT_FOLDER)
    .option('--environment <name>', 'the environment; the first one by default');
}

/** Adds the options of {@link forServer}, and that of JSON. */
export function forApi(command: Command): Command {
  return forServer(command).option('--json', "print the server's answer as JSON");
}

/** Adds the options of {@link forApi}, and the reason that the audit trail keeps. */
export function forChange(command: Command): Command {
  return forApi(command).option('--reason <text>', 'the reason, for the audit trail');
}

/** Adds the option that answers {@link confirm}. */
export function withYes(command: Command): Command {
  return command.option('-y, --yes', 'do not ask for confirmation');
}

/** Returns the server that the options name, or else the one that runs on the data folder, with a token that this server takes. */
export function connect({ url, token, data, environment }: ServerOptions): Api {
  // An unset variable of a pipeline is passed on as an empty text.
  if (token === '') throw new Failure('the token is empty', EXIT.usage, 'set TWINFLAG_TOKEN or --token to a token, or leave it out');
  const folder = new Folder(data);
  const local = url === undefined ? runningOn(folder) : undefined;
  const address = url ?? local?.url;
  if (address === undefined) {
    throw new Failure(
      `no server runs on ${folder.path}`,
      EXIT.unavailable,
      'start one with `twinflag dev` or `twinflag serve`, or name one with --url or TWINFLAG_URL',
    );
  }
  if (token !== undefined) return new Api(address, token, environment);
  // The secret of a folder signs for the server on this folder alone.
  if (local === undefined)
    throw new Failure(
      'a token is missing',
      EXIT.usage,
      'pass one with --token or TWINFLAG_TOKEN; `twinflag token` makes it from the secret of the server',
    );
  return new Api(address, ownToken(folder, local.tokens), environment);
}

/** Returns an administrator's token for the server on a folder, in the name of the user of this machine. */
function ownToken(folder: Folder, settings: TokenSettings): string {
  const { issuer, audience } = settings;
  checkRole(folder, settings, 'admin');
  return mint(secretOf(folder, settings), { subject: userInfo().username, role: 'admin', minutes: 5, issuer, audience });
}

/** Fails if the reason is missing, before a command that the server carries out only for one. */
export function wantReason({ reason }: ChangeOptions): void {
  if (reason === undefined) throw new Failure('a reason is missing', EXIT.usage, 'say why with --reason');
}

/** Asks before something that harms. Fails if the answer is no, or if nobody can be asked. */
export async function confirm(question: string, { yes }: ConfirmedOptions): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new Failure(`not done: ${question}`, EXIT.failed, 'confirm with --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${printable(question)} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('not done');
  } finally {
    terminal.close();
  }
}

/** Prints what a command changed. */
export function printWritten(written: Written, { json }: ApiOptions): void {
  if (json) {
    printJson(written);
    return;
  }
  for (const line of linesOf(written)) printLine(line);
  for (const warning of written.warnings) printNote(`warning: ${warning}`);
  for (const note of written.notes ?? []) printNote(`note: ${note}`);
}

function linesOf({ changed, changes, feature, version }: Written): readonly string[] {
  if (!changed) return [`nothing to change (version ${version})`];
  return feature === undefined
    ? changes.map(change => `${describe(change)} (version ${change.version})`)
    : [`${stateOf(feature)} (version ${version})`];
}
