// Canaries: names that appear only in the test's document. One search finds any of them, in every encoding.

/** The end of every canary, and of every near miss, which differs in one character. */
const MARK = 'zqx7w2kv',
  NEAR = 'zqx8w2kv';

const CANARY = new RegExp(`_[a-z]+-\\d{5}[-@]${MARK}`, 'g');

/** A canary by its kind, a word, and its number. `at` is `@` for e-mail addresses. */
export const canary = (kind, number, at = '-') => `_${kind}-${String(number).padStart(5, '0')}${at}${MARK}`;

/** An id that is in no list and differs from this one in one character. */
export const nearMiss = id => id.replace(MARK, NEAR);

const escaped = write => Array.from(MARK, write).join('');
/** The mark in other encodings, in lower case like the searched text. */
const DISGUISES = [
  Buffer.from(MARK).toString('hex'),
  escaped(letter => `\\u00${letter.charCodeAt(0).toString(16)}`),
  escaped(letter => `${letter}\0`).slice(0, -1),
  // A base64 character has six bits. Characters at the ends that also hold bits of neighbouring bytes are left out.
  ...[0, 1, 2].map(before =>
    Buffer.from(' '.repeat(before) + MARK)
      .toString('base64')
      .slice(Math.ceil((8 * before) / 6), Math.floor((8 * (before + MARK.length)) / 6)),
  ),
].map(text => text.toLowerCase());

/** The canaries in some bytes; of an encoded one, the encoding of the mark. */
export function canariesIn(bytes) {
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)))
    .toLowerCase();
  const ids = text.match(CANARY) ?? [],
    disguised = DISGUISES.filter(disguise => text.includes(disguise));
  // A mark that does not end a whole canary counts too.
  return new Set([...ids, ...disguised, ...(text.split(MARK).length - 1 > ids.length ? [MARK] : [])]);
}
