/** The file of a backup: lines of JSON, of which the last has the SHA-256 of those before it, and their number without the first. */
import { createHash } from 'node:crypto';

import { Failure } from './failure.js';

/** The line feed. */
const END = 0x0a;
/** The longest last line, in bytes: it has a number and a hash. A longer line is hashed as it comes, so that no file fills the memory. */
const LONGEST_LAST = 1_000;

/** The last line of a whole backup. */
export interface Backup {
  /** The number of lines between the first and the last. */
  readonly lines: number;
  /** The hash of the lines before the last, in hex. */
  readonly sha256: string;
}

/** Follows the bytes of a backup, and tells at its end whether it is whole. */
export class BackupCheck {
  readonly #hash = createHash('sha256');
  #lines = 0;
  /** The last line as far as it has come, with its end. */
  #last: Uint8Array = new Uint8Array();

  /** Takes the next bytes. */
  take(bytes: Uint8Array): void {
    const held = this.#last.length === 0 ? bytes : Buffer.concat([this.#last, bytes]);
    // The last whole line may be the last of all.
    const begin = held.lastIndexOf(END, held.length - (held.at(-1) === END ? 2 : 1)) + 1;
    const done = held.length - begin > LONGEST_LAST ? held : held.subarray(0, begin);
    this.#hash.update(done);
    for (let at = done.indexOf(END); at >= 0; at = done.indexOf(END, at + 1)) this.#lines++;
    this.#last = held.slice(done.length);
  }

  /** Returns the last line. Fails if the backup is not whole. */
  end(what: string): Backup {
    const found = { lines: this.#lines - 1, sha256: this.#hash.digest('hex') };
    let told: Partial<Backup> | undefined;
    try {
      told = JSON.parse(Buffer.from(this.#last).toString('utf8')) as Partial<Backup>;
    } catch {
      // It is cut.
    }
    if (told?.lines !== found.lines || told.sha256 !== found.sha256)
      throw new Failure(`${what} is no whole backup: its last line does not have the number and the hash of the lines before it`);
    return found;
  }
}
