#!/usr/bin/env node
/** The program `twinflag`. */
import { CommanderError } from 'commander';

import { Refused } from './api.js';
import { commandLine, exitCodeOf } from './command-line.js';
import { EXIT, Failure, messageOf } from './failure.js';
import { printNote } from './output.js';

try {
  await commandLine().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return exitCodeOf(error);
  if (error instanceof Refused && process.argv.includes('--json')) console.error(JSON.stringify(error.problem));
  else for (const [at, line] of messageOf(error).split('\n').entries()) printNote(at === 0 ? `error: ${line}` : line);
  if (!(error instanceof Failure)) return EXIT.failed;
  if (error.hint !== undefined) printNote(`hint: ${error.hint}`);
  return error.exitCode;
}
