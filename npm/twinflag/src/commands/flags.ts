/** The commands for flags: `list`, `show`, `create`, `remove`, `on` and `off`. */
import { type Command, Option } from 'commander';

import { describe, rolloutOf } from '../describe.js';
import { EXIT, Failure } from '../failure.js';
import { BOOLEAN_VARIANTS, createFlag, type Definition, definitionOf, featureOf, removeFlag, restoreFlag } from '../flag.js';
import { printColumns, printJson, printLine, printNote, printTable } from '../output.js';
import type { Fault, Flag, ListedFeature, Written } from '../wire.js';
import {
  type ApiOptions,
  type ChangeOptions,
  type ConfirmedOptions,
  confirm,
  connect,
  forApi,
  forChange,
  printWritten,
  wantReason,
  withExample,
  withYes,
} from './common.js';
import { forOwners, namesOwners, type Owners, override, ownersIn } from './owners.js';
import { assignments, names } from './values.js';

interface CreateOptions extends ChangeOptions {
  readonly type: string;
  readonly variant?: readonly (readonly [name: string, value: string])[];
  readonly default?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tag?: readonly string[];
  readonly unit?: string;
}

/** The answer to the list of flags. */
interface Listed {
  readonly features: readonly ListedFeature[];
  /** The parts of the document that are left out. */
  readonly errors?: readonly Fault[];
}

export function addFlagCommands(program: Command): void {
  withExample(
    forApi(program.command('list').description('List all flags, with the state of each.')),
    'twinflag list',
    'twinflag list --archived',
  )
    .option('--archived', 'the flags that were removed, and can be restored')
    .action(list);
  withExample(
    forApi(program.command('show <flag>').description('Show the state and the definition of one flag.')),
    'twinflag show new_checkout',
  ).action(show);
  withExample(
    forChange(program.command('create <flag>').description('Create a flag. A boolean flag is off for everybody until you roll it out.')),
    'twinflag create new_checkout --description "The checkout in one page."',
    'twinflag create theme --type string --variant light=l dark=d',
  )
    .addOption(new Option('--type <type>', 'the type of its values').choices(['boolean', 'string', 'number', 'object']).default('boolean'))
    .option(
      '--variant <name=value...>',
      'the variants of a flag that is not boolean; a value is JSON, or the text of a string flag',
      assignments,
    )
    .option('--default <variant>', 'the variant of everybody; "off" of a boolean flag, or else the first one')
    .option('--description <text>', 'what the flag is for')
    .option('--owner <name>', 'who answers for it')
    .option('--tag <name...>', 'its tags', names)
    .option('--unit <attribute>', 'what rollouts draw by, such as customerId; targetingKey by default')
    .action(create);
  withExample(
    withYes(
      forChange(program.command('remove <flag>').description('Remove a flag. Its state and its overrides stay, for when it returns.')),
    ),
    'twinflag remove new_checkout --yes --reason "everybody has it"',
  ).action(remove);
  withExample(
    forChange(program.command('restore <flag>').description('Bring a flag back that was removed, with its state and its overrides.')),
    'twinflag restore new_checkout --reason "it is needed again"',
  ).action(restore);
  withExample(
    forOwners(forChange(program.command('on <flag>').description('Switch a flag on that was switched off, or give it to some.'))),
    'twinflag on new_checkout --user ada,mary',
    'twinflag on new_checkout --reason "it is mended"',
  ).action(on);
  withExample(
    withYes(
      forOwners(
        forChange(program.command('off <flag>').description('Switch a flag off for everybody at once, or for some alone. Asks first.')),
      ),
    ),
    'twinflag off new_checkout --yes --reason "orders are lost"',
    'twinflag off new_checkout --yes --user ada',
  ).action(off);
}

async function list({ archived, ...options }: ApiOptions & { readonly archived?: boolean }): Promise<void> {
  if (archived) return listArchived(options);
  const { body } = await connect(options).ask<Listed>({ path: '/api/admin/feature-flags' });
  if (options.json) return printJson(body);
  const refused = new Set((body.errors ?? []).flatMap(({ pointer }) => /^\/flags\/([^/]*)/.exec(pointer)?.[1] ?? []));
  const served = body.features.map(({ flagPath, type, enabled, rollout }) => [
    refused.delete(flagPath) ? `${flagPath} (!)` : flagPath,
    type,
    enabled ? 'on' : 'off',
    rollout ? rolloutOf(rollout) : '',
  ]);
  printTable(
    ['FLAG', 'TYPE', 'SWITCH', 'ROLLOUT'],
    [...served, ...[...refused].map(key => [`${key} (!)`, '', 'left out', ''])],
    'no flags',
  );
  if (refused.size > 0 || served.some(([key]) => key?.endsWith(' (!)')))
    printNote(`note: (!) has a definition with an error; the last good one serves, if there is one: twinflag show FLAG`);
}

async function listArchived(options: ApiOptions): Promise<void> {
  const api = connect(options);
  const found: Omit<Definition, 'etag'>[] = [];
  for (let after: string | undefined; ; ) {
    const query = { archived: true, after };
    const { body } = await api.ask<{ definitions: typeof found; next?: string }>({ path: '/api/admin/flags', query });
    found.push(...body.definitions);
    after = body.next;
    if (after === undefined) break;
  }
  if (options.json) return printJson({ definitions: found });
  const rows = found.map(({ name, lastChange }) => [name, lastChange?.changedBy ?? '', lastChange?.changedAt.slice(0, 10) ?? '']);
  printTable(['FLAG', 'REMOVED BY', 'ON'], rows, 'no flags were removed');
}

async function show(key: string, options: ApiOptions): Promise<void> {
  const api = connect(options);
  const found = await definitionOf(api, key);
  if (options.json) return printJson(found);
  const { name, definition, lastChange, refused, state } = found;
  const rollout = state.rollout === undefined ? '' : `, rollout ${state.rollout.status} at ${state.rollout.percentage ?? 0} %`;
  const isOn = state.enabled === false ? 'switched off for everybody' : 'switched on';
  printLine(`${name}: ${isOn}${rollout}`);
  // A boolean flag may leave its variants out, by whose names overrides and targets are given.
  const told = { ...definition, variants: definition.variants ?? BOOLEAN_VARIANTS };
  printColumns(Object.entries(told).map(([member, value]) => [member, typeof value === 'string' ? value : JSON.stringify(value)]));
  if (lastChange !== null)
    printLine(`last change: ${describe(lastChange)}, by ${lastChange.changedBy}, version ${lastChange.version}: ${lastChange.reason}`);
  if (refused !== undefined) printLine(`refused: ${JSON.stringify(refused)}, so the definition above serves`);
}

async function create(key: string, options: CreateOptions): Promise<void> {
  const written = await createFlag(connect(options), key, flagOf(options), options.reason);
  if (options.json) return printJson(written);
  printLine(`created ${key} (version ${written.version})`);
}

async function remove(key: string, options: ChangeOptions & ConfirmedOptions): Promise<void> {
  const api = connect(options);
  const found = await definitionOf(api, key);
  await confirm(`remove ${found.name}, so that callers get their own defaults?`, options);
  printWritten(await removeFlag(api, found, { reason: options.reason }), options);
}

async function restore(key: string, options: ChangeOptions): Promise<void> {
  printWritten(await restoreFlag(connect(options), key, options.reason), options);
}

function flagOf({ type, variant: given = [], default: named, description, owner, tag, unit }: CreateOptions): Flag {
  const members = {
    ...(description !== undefined && { description }),
    ...(owner !== undefined && { owner }),
    ...(tag && { tags: tag }),
    ...(unit !== undefined && { unit }),
  };
  if (type === 'boolean') {
    if (given.length > 0) throw new Failure('a boolean flag has the variants "on" and "off"', EXIT.usage);
    return { ...members, ...(named !== undefined && { default: named }) };
  }
  const [first, second = first] = given.map(([name]) => name);
  if (first === undefined || second === undefined) throw new Failure(`a flag of type ${type} needs --variant`, EXIT.usage);
  const values = Object.fromEntries(given.map(([name, value]) => [name, parseValue(type, value)]));
  return { ...members, type, variants: values, off: first, on: second, default: named ?? first };
}

/** A value of a variant: JSON, or for a string flag any other text as it is. */
function parseValue(type: string, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return type === 'string' && typeof value !== 'string' ? text : value;
  } catch {
    if (type === 'string') return text;
    throw new Failure(`the value is not JSON: ${text}`, EXIT.usage);
  }
}

async function on(key: string, options: ChangeOptions & Owners): Promise<void> {
  const api = connect(options);
  if (namesOwners(options)) return override(api, key, 'on', options);
  await switchFlag(key, 'revive', options);
  if (options.json) return;
  const { evaluation, rollout } = await featureOf(api, key);
  if (evaluation.value === false && rollout === null)
    printNote(`note: it answers false unless a target or a rule says otherwise; roll it out with: twinflag rollout start ${key}`);
}

async function off(key: string, options: ChangeOptions & ConfirmedOptions & Owners): Promise<void> {
  if (namesOwners(options)) {
    await confirm(`switch ${key} off for ${ownersIn(options)} alone, while others keep what they have?`, options);
    return override(connect(options), key, 'off', options);
  }
  wantReason(options);
  await confirm(`switch ${key} off for everybody?`, options);
  await switchFlag(key, 'kill', options);
}

async function switchFlag(key: string, action: 'kill' | 'revive', options: ChangeOptions): Promise<void> {
  wantReason(options);
  const body = { featureName: key, action, reason: options.reason };
  printWritten((await connect(options).ask<Written>({ method: 'POST', path: '/api/admin/feature-flags', body })).body, options);
}
