/** `twinflag completion`: the script by which a shell completes a command line, and the keys of flags that the script asks for. */
import { Argument, type Command } from 'commander';

import { completionOf, KEYS_COMMAND, SHELLS, type Shell } from '../completion.js';
import { connect, forServer, type ServerOptions, withExample } from './common.js';

/** The time that a key press may take. */
const PATIENCE_MS = 1_000;

export function addCompletionCommands(program: Command): void {
  withExample(program.command('completion').description('Print the completion script of a shell.'), 'twinflag completion bash')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => void process.stdout.write(completionOf(program, shell)));
  // The words may be of any command.
  forServer(program.command(KEYS_COMMAND, { hidden: true }))
    .argument('[word...]')
    .allowUnknownOption()
    .action((_: readonly string[], options: ServerOptions) => printKeys(options));
}

/** Prints the keys of all flags, or nothing if no server tells them in time. */
async function printKeys(options: ServerOptions): Promise<void> {
  const keys = await keysOf(options).catch(() => []);
  process.stdout.write(keys.map(key => `${key}\n`).join(''));
}

async function keysOf(options: ServerOptions): Promise<readonly string[]> {
  const keys = await connect(options).flagKeys(PATIENCE_MS);
  // A shell expands the words that it completes, so nothing else may be among them.
  return keys.filter(key => /^[\w.-]+$/.test(key));
}
