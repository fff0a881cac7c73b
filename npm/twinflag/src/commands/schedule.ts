/** The commands for schedules, which the server carries out at their moments: `schedule add`, `list` and `cancel`. */
import { readFileSync } from 'node:fs';

import { Argument, type Command, Option } from 'commander';

import { EXIT, Failure, messageOf } from '../failure.js';
import { printJson, printLine, printTable } from '../output.js';
import type { Written } from '../wire.js';
import { type ApiOptions, type ChangeOptions, connect, forApi, forChange, printWritten, withExample } from './common.js';
import { moment, percentage } from './values.js';

const PATH = '/api/admin/schedules';
const KINDS = ['kill', 'revive'];
const STEPS = ['start', 'percentage', 'advance', 'pause', 'resume', 'complete', 'rollback', ...KINDS];

interface AddOptions extends ChangeOptions {
  readonly at?: string;
  readonly until?: string;
  readonly steps?: string;
}

/** A request of the admin API with its moment. */
interface Step {
  readonly at: string;
  readonly until?: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** A pending schedule. One that another release of the server wrote has its id alone. */
interface Schedule extends Partial<Step> {
  readonly id: string;
  readonly flag?: string;
  readonly createdBy?: string;
  readonly waitingFor?: string;
}

export function addScheduleCommands(program: Command): void {
  const schedule = program.command('schedule').description('Have the server carry changes out later.');
  withExample(
    forChange(schedule.command('add').description('Schedule a step of a flag, or the steps of a file.')),
    'twinflag schedule add new_checkout percentage 50 --at 3d --reason "the week after the launch"',
    'twinflag schedule add new_checkout advance --at 2d --until 5d',
  )
    .argument('[flag]', 'the key of the flag, or an alias')
    .addArgument(new Argument('[step]', 'the step').choices(STEPS))
    .argument('[number]', 'the percentage, such as 12.5', percentage)
    .option('--at <time>', 'the moment, such as 2027-01-01T08:00:00Z, or a time from now, such as 90m, 12h or 3d', moment)
    .option('--until <time>', 'until when a step whose tier or gate stands against it is tried again; once by default', moment)
    .addOption(
      new Option('--steps <file>', 'the steps of a JSON file, as the admin API takes them; - is standard input').conflicts(['at', 'until']),
    )
    .action(add);
  withExample(forApi(schedule.command('list').description('List the pending schedules.')), 'twinflag schedule list')
    .option('--flag <flag>', 'those about this flag alone')
    .action(list);
  withExample(
    forChange(schedule.command('cancel <id>').description('Cancel a pending schedule, by its id or the beginning of it.')),
    'twinflag schedule cancel "$(twinflag schedule list --json | node -p \'JSON.parse(fs.readFileSync(0)).schedules[0].id\')"',
  ).action(cancel);
}

async function add(flag: string | undefined, step: string | undefined, number: number | undefined, options: AddOptions): Promise<void> {
  const { reason, steps: file } = options;
  const api = connect(options);
  const named = flag !== undefined && step !== undefined && options.at !== undefined;
  if (file === undefined ? !named : flag !== undefined) {
    throw new Failure('expected either a flag, a step and --at, or --steps', EXIT.usage, '`twinflag schedule add --help` has an example');
  }
  const steps = named ? [{ at: options.at, until: options.until, ...request(flag, step, number, options) }] : read(file ?? '-');
  const { body } = await api.ask<Written & { readonly ids: readonly string[] }>({ method: 'POST', path: PATH, body: { steps, reason } });
  if (options.json) return printJson(body);
  for (const id of body.ids) printLine(`scheduled ${id} (version ${body.version})`);
}

function request(flag: string, step: string, number: number | undefined, { reason }: AddOptions): Omit<Step, 'at'> {
  if ((step === 'percentage') !== (number !== undefined))
    throw new Failure('expected a number with percentage, and with no other step', EXIT.usage);
  const wants = KINDS.includes(step) || step === 'rollback';
  if (wants && reason === undefined) throw new Failure('a reason is missing', EXIT.usage, 'say why with --reason');
  if (KINDS.includes(step)) return post('/api/admin/feature-flags', { featureName: flag, action: step, reason });
  const share = number === undefined ? {} : { percentage: number };
  return post(`/api/admin/rollout/${step}`, { featureName: flag, ...share, reason });
}

function post(path: string, body: unknown): Omit<Step, 'at'> {
  return { method: 'POST', path, body };
}

/** Reads the steps of a file: a list, or an object with a list. */
function read(file: string): unknown {
  let json: unknown;
  try {
    // 0 is standard input.
    json = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw new Failure(`cannot read the steps in ${file}: ${messageOf(error)}`);
  }
  return Array.isArray(json) || json === null || typeof json !== 'object' ? json : (json as { steps?: unknown }).steps;
}

async function list({ flag, ...options }: ApiOptions & { readonly flag?: string }): Promise<void> {
  const { body } = await connect(options).ask<{ readonly schedules: readonly Schedule[] }>({ path: PATH, query: { flag, limit: '500' } });
  if (options.json) return printJson(body);
  const rows = body.schedules.map(({ id, at, flag: about, createdBy, waitingFor, ...rest }) => [
    at ?? '',
    about ?? '',
    inWords(rest),
    createdBy ?? '',
    waitingFor ?? '',
    id,
  ]);
  printTable(['AT', 'FLAG', 'REQUEST', 'BY', 'WAITING FOR', 'ID'], rows, 'nothing is scheduled');
}

/** A request in words: its path behind that of all, and what its body says besides the flag and the reason. */
function inWords({ method, path, body }: Partial<Step>): string {
  if (path === undefined) return 'of another release of the server';
  const {
    featureName: _flag,
    reason: _reason,
    ...rest
  } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const more = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [...(method === 'POST' ? [] : [method]), path.replace('/api/admin/', ''), ...more].join(' ');
}

async function cancel(named: string, options: ChangeOptions): Promise<void> {
  const api = connect(options);
  const { body } = await api.ask<{ readonly schedules: readonly Schedule[] }>({ path: PATH, query: { limit: '500' } });
  const found = body.schedules.filter(({ id }) => id.startsWith(named));
  const [schedule] = found;
  if (schedule === undefined || found.length > 1) {
    const how = found.length > 1 ? `${found.length} pending schedules have ids that begin` : 'no pending schedule has an id that begins';
    throw new Failure(`${how} with "${named}"`, EXIT.failed, '`twinflag schedule list` shows them');
  }
  const path = `${PATH}/${encodeURIComponent(schedule.id)}`;
  printWritten((await api.ask<Written>({ method: 'DELETE', path, query: { reason: options.reason } })).body, options);
}
