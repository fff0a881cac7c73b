/** The commands for overrides. */
import type { Command } from 'commander';

import { EXIT, Failure } from '../failure.js';
import { printJson, printTable } from '../output.js';
import { usersOf } from '../targets.js';
import type { Document, OverrideTree } from '../wire.js';
import { type ApiOptions, type ChangeOptions, connect, forApi, forChange, withExample } from './common.js';
import { addBulkCommands } from './override-lines.js';
import { forOwners, namesOwners, type Owners, override } from './owners.js';

/** A value of one owner's own. */
interface Listed {
  readonly kind: 'user' | 'customer' | 'organization';
  readonly owner: string;
  readonly flag: string;
  readonly value: string;
}

export function addOverrideCommands(program: Command): void {
  const overrides = program
    .command('override')
    .alias('overrides')
    .description('Give single users, customers and organizations their own variant of a flag.');
  withExample(
    forApi(overrides.command('list').description('List all overrides, and the individual targets of flags.')),
    'twinflag override list --flag new_checkout',
  )
    .option('--flag <flag>', 'only those of one flag')
    .action(list);
  withExample(
    forOwners(forChange(overrides.command('set <flag> <variant>').description('Give owners a variant of a flag.'))),
    'twinflag override set new_checkout on --customer c-1 --reason "they asked for it"',
  ).action((key: string, variant: string, options: ChangeOptions & Owners) => change(key, variant, options));
  withExample(
    forOwners(forChange(overrides.command('remove <flag>').description('Remove the overrides of owners: they get what others get.'))),
    'twinflag override remove new_checkout --customer c-1 --reason "the test is over"',
  ).action((key: string, options: ChangeOptions & Owners) => change(key, undefined, options));
  addBulkCommands(overrides);
}

async function change(key: string, variant: string | undefined, options: ChangeOptions & Owners): Promise<void> {
  if (!namesOwners(options)) throw new Failure('name an owner with --user, --customer or --organization', EXIT.usage);
  await override(connect(options), key, variant === undefined ? undefined : { named: variant }, options);
}

async function list({ flag, ...options }: ApiOptions & { readonly flag?: string }): Promise<void> {
  const { body } = await connect(options).ask<Document>({ path: '/api/admin/document' });
  const listed = listedIn(body).filter(each => flag === undefined || each.flag === flag);
  if (options.json) return printJson({ overrides: listed });
  printTable(
    ['KIND', 'OWNER', 'FLAG', 'VALUE'],
    listed.map(({ kind, owner, flag, value }) => [kind, owner, flag, value]),
    'no overrides',
  );
}

function listedIn({ flags = {}, overrides = {} }: Document): readonly Listed[] {
  const users = Object.entries(flags).flatMap(([flag, definition]) =>
    usersOf(definition).map(([owner, value]) => ({ kind: 'user' as const, owner, flag, value })),
  );
  const owned = (
    [
      ['customer', overrides.customers],
      ['organization', overrides.organizations],
    ] as const
  ).flatMap(([kind, trees = {}]) =>
    Object.entries(trees).flatMap(([owner, tree]) => leavesOf(tree).map(([flag, value]) => ({ kind, owner, flag, value }))),
  );
  return [...users, ...owned];
}

/** Returns the values of a tree, each with the key of its flag. */
function leavesOf(tree: OverrideTree, before = ''): readonly (readonly [flag: string, value: string])[] {
  return Object.entries(tree).flatMap(([step, value]) => {
    const path = before + step;
    if (typeof value === 'object') return leavesOf(value, `${path}.`);
    return [[path, value === true ? 'on' : value === false ? 'off' : value] as const];
  });
}
