/** The commands that serve: `dev` and `serve`. */
import type { Command } from 'commander';

import { DEFAULT_FOLDER } from '../folder.js';
import { type DevOptions, dev, type ServeOptions, serve } from '../server/serve.js';
import { wholeNumber } from './values.js';

export function addServerCommands(program: Command): void {
  forFolder(program.command('dev').description('Serve the example flags and a demo page, for development.'))
    .option('--flags <file>', 'the document that an empty store imports; the example flags by default')
    .option('--rate-limits <text>', '"off", or such as "client=6000"')
    .option('--off', 'switch all flags off')
    .option('--test-clock', 'let requests set the time')
    .action((options: DevOptions) => dev(options));
  forFolder(program.command('serve').description('Serve a deployment from a data folder. Environment variables are its settings.'))
    .option('--flags <file>', 'the document that an empty store imports; one without flags by default')
    .option('--environment <name>', 'the name of the environment of an empty store without --flags', 'production')
    .action((options: ServeOptions) => serve(options));
}

function forFolder(command: Command): Command {
  return command
    .option('--data <folder>', 'the folder of the store and the secrets, for one server at a time', DEFAULT_FOLDER)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on; 0 for a free one', wholeNumber(0, 65_535), 8787);
}
