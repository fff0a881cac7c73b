/** `twinflag token`: prints an operator's token; its own commands are for API tokens. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { type Command, Option } from 'commander';

import { checkRole, secretOf, tokenSettings } from '../deployment.js';
import { EXIT, Failure, messageOf } from '../failure.js';
import { DEFAULT_FOLDER, Folder } from '../folder.js';
import { printColumns, printJson, printNote } from '../output.js';
import { runningOn } from '../server/lock.js';
import { faultOf, LONGEST_MINUTES, mint, ROLES } from '../token.js';
import { addApiTokenCommands } from './api-tokens.js';
import { withExample } from './common.js';
import { names, wholeNumber } from './values.js';

interface TokenOptions {
  readonly sub?: string;
  readonly role?: string;
  readonly minutes: number;
  readonly organization?: string;
  readonly environments?: readonly string[];
  readonly issuer?: string;
  readonly audience?: string;
  /** The file of the deployment's `JWT_SECRET`; without it, the secret of the data folder. */
  readonly secretFile?: string;
  readonly data: string;
}

export function addTokenCommands(program: Command): void {
  const token = withExample(
    program.command('token').description("Print an operator's token, signed with the secret of a data folder or a file."),
    'twinflag token --sub ada --role admin --minutes 30',
    'twinflag token create --name ci --role viewer --expires 90d',
  )
    // Of the options, those after the name of a command of its own are that one's.
    .enablePositionalOptions()
    .option('--sub <name>', 'the subject: the name in the audit trail')
    .addOption(new Option('--role <role>', 'the role').choices(ROLES))
    .option('--organization <id>', 'the organization, for the roles of one')
    .option('--environments <names>', 'the environments that the token is for, separated by commas; all by default', names)
    .option('--minutes <number>', 'how long the token is valid, a day at most', wholeNumber(1, LONGEST_MINUTES), 60)
    .option('--issuer <name>', "its issuer; by default the server's JWT_ISSUER")
    .option('--audience <name>', "its audience; by default the server's JWT_AUDIENCE")
    .option('--secret-file <file>', "a file with the deployment's JWT_SECRET")
    .option('--data <folder>', 'the data folder that has the secret', DEFAULT_FOLDER)
    .action(printToken);
  addApiTokenCommands(token);
  withExample(
    token.command('break-glass').description('Make a break-glass token, and the hash by which a deployment knows it. Stores neither.'),
    'twinflag token break-glass',
  )
    .option('--json', 'print both as JSON')
    .action(makeBreakGlass);
}

/** Makes a token for the day on which no other opens: the prefix by which the worker knows its kind, and 32 random bytes. */
function makeBreakGlass({ json }: { readonly json?: boolean }): void {
  const token = `tf_break_glass_${randomBytes(32).toString('hex')}`;
  const hash = createHash('sha256').update(token).digest('hex');
  if (json) {
    printJson({ token, hash });
    return;
  }
  printColumns([
    ['token', token],
    ['BREAK_GLASS_TOKEN_HASH', hash],
  ]);
  printNote('note: this is the only time that the token is shown: keep it where two people are needed to read it');
}

function printToken({ sub: subject, role, secretFile, data, issuer, audience, ...rest }: TokenOptions): void {
  if (subject === undefined || role === undefined)
    throw new Failure(
      'name the operator with --sub, and the role with --role',
      EXIT.usage,
      '`twinflag token create` makes one for a program',
    );
  const grant = { subject, role, ...rest };
  const fault = faultOf(grant);
  if (fault !== undefined) throw new Failure(fault, EXIT.usage);
  const folder = new Folder(data);
  const here = tokenSettings(process.env);
  const settings = secretFile === undefined ? (runningOn(folder)?.tokens ?? here) : here;
  checkRole(folder, settings, grant.role);
  const secret = secretFile === undefined ? secretOf(folder, settings) : readSecret(secretFile);
  console.log(mint(secret, { ...grant, issuer: issuer ?? settings.issuer, audience: audience ?? settings.audience }));
}

function readSecret(file: string): string {
  try {
    // Editors add a line break at the end of a file.
    return readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new Failure(`cannot read the secret: ${messageOf(error)}`);
  }
}
