/** The audit trail as it is read over HTTP, checked link by link with Node's SHA-256. */
import { createHash } from 'node:crypto';

const PAGE = 1_000;
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/** The records behind number `after`, in their order. */
export async function recordsBehind(server, after) {
  const found = [];
  for (let before; ; ) {
    const below = before === undefined ? '' : `&before=${before}`;
    const answer = await server.asAdmin(`/api/admin/changes?limit=${PAGE}${below}`, { method: 'GET' });
    if (answer.status !== 200) throw new Error(answer.text);
    const { changes, next } = answer.json();
    found.push(...changes.filter(({ sequence }) => sequence > after));
    if (next === undefined || next <= after + 1) return found.reverse();
    before = next;
  }
}

/** The newest record of a chain, and what is wrong with those that are said to follow. */
export class Chain {
  sequence = 0;
  version = 0;
  hash = '0'.repeat(64);

  /** Takes the next record; answers what is wrong with it. */
  *take(record) {
    const { payloadHash, rowsHash, hash, ...payload } = record;
    const { sequence, version } = payload;
    if (sequence !== this.sequence + 1) yield `record ${sequence} follows ${this.sequence}`;
    // Each version has a record at least: none is left out.
    if (version !== this.version && version !== this.version + 1)
      yield `record ${sequence} is of version ${version}, after ${this.version}`;
    // A payload is canonical JSON: read and written again it is the same text.
    if (sha256(JSON.stringify(payload)) !== payloadHash) yield `the payload of record ${sequence} was altered`;
    const place = Buffer.alloc(12);
    place.writeBigUInt64BE(BigInt(sequence));
    place.writeUInt32BE(version, 8);
    const link = sha256(
      'twinflag/chain/2\n',
      Buffer.from(this.hash, 'hex'),
      place,
      Buffer.from(payloadHash, 'hex'),
      Buffer.from(rowsHash, 'hex'),
    );
    if (link !== hash) yield `the chain does not hold at record ${sequence}`;
    Object.assign(this, { sequence, version, hash });
  }
}
