/** The commands for flags: `list`, `create`, `on` and `off`. */
import { type Command, Option } from 'commander';
import { editDocument } from '../edit.js';
import { EXIT, Failure } from '../failure.js';
import { printJson, printLine, printNote, printTable } from '../output.js';
import type { Flag, ListedFeature, Written } from '../wire.js';
import {
  type ApiOptions,
  type ChangeOptions,
  type ConfirmedOptions,
  confirm,
  connect,
  forApi,
  forChange,
  printWritten,
  rolloutOf,
  wantReason,
  withYes,
} from './common.js';
import { forOwners, namesOwners, type Owners, override } from './owners.js';
import { assignments } from './values.js';

interface CreateOptions extends ChangeOptions {
  readonly type: string;
  readonly variant?: readonly (readonly [name: string, value: string])[];
  readonly default?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tag?: readonly string[];
  readonly unit?: string;
}

export function addFlagCommands(program: Command): void {
  forApi(program.command('list').description('List all flags, with the state of each.')).action(list);

  forChange(program.command('create <key>').description('Create a flag. A boolean flag is off for everybody until you roll it out.'))
    .addOption(new Option('--type <type>', 'the type of its values').choices(['boolean', 'string', 'number', 'object']).default('boolean'))
    .option(
      '--variant <name=value...>',
      'the variants of a flag that is not boolean; a value is JSON, or the text of a string flag',
      assignments,
    )
    .option('--default <variant>', 'the variant of everybody; "off" of a boolean flag, or else the first one')
    .option('--description <text>', 'what the flag is for')
    .option('--owner <name>', 'who answers for it')
    .option('--tag <name...>', 'its tags')
    .option('--unit <attribute>', 'what rollouts draw by, such as customerId; targetingKey by default')
    .action(create);

  withYes(
    forOwners(forChange(program.command('on <key>').description('Switch a flag on that was switched off, or give it to some.'))),
  ).action(on);
  withYes(forOwners(forChange(program.command('off <key>').description('Switch a flag off for everybody at once, or for some.')))).action(
    off,
  );
}

async function list(options: ApiOptions): Promise<void> {
  const { body } = await connect(options).ask<{ features: readonly ListedFeature[] }>({ path: '/api/admin/feature-flags' });
  if (options.json) return printJson(body);
  const rows = body.features.map(({ flagPath, type, enabled, rollout }) => [
    flagPath,
    type,
    enabled ? 'on' : 'off',
    rollout ? rolloutOf(rollout) : '',
  ]);
  printTable(['FLAG', 'TYPE', 'SWITCH', 'ROLLOUT'], rows, 'no flags');
}

async function create(key: string, options: CreateOptions): Promise<void> {
  const flag = definitionOf(options);
  const imported = await editDocument(connect(options), options.reason, document => {
    if (document.flags && key in document.flags) throw new Failure(`there is a flag "${key}" already`);
    return { ...document, flags: { ...document.flags, [key]: flag } };
  });
  const fault = imported.errors.find(({ pointer }) => pointer.startsWith(`/flags/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`));
  if (options.json) return printJson(imported);
  printLine(`created ${key} (version ${imported.version})`);
  if (fault !== undefined) throw new Failure(`it is left out: ${fault.message}\nat: ${fault.pointer}`);
}

function definitionOf({ type, variant: given = [], default: named, description, owner, tag, unit }: CreateOptions): Flag {
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

async function on(key: string, options: ChangeOptions & ConfirmedOptions & Owners): Promise<void> {
  const api = connect(options);
  if (namesOwners(options)) return override(api, key, 'on', options);
  wantReason(options);
  const { body } = await api.ask<Written>({
    method: 'POST',
    path: '/api/admin/feature-flags',
    body: { featureName: key, action: 'revive', reason: options.reason },
  });
  printWritten(body, options);
  const { features } = (
    await api.ask<{ features: readonly ListedFeature[] }>({ path: '/api/admin/feature-flags', query: { featureName: key } })
  ).body;
  if (features.some(({ evaluation, rollout }) => evaluation.value === false && rollout === null)) {
    printNote(`note: it answers false to everybody without a rule; roll it out with: twinflag rollout start ${key}`);
  }
}

async function off(key: string, options: ChangeOptions & ConfirmedOptions & Owners): Promise<void> {
  const api = connect(options);
  if (namesOwners(options)) return override(api, key, 'off', options);
  wantReason(options);
  await confirm(`switch ${key} off for everybody?`, options);
  const { body } = await api.ask<Written>({
    method: 'POST',
    path: '/api/admin/feature-flags',
    body: { featureName: key, action: 'kill', reason: options.reason },
  });
  printWritten(body, options);
}
