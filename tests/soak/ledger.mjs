/** What operators were answered, held against the audit trail and what is in force. */
import { differences } from './observed.mjs';
import { Told } from './told.mjs';
import { Chain, recordsBehind } from './trail.mjs';

export class Ledger {
  /** What is wrong: `{ kind, what }`. */
  faults = [];
  answered = 0;
  refused = 0;
  replayed = 0;
  /** Answers that were compared with the trail, and their records. */
  compared = 0;
  records = 0;
  #chain = new Chain();
  #told = new Told();
  /** What each request led to. */
  #byReason = new Map();
  #answers = [];
  /** How many of these were compared. */
  #settled = 0;
  /** Who waits for more answers. */
  #waiting = { count: 0, resolve() {} };

  get sequence() {
    return this.#chain.sequence;
  }

  /** The hash of the newest record. */
  get head() {
    return this.#chain.hash;
  }

  /** When so many requests were answered. */
  reaches(count) {
    return new Promise(resolve => {
      this.#waiting = { count, resolve };
      if (this.answered >= count) resolve();
    });
  }

  /** Takes down what a request was answered. */
  answer(reason, { status, headers, text }) {
    this.answered += 1;
    if (this.answered >= this.#waiting.count) this.#waiting.resolve();
    if ([400, 404, 409].includes(status)) {
      this.refused += 1;
      if (this.#byReason.has(reason)) this.#fault('mismatch', `${reason} was refused and is in the trail: ${text}`);
      return;
    }
    if (status !== 200) return this.#fault('mismatch', `${reason}: ${text}`);
    const isReplay = headers.get('idempotency-replayed') === 'true';
    this.replayed += Number(isReplay);
    if (this.#byReason.has(reason) && !isReplay) this.#fault('twice', `${reason} was in the trail before it was sent again`);
    this.#answers.push({ reason, ...JSON.parse(text) });
  }

  /** Reads what is new in the trail, and compares it with what was answered and with what is in force. */
  async check(server) {
    for (const record of await recordsBehind(server, this.#chain.sequence)) {
      for (const what of this.#chain.take(record)) this.#fault('mismatch', what);
      this.#told.take(record);
      this.#file(record);
    }
    for (const answer of this.#answers.slice(this.#settled)) this.#settle(answer);
    this.#settled = this.#answers.length;
    for (const what of await differences(server, this.#told, this.#chain.version)) this.#fault('mismatch', what);
    return this.faults;
  }

  /** The same answers, compared with nothing yet. */
  again() {
    const ledger = new Ledger();
    ledger.#answers = this.#answers;
    return ledger;
  }

  /** A record that was acknowledged. */
  someRecord() {
    return this.#answers.find(({ changes, records }) => records === undefined && changes.length > 0).changes[0];
  }

  #file(record) {
    const { reason, version } = record;
    const known = this.#byReason.get(reason) ?? [];
    if (known.some(other => other.version !== version))
      this.#fault('twice', `${reason} led to versions ${known[0].version} and ${version}`);
    this.#byReason.set(reason, [...known, record]);
  }

  /** The answer to a command has its records; the answer to an import says how many there are. */
  #settle({ reason, version, changes, records }) {
    const found = this.#byReason.get(reason) ?? [];
    const count = records ?? changes.length;
    this.compared += 1;
    this.records += count;
    if (found.length !== count)
      this.#fault(found.length < count ? 'lost' : 'twice', `${reason}: ${count} records were acknowledged, ${found.length} are there`);
    if (found.some(record => record.version !== version)) this.#fault('mismatch', `${reason}: acknowledged as version ${version}`);
    if (records !== undefined) return;
    for (const [at, record] of changes.entries()) {
      if (JSON.stringify(record) !== JSON.stringify(found[at]))
        this.#fault('lost', `record ${record.sequence} is not what was acknowledged`);
    }
  }

  #fault(kind, what) {
    this.faults.push({ kind, what });
  }
}
