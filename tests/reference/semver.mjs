/** semver.org 2.0.0, strict, with numbers of any length; and the forms that the option `loose` reads. */

const NUMBER = '0|[1-9][0-9]*';
const PRE = `(?:${NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const SUFFIX = `(?:-(${PRE}(?:\\.${PRE})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?`;
const VERSION = new RegExp(`^((?:${NUMBER})(?:\\.(?:${NUMBER})){2})${SUFFIX}$`);
const LOOSE = new RegExp(`^[vV]?([0-9]{1,18}(?:\\.[0-9]{1,18})*)${SUFFIX}$`);

/** `{numbers: [major, minor, patch], pre: [identifier…]}`, or `null`. Numbers stay decimal text. */
export function parseVersion(text) {
  return parse(VERSION, text);
}

/** The same of one number or more, of 18 digits at most, after an optional `v` or `V`. Absent numbers are 0 up to the third. */
export function parseLooseVersion(text) {
  return parse(LOOSE, text);
}

function parse(form, text) {
  const found = form.exec(text);
  if (found === null) return null;
  const numbers = found[1].split('.').map(digits => digits.replace(/^0+(?=[0-9])/, ''));
  while (numbers.length < 3) numbers.push('0');
  return { numbers, pre: found[2] === undefined ? [] : found[2].split('.') };
}

const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const compareNumbers = (a, b) => a.length - b.length || compareText(a, b);

/** Precedence: negative, zero or positive. */
export function compareVersions(a, b) {
  for (let i = 0; i < Math.max(a.numbers.length, b.numbers.length); i += 1) {
    const order = compareNumbers(a.numbers[i] ?? '0', b.numbers[i] ?? '0');
    if (order !== 0) return order;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let i = 0; i < Math.min(a.pre.length, b.pre.length); i += 1) {
    const order = compareIdentifiers(a.pre[i], b.pre[i]);
    if (order !== 0) return order;
  }
  return a.pre.length - b.pre.length;
}

function compareIdentifiers(a, b) {
  const aIsNumber = /^[0-9]+$/.test(a);
  const bIsNumber = /^[0-9]+$/.test(b);
  if (aIsNumber && bIsNumber) return compareNumbers(a, b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return compareText(a, b);
}

/** `version` is at least `base` and agrees with it up to and including base's first number of three that is not zero. */
export function isInCaret(version, base) {
  const first = base.numbers.slice(0, 3).findIndex(number => number !== '0');
  return isAtLeastSharing(version, base, first === -1 ? 3 : first + 1);
}

/** `version` is at least `base` and agrees with it in major and minor. */
export function isInTilde(version, base) {
  return isAtLeastSharing(version, base, 2);
}

function isAtLeastSharing(version, base, count) {
  return compareVersions(version, base) >= 0 && base.numbers.slice(0, count).every((number, i) => version.numbers[i] === number);
}
