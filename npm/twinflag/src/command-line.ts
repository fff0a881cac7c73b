/** The command line: every command with its options. */
import { Command, type CommanderError } from 'commander';

import { addBackupCommands } from './commands/backup.js';
import { addCompletionCommands } from './commands/completion.js';
import { addDocumentCommands } from './commands/document.js';
import { addEnvironmentCommands } from './commands/environment.js';
import { addFlagCommands } from './commands/flags.js';
import { addKeyCommands } from './commands/key.js';
import { addOverrideCommands } from './commands/override.js';
import { addRolloutCommands } from './commands/rollout.js';
import { addScheduleCommands } from './commands/schedule.js';
import { addServerCommands } from './commands/server.js';
import { addTokenCommands } from './commands/token.js';
import { addTrailCommands } from './commands/trail.js';
import { addTypesCommand } from './commands/types.js';
import { addWebhookCommands } from './commands/webhook.js';
import { EXIT } from './failure.js';
import { forPrograms } from './output.js';
import { RELEASE } from './package.js';

const EXIT_CODES = `
Exit codes: ${EXIT.ok} done, ${EXIT.failed} refused or failed, ${EXIT.different} a difference (diff), ${EXIT.usage} a wrong command line, ${EXIT.unavailable} no server.`;

/** Returns the parser of the command line, which runs the command that it finds. */
export function commandLine(): Command {
  const program = new Command('twinflag');
  program.description('Feature flags whose answer is the same everywhere: the server, and commands for one.').version(RELEASE);
  program.exitOverride().enablePositionalOptions().showHelpAfterError('(--help lists the options)').addHelpText('after', EXIT_CODES);
  // A program gets the error as JSON.
  if (forPrograms) program.configureOutput({ writeErr: () => undefined });
  addServerCommands(program);
  addTokenCommands(program);
  addFlagCommands(program);
  addRolloutCommands(program);
  addScheduleCommands(program);
  addOverrideCommands(program);
  addDocumentCommands(program);
  addTrailCommands(program);
  addKeyCommands(program);
  addEnvironmentCommands(program);
  addBackupCommands(program);
  addWebhookCommands(program);
  addTypesCommand(program);
  addCompletionCommands(program);
  return program;
}

/** Returns the exit code of the parser's own errors and of `--help`. */
export function exitCodeOf({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT.ok : EXIT.usage;
}
