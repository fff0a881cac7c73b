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

/** The exit code of a failure. */
export type FailureCode = typeof EXIT.failed | typeof EXIT.usage | typeof EXIT.unavailable;

/** The codes of failures that no server tells, for programs. */
const CODES: Readonly<Record<FailureCode, string>> = {
  [EXIT.failed]: 'FAILED',
  [EXIT.usage]: 'USAGE',
  [EXIT.unavailable]: 'UNAVAILABLE',
};

/** An error that is shown to the operator by its message, without a stack. */
export class Failure extends Error {
  /**
   * @param hint what to do about it
   * @param more what a program needs to know about it
   */
  constructor(
    message: string,
    readonly exitCode: FailureCode = EXIT.failed,
    readonly hint?: string,
    readonly more: object = {},
  ) {
    super(message);
  }

  /** Returns the failure for programs, with the members of a refusal by a server. */
  problem(): object {
    return { code: CODES[this.exitCode], detail: this.message, hint: this.hint, ...this.more };
  }
}

/** Returns the message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
