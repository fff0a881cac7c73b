/** Parsers of values on the command line. */
import { InvalidArgumentError } from 'commander';

/** Returns a parser of whole numbers in a range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return text => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return number;
  };
}

/** Parses names that are separated by commas, after those that were given earlier. */
export function names(text: string, earlier: readonly string[] = []): readonly string[] {
  const given = text.split(',').map(name => name.trim());
  if (given.includes('')) throw new InvalidArgumentError('A name is empty.');
  return [...new Set([...earlier, ...given])];
}

/** Parses the address of a server. */
export function address(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Expected an address with its scheme, such as http://127.0.0.1:8787.');
}

/** Parses a time such as `90d`, `12h` or `30m`, into milliseconds. */
export function lifetime(text: string): number {
  const [, count, unit] = /^(\d+)([dhm])$/.exec(text) ?? [];
  if (unit === undefined || Number(count) === 0) throw new InvalidArgumentError('Expected a time such as 90d, 12h or 30m.');
  return Number(count) * { d: 86_400_000, h: 3_600_000, m: 60_000 }[unit as 'd' | 'h' | 'm'];
}

/** Parses a moment such as `2027-01-01T08:00:00Z`, or a time from now such as `12h`, into a moment as the server reads it. */
export function moment(text: string): string {
  const ahead = /^(\d+)([dhm])$/.test(text)
    ? Date.now() + lifetime(text)
    : /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text)
      ? Date.parse(text)
      : NaN;
  if (Number.isNaN(ahead))
    throw new InvalidArgumentError('Expected a moment such as 2027-01-01T08:00:00Z, or a time from now such as 3d or 12h.');
  return new Date(ahead).toISOString();
}

/** Parses a percentage, with or without its sign. */
export function percentage(text: string): number {
  const number = Number(text.replace(/\s*%$/, ''));
  if (text.trim() === '' || !(number >= 0 && number <= 100)) throw new InvalidArgumentError('Expected a number from 0 to 100.');
  return number;
}

/** Parses `name=value`, after those that were given earlier. */
export function assignments(text: string, earlier: readonly (readonly [string, string])[] = []): readonly (readonly [string, string])[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected name=value.');
  return [...earlier, [text.slice(0, at), text.slice(at + 1)]];
}
