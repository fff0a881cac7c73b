/** Failures that end a command, each with the exit code that says what kind it is. */

/** The exit codes of every command. */
export const EXIT = {
  /** The command did what it was asked. */
  ok: 0,
  /** The server refused the command, or it failed. */
  failed: 1,
  /** `diff` found a difference. */
  different: 2,
  /** The command line is wrong: `EX_USAGE` of sysexits.h. */
  usage: 64,
  /** No server answers: `EX_UNAVAILABLE` of sysexits.h. */
  unavailable: 69,
} as const;

/** An error that is shown to the operator by its message, without a stack. */
export class Failure extends Error {
  /** @param hint what to do about it */
  constructor(
    message: string,
    readonly exitCode: number = EXIT.failed,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Returns the message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
