/** The owners of overrides, as options of commands: users, customers and organizations. */
import type { Command } from 'commander';

import type { Api } from '../api.js';
import { editDocument, editFlag, withUsers } from '../edit.js';
import { printJson, printLine } from '../output.js';
import type { Written } from '../wire.js';
import { type ChangeOptions, printWritten, wantReason } from './common.js';

/** The owners that a command names. */
export interface Owners {
  readonly user?: readonly string[];
  readonly customer?: readonly string[];
  readonly organization?: readonly string[];
}

/** Adds the options that name owners. */
export function forOwners(command: Command): Command {
  return command
    .option('--user <id...>', 'users, as individual targets of the flag')
    .option('--customer <id...>', 'customers')
    .option('--organization <id...>', 'organizations');
}

/** Returns true if the options name an owner. */
export function namesOwners({ user, customer, organization }: Owners): boolean {
  return [user, customer, organization].some(ids => ids !== undefined);
}

/** Gives owners a variant of a flag, or takes their own one away if it is `undefined`. */
export async function override(api: Api, key: string, variant: string | undefined, options: Owners & ChangeOptions): Promise<void> {
  const { user: users, customer, organization, reason } = options;
  // Before the users are changed, whose targets need none.
  if (customer !== undefined || organization !== undefined) wantReason(options);
  if (users !== undefined) {
    const imported = await editDocument(
      api,
      reason,
      editFlag(key, flag => withUsers(flag, users, variant)),
    );
    if (options.json) printJson(imported);
    else
      printLine(
        `${key} = ${variant ?? 'as for others'} for ${users.length === 1 ? 'user' : 'users'} ${users.join(', ')} (version ${imported.version})`,
      );
  }
  const value = variant === undefined ? { enabled: null } : { variant };
  for (const [owner, ids] of [
    ['customerId', customer],
    ['organizationId', organization],
  ] as const) {
    for (const id of ids ?? []) {
      const { body } = await api.ask<Written>({
        method: 'POST',
        path: '/api/admin/feature-flags',
        body: { featureName: key, [owner]: id, ...value, reason },
      });
      printWritten(body, options);
    }
  }
}
