/** The largest document: as many flags as one may have, each with a list of users. With the other members a flag has 1,540 bytes: 7.7 MB. */
const FLAGS = 5_000,
  VALUES = 97;

export function largest() {
  const list = at => Array.from({ length: VALUES }, (_, value) => `user-${at}-${value}`);
  const definition = at => ({ default: 'off', targets: [{ attribute: 'userId', values: list(at), variant: 'on' }] });
  const named = Object.fromEntries(Array.from({ length: FLAGS }, (_, at) => [`flag-${at}`, definition(at)]));
  return JSON.stringify({ schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: named });
}
