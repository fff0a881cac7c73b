/** The owners of overrides, as options of commands: users, customers and organizations. */
import type { Command } from 'commander';

import type { Api } from '../api.js';
import { variantFor } from '../describe.js';
import { Failure } from '../failure.js';
import { type Definition, featureOf, patchFlag, variantsOf } from '../flag.js';
import { printJson, printLine, printNote } from '../output.js';
import { withUsers } from '../targets.js';
import type { Flag, Written } from '../wire.js';
import { type ChangeOptions, printWritten, wantReason } from './common.js';
import { names } from './values.js';

/** The owners that a command names. */
export interface Owners {
  readonly user?: readonly string[];
  readonly customer?: readonly string[];
  readonly organization?: readonly string[];
}

/** A variant for owners: a name, the one that a flag has for on or for off, or none of their own. */
export type OwnersVariant = { readonly named: string } | 'on' | 'off' | undefined;

/** Adds the options that name owners. */
export function forOwners(command: Command): Command {
  return command
    .option('--user <id...>', 'users, as individual targets of the flag; several by commas, or by the option again', names)
    .option('--customer <id...>', 'customers', names)
    .option('--organization <id...>', 'organizations', names);
}

/** Returns true if the options name an owner. */
export function namesOwners({ user, customer, organization }: Owners): boolean {
  return [user, customer, organization].some(ids => ids !== undefined);
}

/** Returns the owners in words, such as `user ada, customers c-1, c-2`. */
export function ownersIn({ user = [], customer = [], organization = [] }: Owners): string {
  const kinds = [
    ['user', user],
    ['customer', customer],
    ['organization', organization],
  ] as const;
  return kinds.flatMap(([kind, ids]) => (ids.length === 0 ? [] : [`${kind}${ids.length === 1 ? '' : 's'} ${ids.join(', ')}`])).join(', ');
}

/** Gives owners a variant of a flag. */
export async function override(api: Api, key: string, variant: OwnersVariant, options: Owners & ChangeOptions): Promise<void> {
  const { user: users, customer, organization, reason } = options;
  // Before the users are changed, whose targets need none.
  if (customer !== undefined || organization !== undefined) wantReason(options);
  if (users !== undefined) await overrideUsers(api, key, users, variant, options);
  const value =
    variant === undefined ? { enabled: null } : typeof variant === 'string' ? { enabled: variant === 'on' } : { variant: variant.named };
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
  if (options.json || variant === undefined || (await featureOf(api, key)).enabled) return;
  printNote(`note: ${key} is switched off for everybody, these owners too, until: twinflag on ${key} --reason "…"`);
}

async function overrideUsers(
  api: Api,
  key: string,
  users: readonly string[],
  variant: OwnersVariant,
  options: ChangeOptions,
): Promise<void> {
  let name: string | undefined;
  const { before, written } = await patchFlag(api, key, options.reason, before => {
    name = nameOf(before, variant);
    const { targets = [] } = before.definition;
    const after = withUsers(before.definition, users, name);
    return after === targets ? [] : [{ op: 'add', path: '/targets', value: after }];
  });
  if (options.json) return printJson(written);
  if (!written.changed) return printLine(`nothing to change: ${before.name} = ${variantFor(name, users)} (version ${written.version})`);
  printLine(`${before.name} = ${variantFor(name, users)} (version ${written.version})`);
  printNote('note: this changed "targets" of the definition: a document without it takes it back when it is deployed, so export it there');
}

/** Returns the name of a variant of a flag; `undefined` for none. Fails if the flag has no such variant. */
function nameOf({ name: key, definition }: Definition, variant: OwnersVariant): string | undefined {
  if (variant === undefined) return undefined;
  const name = typeof variant === 'string' ? switchedOf(definition, variant) : variant.named;
  const known = variantsOf(definition);
  if (!known.includes(name)) throw new Failure(`${key} has no variant "${name}"; its variants are ${known.join(', ')}`);
  return name;
}

function switchedOf({ on = 'on', off = 'off' }: Flag, to: 'on' | 'off'): string {
  return to === 'on' ? on : off;
}
