/** The command line: every command with its options. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

import { printToken, type TokenOptions } from './commands/token.js';
import { EXIT } from './failure.js';
import { DEFAULT_FOLDER } from './folder.js';
import { RELEASE } from './package.js';
import { dev, type DevOptions, serve, type ServeOptions } from './server/serve.js';
import { ROLES } from './token.js';

/** Returns the parser of the command line, which runs the command that it finds. */
export function commandLine(): Command {
  const program = new Command('twinflag');
  program.description('Feature flags whose answer is the same everywhere: the server, and commands for one.').version(RELEASE);
  program.exitOverride().showHelpAfterError('(--help lists the options)').configureHelp({ sortSubcommands: false });

  server(program.command('dev').description('Serve the example flags and a demo page, for development.'))
    .option('--flags <file>', 'the document that an empty store imports; the example flags by default')
    .option('--rate-limits <text>', '"off", or such as "client=6000"')
    .option('--off', 'switch all flags off')
    .option('--test-clock', 'let requests set the time')
    .action((options: DevOptions) => dev(options));
  server(program.command('serve').description('Serve a deployment from a data folder. Environment variables are its settings.'))
    .option('--flags <file>', 'the document that an empty store imports; none by default')
    .option('--environment <name>', 'the name of the first environment of an empty store', 'production')
    .action((options: ServeOptions) => serve(options));
  program.command('token').description("Print an operator's token, signed with the secret of a data folder or a file.")
    .requiredOption('--sub <name>', 'the subject: the name in the audit trail')
    .addOption(new Option('--role <role>', 'the role').choices(ROLES).makeOptionMandatory())
    .option('--organization <id>', 'the organization, for the roles of one')
    .option('--environments <names>', 'the environments that the token is for, separated by commas; all by default', names)
    .option('--minutes <number>', 'how long the token is valid', wholeNumber(1, 10 * 365 * 24 * 60), 60)
    .option('--secret-file <file>', "a file with the deployment's JWT_SECRET")
    .option('--data <folder>', 'the data folder that has the secret', DEFAULT_FOLDER)
    .action((options: TokenOptions) => printToken(options));
  return program;
}

function server(command: Command): Command {
  return command
    .option('--data <folder>', 'the folder of the store and the secrets, for one server at a time', DEFAULT_FOLDER)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on; 0 for a free one', wholeNumber(0, 65_535), 8787);
}

function names(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most) throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return number;
  };
}

/** Returns the exit code of the parser's own errors and of `--help`. */
export function exitCodeOf({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT.ok : EXIT.usage;
}
