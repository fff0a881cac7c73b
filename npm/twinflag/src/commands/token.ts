/** `twinflag token`: prints a token for the admin routes. */
import { readFileSync } from 'node:fs';

import { EXIT, Failure, messageOf } from '../failure.js';
import { Folder } from '../folder.js';
import { faultOf, mint } from '../token.js';

/** The options of `token`. */
export interface TokenOptions {
  readonly sub: string;
  readonly role: string;
  readonly minutes: number;
  readonly organization?: string;
  readonly environments?: readonly string[];
  /** The file of the deployment's `JWT_SECRET`; without it, the secret of the data folder. */
  readonly secretFile?: string;
  readonly data: string;
}

export function printToken({ sub: subject, secretFile, data, ...rest }: TokenOptions): void {
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
