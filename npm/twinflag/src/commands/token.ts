/** `twinflag token`: prints a token for the admin routes. */
import { readFileSync } from 'node:fs';

import { type Command, Option } from 'commander';

import { EXIT, Failure, messageOf } from '../failure.js';
import { DEFAULT_FOLDER, Folder } from '../folder.js';
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
  program.command('token').description("Print an operator's token, signed with the secret of a data folder or a file.")
    .requiredOption('--sub <name>', 'the subject: the name in the audit trail')
    .addOption(new Option('--role <role>', 'the role').choices(ROLES).makeOptionMandatory())
    .option('--organization <id>', 'the organization, for the roles of one')
    .option('--environments <names>', 'the environments that the token is for, separated by commas; all by default', names)
    .option('--minutes <number>', 'how long the token is valid', wholeNumber(1, LONGEST_MINUTES), 60)
    .option('--issuer <name>', 'its issuer, for a deployment with JWT_ISSUER')
    .option('--audience <name>', 'its audience, for a deployment with JWT_AUDIENCE')
    .option('--secret-file <file>', "a file with the deployment's JWT_SECRET")
    .option('--data <folder>', 'the data folder that has the secret', DEFAULT_FOLDER)
    .action(printToken);
}

function printToken({ sub: subject, secretFile, data, ...rest }: TokenOptions): void {
  const grant = { subject, ...rest };
  const fault = faultOf(grant);
  if (fault !== undefined) throw new Failure(fault, EXIT.usage);
  console.log(mint(secretFile === undefined ? secretOf(new Folder(data)) : readSecret(secretFile), grant));
}

function secretOf(folder: Folder): string {
  const secrets = folder.secrets();
  if (secrets === undefined) throw new Failure(`there are no keys in ${folder.path}`, EXIT.failed, 'name the folder of the server with --data, or a file with its JWT_SECRET with --secret-file');
  return secrets.jwtSecret;
}

function readSecret(file: string): string {
  try {
    // Editors add a line break at the end of a file.
    return readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new Failure(`cannot read the secret: ${messageOf(error)}`);
  }
}
