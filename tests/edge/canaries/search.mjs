// Canaries: names that stand nowhere but in a document, made so that one search finds any of them, however it is written.

/** The end of every canary, and of what is one character away from one. */
const MARK = 'zqx7w2kv', NEAR = 'zqx8w2kv';

const CANARY = new RegExp(`_[a-z]+-\\d{5}[-@]${MARK}`, 'g');

/** A canary by its kind and number. A kind is a word; those of e-mail addresses are written with an `at`. */
export const canary = (kind, number, at = '-') => `_${kind}-${String(number).padStart(5, '0')}${at}${MARK}`;

/** What somebody is called who is in no list, by one character. */
export const nearMiss = (id) => id.replace(MARK, NEAR);

const escaped = (write) => Array.from(MARK, write).join('');
/** The mark as it may be hidden from a reader, in lower case like what is searched. */
const DISGUISES = [
  Buffer.from(MARK).toString('hex'),
  escaped((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`),
  escaped((letter) => `${letter}\0`).slice(0, -1),
  // A character of base64 is six bits: of those at the ends some are the neighbours'.
  ...[0, 1, 2].map((before) => Buffer.from(' '.repeat(before) + MARK).toString('base64').slice(Math.ceil((8 * before) / 6), Math.floor((8 * (before + MARK.length)) / 6))),
].map((text) => text.toLowerCase());

/** The canaries in some bytes; one that is disguised shows as its disguise. */
export function canariesIn(bytes) {
  const text = Buffer.from(bytes).toString('latin1').replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16))).toLowerCase();
  const ids = text.match(CANARY) ?? [], disguised = DISGUISES.filter((disguise) => text.includes(disguise));
  // A mark with something else before it is one too many as well.
  return new Set([...ids, ...disguised, ...(text.split(MARK).length - 1 > ids.length ? [MARK] : [])]);
}
