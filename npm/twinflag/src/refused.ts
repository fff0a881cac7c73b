/** Refusals by a server, told to people and to programs. */
import { describeEdit } from './edited.js';
import { EXIT, Failure } from './failure.js';
import { printable } from './output.js';
import type { Consequence } from './wire.js';

/** A refusal (RFC 9457). */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly status: number;
  /** The place of the fault in the body, as a JSON pointer. */
  readonly pointer?: string;
  readonly hint?: string;
  /** The definitions that serve and would go, if the server refuses a change because of them. */
  readonly consequences?: readonly Consequence[];
  /** The newer change that stands against a revert; without an id if its record was erased. */
  readonly newer?: { readonly id: string | null; readonly version: number };
}

/** A refusal by the server. */
export class Refused extends Failure {
  constructor(readonly refusal: Problem) {
    const { code, detail, pointer, status, hint = hintOf(refusal), consequences = [] } = refusal;
    const place = pointer === undefined ? [] : [`at: ${pointer === '' ? 'the whole document' : pointer}`];
    super(
      [inOptions(detail), ...place, `code: ${code} (${status})`, ...consequences.map(consequenceLine)].map(printable).join('\n'),
      EXIT.failed,
      hint,
    );
  }

  override problem(): object {
    return { ...this.refusal, hint: this.hint };
  }
}

/** Words of the server for people who send requests themselves, with the words for a command line. */
const OPTIONS: readonly (readonly [RegExp, string])[] = [
  [/\?newEnvironment=/g, '--new-environment '],
  [/\?newBucketKey=/g, '--new-bucket-key '],
  [/\?environment=(?=[\w-])/g, '--environment '],
  [/\?environment=/g, '--environment'],
  [/\?partial=true/g, '--partial'],
  [/: look again, and send (its version as )?If-Match: \S+/g, ''],
];

/** Returns what the server says with the options of commands in place of parameters and headers. */
function inOptions(detail: string): string {
  return OPTIONS.reduce((told, [theirs, ours]) => told.replace(theirs, ours), detail);
}

/** Hints for refusals that have none of their own. */
export const HINTS: Readonly<Record<string, string>> = {
  UNAUTHORIZED:
    'make a token with `twinflag token`, and pass it with --token or TWINFLAG_TOKEN; one that was revoked, or is of another server, opens nothing',
  FORBIDDEN: 'use a token that has the role, and is for the environment: `twinflag token --sub YOU --role admin`',
  FLAG_ARCHIVED: '`twinflag restore FLAG` brings it back with its state, its users and its overrides',
  FLAG_NOT_FOUND: '`twinflag list` shows all flags, and `twinflag list --archived` those that were removed',
  VERSION_MISMATCH: 'another operator changed it meanwhile: compare again with `twinflag diff`, or try again',
  TOO_EARLY: 'wait, or force the step with --force and a --reason',
  LOCKED: 'a locked flag needs a token with the role admin, and a --reason',
  OTHER_ENVIRONMENT: 'name the environment with --environment, or give it another name with --new-environment',
  OTHER_BUCKET_KEY: 'every rollout would draw others; if that is meant, name the key with --new-bucket-key',
  GATE_CLOSED: 'force the step with --force and a --reason',
  CHANGE_NOT_FOUND: '`twinflag log` shows the changes',
};

function hintOf({ code, pointer, newer, consequences = [] }: Problem): string | undefined {
  if (code === 'UNSAFE_CHANGE') {
    return consequences.some(({ allowed, remove }) => !allowed && remove !== undefined)
      ? 'name what may go: `twinflag apply` and `twinflag revert` take --remove NAME; a flag with a new key keeps its state if its `aliases` have the old one'
      : 'mend first what uses it; `twinflag apply --partial` keeps the last good definition of what has an error';
  }
  if (newer?.id) return `undo the newer change of version ${newer.version} first: twinflag revert ${newer.id}`;
  if (pointer === '/url') return 'a target in a private network needs --private, and a server with WEBHOOKS_PRIVATE=on';
  if (pointer === '/variant') return '`twinflag show FLAG` lists the variants of a flag';
  return HINTS[code];
}

/** Returns a line that tells what goes and who uses it, or what an operator edited. */
export function consequenceLine({ pointer, message, overrides, usedBy, overwrite, edit }: Consequence): string {
  if (edit !== undefined) return `${'edited'.padEnd(8)} ${pointer}: ${describeEdit(edit)}`;
  const users = usedBy.length > 0 ? `, used by ${usedBy.join(', ')}` : '';
  return `${(overwrite === undefined ? 'goes' : 'edited').padEnd(8)} ${pointer}: ${message}${overrides > 0 ? `, with ${overridesOf(overrides)}` : ''}${users}`;
}

/** Returns a number of overrides in words. */
export function overridesOf(count: number): string {
  return count === 0 ? 'no override' : count === 1 ? 'an override' : `${count} overrides`;
}
