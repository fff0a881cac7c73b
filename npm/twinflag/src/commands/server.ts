/** The commands that serve, `dev` and `serve`, and the one that ends them: `stop`. */
import { setTimeout as pause } from 'node:timers/promises';

import type { Command } from 'commander';

import { EXIT, Failure } from '../failure.js';
import { DEFAULT_FOLDER, Folder } from '../folder.js';
import { printLine } from '../output.js';
import { runningOn } from '../server/lock.js';
import { type DevOptions, dev, type ServeOptions, serve } from '../server/serve.js';
import { withExample } from './common.js';
import { assignments, wholeNumber } from './values.js';

/** The time that a server gets to end, and that between two looks, in milliseconds. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 100;

export function addServerCommands(program: Command): void {
  withExample(
    forFolder(program.command('dev').description('Serve the example flags and a demo page, for development.')),
    'twinflag dev --port 0',
  )
    .option('--flags <file>', 'the document that an empty store imports; the example flags by default')
    .option('--rate-limits <text>', '"off", or such as "client=6000"')
    .option('--off', 'switch all flags off')
    .option('--test-clock', 'let requests set the time')
    .action((options: DevOptions) => dev(options));
  withExample(
    forFolder(program.command('serve').description('Serve a deployment from a data folder. Environment variables are its settings.')),
    'twinflag serve --port 0 --set CLIENT_ORIGINS=https://shop.example',
  )
    .option('--flags <file>', 'the document that an empty store imports; one without flags by default')
    .option('--environment <name>', 'the name of the environment of an empty store without --flags', 'production')
    .action((options: ServeOptions) => serve(options));
  withExample(
    program.command('stop').description('Stop the server that runs on a data folder. Everything in the folder stays.'),
    'twinflag stop',
  )
    .option('--data <folder>', 'the data folder of the server', DEFAULT_FOLDER)
    .action(stop);
}

async function stop({ data }: { readonly data: string }): Promise<void> {
  const folder = new Folder(data);
  const running = runningOn(folder);
  if (running === undefined) throw new Failure(`no server runs on ${folder.path}`, EXIT.unavailable);
  process.kill(running.pid, 'SIGTERM');
  for (const end = Date.now() + PATIENCE_MS; runningOn(folder) !== undefined; await pause(LOOK_MS)) {
    if (Date.now() > end) throw new Failure(`the server at ${running.url} does not end: process ${running.pid}`);
  }
  printLine(`stopped the server at ${running.url}`);
}

function forFolder(command: Command): Command {
  return command
    .option('--data <folder>', 'the folder of the store and the secrets, for one server at a time', DEFAULT_FOLDER)
    .option('--store <address>', 'the Postgres in which the hub keeps everything: postgres://user:password@host:port/database')
    .option('--set <name=value...>', 'settings beside those of the environment; secrets belong there', assignments)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on; 0 for a free one', wholeNumber(0, 65_535), 8787);
}
