/** semver.org 2.0.0, strict, with numbers of any length. */

const NUMBER = '0|[1-9][0-9]*';
const PRE = `(?:${NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION = new RegExp(`^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${PRE}(?:\\.${PRE})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`);

/** `{numbers: [major, minor, patch], pre: [identifier…]}`, or `null`. Numbers stay decimal text. */
export function parseVersion(text) {
  const found = VERSION.exec(text);
  return found && { numbers: found.slice(1, 4), pre: found[4] === undefined ? [] : found[4].split('.') };
}

const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const compareNumbers = (a, b) => a.length - b.length || compareText(a, b);

/** Precedence: negative, zero or positive. */
export function compareVersions(a, b) {
  for (let i = 0; i < 3; i += 1) {
    const order = compareNumbers(a.numbers[i], b.numbers[i]);
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

/** `version` is at least `base` and agrees with it up to and including base's first number that is not zero. */
export function isInCaret(version, base) {
  const first = base.numbers.findIndex((number) => number !== '0');
  return isAtLeastSharing(version, base, first === -1 ? 3 : first + 1);
}

/** `version` is at least `base` and agrees with it in major and minor. */
export function isInTilde(version, base) {
  return isAtLeastSharing(version, base, 2);
}

function isAtLeastSharing(version, base, count) {
  return compareVersions(version, base) >= 0 && base.numbers.slice(0, count).every((number, i) => version.numbers[i] === number);
}
