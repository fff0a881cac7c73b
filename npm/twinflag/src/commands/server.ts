/** The commands that serve: `dev` and `serve`. */
import type { Command } from 'commander';

import { DEFAULT_FOLDER } from '../folder.js';
import { type DevOptions, dev, type ServeOptions, serve } from '../server/serve.js';
import { withExample } from './common.js';
import { assignments, wholeNumber } from './values.js';

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
}

function forFolder(command: Command): Command {
  return command
    .option('--data <folder>', 'the folder of the store and the secrets, for one server at a time', DEFAULT_FOLDER)
    .option('--store <address>', 'the Postgres in which the hub keeps everything: postgres://user:password@host:port/database')
    .option('--set <name=value...>', 'settings beside those of the environment; secrets belong there', assignments)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on; 0 for a free one', wholeNumber(0, 65_535), 8787);
}
