/** `twinflag token`: prints a token for the admin routes. */
import { readFileSync } from 'node:fs';

import { type Command, Option } from 'commander';

import { checkRole, secretOf, tokenSettings } from '../deployment.js';
import { EXIT, Failure, messageOf } from '../failure.js';
import { DEFAULT_FOLDER, Folder } from '../folder.js';
import { runningOn } from '../server/lock.js';
import { faultOf, LONGEST_MINUTES, mint, ROLES } from '../token.js';
import { names, wholeNumber } from './values.js';

interface TokenOptions {
  readonly sub: string;
  readonly role: string;
  readonly minutes: number;
  readonly organization?: string;
  readonly environments?: readonly string[];
  readonly issuer?: string;
  readonly audience?: string;
  /** The file of the deployment's `JWT_SECRET`; without it, the secret of the data folder. */
  readonly secretFile?: string;
  readonly data: string;
}

export function addTokenCommand(program: Command): void {
  program
    .command('token')
    .description("Print an operator's token, signed with the secret of a data folder or a file.")
    .requiredOption('--sub <name>', 'the subject: the name in the audit trail')
    .addOption(new Option('--role <role>', 'the role').choices(ROLES).makeOptionMandatory())
    .option('--organization <id>', 'the organization, for the roles of one')
    .option('--environments <names>', 'the environments that the token is for, separated by commas; all by default', names)
    .option('--minutes <number>', 'how long the token is valid, a day at most', wholeNumber(1, LONGEST_MINUTES), 60)
    .option('--issuer <name>', "its issuer; by default the server's JWT_ISSUER")
    .option('--audience <name>', "its audience; by default the server's JWT_AUDIENCE")
    .option('--secret-file <file>', "a file with the deployment's JWT_SECRET")
    .option('--data <folder>', 'the data folder that has the secret', DEFAULT_FOLDER)
    .action(printToken);
}

function printToken({ sub: subject, secretFile, data, issuer, audience, ...rest }: TokenOptions): void {
  const grant = { subject, ...rest };
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
