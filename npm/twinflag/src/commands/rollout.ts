/** The commands for rollouts. */
import type { Command } from 'commander';

import { stateOf } from '../describe.js';
import { Failure } from '../failure.js';
import { featureOf } from '../flag.js';
import { printJson, printLine } from '../output.js';
import type { Written } from '../wire.js';
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
import { names, percentage } from './values.js';

interface StartOptions extends ChangeOptions {
  readonly percentage?: number;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export function addRolloutCommands(program: Command): void {
  const rollout = program.command('rollout').description('Roll a flag out step by step, and back.');
  withExample(
    forApi(rollout.command('show <flag>').description('Show where a rollout stands.')),
    'twinflag rollout show new_checkout',
  ).action(show);
  withExample(
    forChange(rollout.command('start <flag>').description('Start a rollout, planning it first if there is none.')),
    'twinflag rollout start new_checkout --percentage 5',
  )
    .option('--percentage <number>', 'begin at this percentage; at the first tier by default', percentage)
    .option('--allow <id...>', 'units that get the flag first', names)
    .option('--deny <id...>', 'units that never get it by the rollout', names)
    .action(start);
  withExample(
    withYes(
      forChange(
        rollout.command('percentage <flag>').description('Set the percentage. A lower one takes the flag from some, and asks first.'),
      ),
    ),
    'twinflag rollout percentage new_checkout 50',
  )
    .argument('<number>', 'the percentage, such as 12.5', percentage)
    .action(setPercentage);
  withExample(
    forChange(rollout.command('advance <flag>').description('Advance to the next tier.')),
    'twinflag rollout advance new_checkout --force --reason "tested by hand"',
  )
    .option('--force', 'although the time or the counts of this tier stand against it; then give a --reason')
    .action(async (key: string, options: ChangeOptions & { readonly force?: boolean }) => {
      if (options.force) wantReason(options);
      await step('advance', key, options, options.force ? { force: true } : {});
    });
  withExample(
    forChange(rollout.command('pause <flag>').description('Pause: units keep the flag, and the rollout cannot advance.')),
    'twinflag rollout pause new_checkout',
  ).action((key: string, options: ChangeOptions) => step('pause', key, options));
  withExample(
    forChange(rollout.command('resume <flag>').description('Resume a paused rollout.')),
    'twinflag rollout resume new_checkout',
  ).action((key: string, options: ChangeOptions) => step('resume', key, options));
  withExample(
    withYes(forChange(rollout.command('rollback <flag>').description('Roll back: nobody has the flag by the rollout.'))),
    'twinflag rollout rollback new_checkout --yes --reason "orders are lost"',
  ).action(async (key: string, options: ChangeOptions & ConfirmedOptions) => {
    wantReason(options);
    await confirm(`roll ${key} back, so that nobody has it by the rollout?`, options);
    await step('rollback', key, options);
  });
  withExample(
    withYes(forChange(rollout.command('complete <flag>').description('Complete: everybody has the flag.'))),
    'twinflag rollout complete new_checkout --yes',
  ).action(async (key: string, options: ChangeOptions & ConfirmedOptions) => {
    await confirm(`complete ${key}, so that everybody has it?`, options);
    await step('complete', key, options);
  });
}

async function show(key: string, options: ApiOptions): Promise<void> {
  const feature = await featureOf(connect(options), key);
  if (options.json) return printJson(feature);
  printLine(stateOf(feature));
}

async function start(key: string, options: StartOptions): Promise<void> {
  const api = connect(options);
  const { rollout } = await featureOf(api, key);
  const plan = {
    ...(options.percentage !== undefined && { percentage: options.percentage }),
    ...(options.allow && { whitelistedCustomers: options.allow }),
    ...(options.deny && { blacklistedCustomers: options.deny }),
  };
  // One change, so that undoing the newest one takes the whole command back.
  if (rollout === null || rollout.status === 'rolled_back' || rollout.status === 'completed')
    return step('create', key, options, { ...plan, start: true });
  if (Object.keys(plan).length > 0)
    throw new Failure(
      `${key} has a rollout already, which is ${rollout.status}`,
      undefined,
      'set its percentage with `twinflag rollout percentage`',
    );
  await step('start', key, options);
}

async function setPercentage(key: string, wanted: number, options: ChangeOptions & ConfirmedOptions): Promise<void> {
  const api = connect(options);
  const { rollout } = await featureOf(api, key);
  if (rollout !== null && wanted < rollout.percentage)
    await confirm(`lower ${key} from ${rollout.percentage} % to ${wanted} %, which takes it from some?`, options);
  await step('percentage', key, options, { percentage: wanted });
}

async function step(name: string, key: string, options: ChangeOptions, more: object = {}): Promise<void> {
  const body = { featureName: key, reason: options.reason, ...more };
  printWritten((await connect(options).ask<Written>({ method: 'POST', path: `/api/admin/rollout/${name}`, body })).body, options);
}
