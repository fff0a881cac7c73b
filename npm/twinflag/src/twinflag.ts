#!/usr/bin/env node
/** The program `twinflag`. */
import { CommanderError } from 'commander';

import { commandLine, exitCodeOf } from './command-line.js';
import { EXIT, Failure, messageOf } from './failure.js';
import { forPrograms, printNote } from './output.js';

try {
  await commandLine().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Tells an error: to people in lines, to programs as one JSON object. Returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    const exitCode = exitCodeOf(error);
    // The parser itself told people.
    if (forPrograms && exitCode !== EXIT.ok) tell(new Failure(error.message.replace(/^error: /, ''), EXIT.usage));
    return exitCode;
  }
  const failure = error instanceof Failure ? error : new Failure(messageOf(error));
  tell(failure);
  return failure.exitCode;
}

function tell(failure: Failure): void {
  if (forPrograms) {
    console.error(JSON.stringify(failure.problem()));
    return;
  }
  for (const [at, line] of failure.message.split('\n').entries()) printNote(at === 0 ? `error: ${line}` : line);
  if (failure.hint !== undefined) printNote(`hint: ${failure.hint}`);
}
