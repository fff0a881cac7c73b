/** Addresses and networks (section 5): strict dotted IPv4, RFC 4291 IPv6 without zone. */

/** The 96 bits that stand before an IPv4 address in an IPv4-mapped one, `::ffff:0:0/96`. */
const MAPPED = 0xffffn;

/** `{bits: 32 | 128, number: BigInt}`, or `null`. An IPv4-mapped address counts as its IPv4 address. */
export function readAddress(text) {
  const address = readWritten(text);
  return address !== null && isMapped(address) ? unmapped(address) : address;
}

/**
 * `{bits, number, length}` with the host bits still in, or `null`. The length is decimal without leading zeros. A network of IPv4-mapped
 * addresses alone, which has a length of 96 or more, counts as the IPv4 network.
 */
export function readNetwork(text) {
  const slash = text.indexOf('/');
  if (slash === -1) return null;
  const address = readWritten(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === null || !/^(?:0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > address.bits) return null;
  const length = Number(digits);
  return isMapped(address) && length >= 96 ? { ...unmapped(address), length: length - 96 } : { ...address, length };
}

function readWritten(text) {
  const four = readFour(text);
  if (four !== null) return { bits: 32, number: four };
  const six = readSix(text);
  return six === null ? null : { bits: 128, number: six };
}

function isMapped({ bits, number }) {
  return bits === 128 && number >> 32n === MAPPED;
}

function unmapped({ number }) {
  return { bits: 32, number: number & 0xffffffffn };
}

export function isInNetwork(address, network) {
  if (address.bits !== network.bits) return false;
  const host = BigInt(network.bits - network.length);
  return address.number >> host === network.number >> host;
}

function readFour(text) {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(part => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return null;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function readSix(text) {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half, i) => readGroups(half, i === halves.length - 1));
  if (groups.includes(null)) return null;
  const count = groups.reduce((sum, list) => sum + list.length, 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return null; // `::` stands for one group or more
  const middle = new Array(8 - count).fill(0);
  return [...groups[0], ...middle, ...(groups[1] ?? [])].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of one side of `::`; the last two may be written as IPv4 where the address ends. */
function readGroups(text, endsAddress) {
  if (text === '') return [];
  const parts = text.split(':');
  const groups = [];
  for (const [i, part] of parts.entries()) {
    if (endsAddress && i === parts.length - 1 && part.includes('.')) {
      const four = readFour(part);
      if (four === null) return null;
      groups.push(Number(four >> 16n), Number(four & 0xffffn));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(parseInt(part, 16));
    }
  }
  return groups;
}
