#!/usr/bin/env node
/** The program `twinflag`. */
import { CommanderError } from 'commander';

import { Refused } from './api.js';
import { commandLine, exitCodeOf } from './command-line.js';
import { EXIT, Failure, messageOf } from './failure.js';

try {
  await commandLine().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return exitCodeOf(error);
  if (error instanceof Refused && process.argv.includes('--json')) console.error(JSON.stringify(error.problem));
  else console.error(`error: ${messageOf(error)}`);
  if (!(error instanceof Failure)) return EXIT.failed;
  if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
  return error.exitCode;
}
