/** One number for all answers: SHA-256 over answer lines, each followed by a line feed, in lower-case hexadecimal digits. */
import { createHash } from 'node:crypto';

export class Digest {
  #hash = createHash('sha256');

  /** Takes the next answer, a line without its end. */
  add(answer) {
    this.#hash.update(answer).update('\n');
  }

  finish() {
    return this.#hash.digest('hex');
  }
}
