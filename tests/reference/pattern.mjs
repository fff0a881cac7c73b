/**
 * Patterns of `matches`: the syntax of the Rust crate `regex`, read by hand and written again as a JavaScript RegExp of the flag `u`.
 *
 * Classes become lists of code points before they are written, so what a letter case or a negation covers is decided here and not by
 * JavaScript. Only whether a pattern is found is asked, so greed and captures do not count. Text is taken as scalar values.
 *
 * There is no table here to count the bytes of. A pattern is known to be over its limit where the shortest text that it finds is longer: an
 * automaton has one state for each step along that text, and no state is smaller than a byte.
 */

import { PATTERN_BYTES } from './limits.mjs';

/** The pattern does not compile: an error of the flag that holds it. */
export class PatternError extends Error {}

/** The pattern may compile, but this reference does not read that part of the syntax. */
export class Untranslatable extends Error {
  constructor(what) {
    super(`reference cannot translate this pattern: ${what}`);
  }
}

const LAST = 0x10ffff;
const DIGIT = [[0x30, 0x39]];
const SPACE = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
const WORD = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const POSIX = {
  alnum: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  alpha: [
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  ascii: [[0, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGIT,
  graph: [[0x21, 0x7e]],
  lower: [[0x61, 0x7a]],
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: SPACE,
  upper: [[0x41, 0x5a]],
  word: WORD,
  xdigit: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
};
const WORD_BEHIND = '(?<=[0-9A-Z_a-z])';
const WORD_AHEAD = '(?=[0-9A-Z_a-z])';
const NO_WORD_BEHIND = '(?<![0-9A-Z_a-z])';
const NO_WORD_AHEAD = '(?![0-9A-Z_a-z])';
const BOUNDARIES = {
  start: NO_WORD_BEHIND + WORD_AHEAD,
  end: WORD_BEHIND + NO_WORD_AHEAD,
  'start-half': NO_WORD_BEHIND,
  'end-half': NO_WORD_AHEAD,
};
const CONTROLS = { a: 0x07, f: 0x0c, t: 0x09, n: 0x0a, r: 0x0d, v: 0x0b };

/** A RegExp that finds the pattern, or a PatternError, or Untranslatable. */
export function compilePattern(pattern) {
  const reader = new Reader(pattern);
  const { source, least } = reader.whole();
  if (!reader.hasAssertions && Number.isFinite(least) && least >= PATTERN_BYTES) throw new PatternError('too many table bytes');
  try {
    return new RegExp(source, 'u');
  } catch {
    throw new Untranslatable(JSON.stringify(pattern));
  }
}

class Reader {
  constructor(pattern) {
    this.chars = [...pattern];
    this.at = 0;
    this.names = new Set();
    this.hasAssertions = false;
  }

  get next() {
    return this.chars[this.at];
  }

  ahead(text) {
    return [...text].every((c, i) => this.chars[this.at + i] === c);
  }

  take(text) {
    if (!this.ahead(text)) return false;
    this.at += [...text].length;
    return true;
  }

  fail(what) {
    throw new PatternError(`${what} at character ${this.at}`);
  }

  /** `{source, least}`: RegExp source and the least number of scalar values that it takes, `Infinity` where it takes no text at all. */
  whole() {
    const whole = this.alternatives({ i: false, m: false, s: false, x: false });
    if (this.at < this.chars.length) this.fail('unopened group');
    return whole;
  }

  /** Alternatives up to `)` or the end. Flags set inside hold to the end of the group. */
  alternatives(outer) {
    const flags = { ...outer };
    const parts = [{ source: '', least: 0 }];
    for (;;) {
      if (flags.x) this.skipBlanks();
      if (this.next === undefined || this.next === ')') break;
      if (this.take('|')) {
        parts.push({ source: '', least: 0 });
        continue;
      }
      const item = this.repeated(flags);
      if (item === null) continue;
      const part = parts[parts.length - 1];
      part.source += item.source;
      part.least += item.least;
    }
    const sources = parts.map(({ source }) => source);
    return { source: parts.length === 1 ? sources[0] : `(?:${sources.join('|')})`, least: Math.min(...parts.map(({ least }) => least)) };
  }

  skipBlanks() {
    for (;;) {
      if (this.next !== undefined && /^\p{Pattern_White_Space}$/u.test(this.next)) this.at += 1;
      else if (this.next === '#') while (this.next !== undefined && this.next !== '\n') this.at += 1;
      else return;
    }
  }

  repeated(flags) {
    if (['*', '+', '?', '{'].includes(this.next)) this.fail('repetition of nothing');
    let item = this.item(flags);
    for (;;) {
      if (flags.x) this.skipBlanks();
      const count = this.count(flags);
      if (count === null) return item;
      if (item === null) this.fail('repetition of flags');
      this.take('?');
      item = { source: `(?:${item.source})${count.source}`, least: count.least === 0 ? 0 : item.least * count.least };
    }
  }

  count(flags) {
    if (this.take('*')) return { source: '*', least: 0 };
    if (this.take('+')) return { source: '+', least: 1 };
    if (this.take('?')) return { source: '?', least: 0 };
    if (!this.take('{')) return null;
    const blanks = () => flags.x && this.skipBlanks();
    const digits = () => {
      let out = '';
      while (/^[0-9]$/.test(this.next ?? '')) out += this.chars[this.at++];
      return out;
    };
    if (this.next === ' ' && !flags.x) throw new Untranslatable('space in a repetition');
    blanks();
    const least = digits();
    blanks();
    if (least === '')
      throw this.next === ',' ? new Untranslatable('repetition without a least count') : new PatternError('repetition without a count');
    let most = least;
    if (this.take(',')) {
      blanks();
      most = digits();
      blanks();
    }
    if (!this.take('}')) this.fail('unclosed repetition');
    if (most !== '' && Number(most) < Number(least)) this.fail('repetition counts out of order');
    if (Math.max(Number(least), Number(most)) > 1000) throw new Untranslatable('a long repetition');
    return { source: most === least ? `{${least}}` : `{${least},${most}}`, least: Number(least) };
  }

  /** One thing that can be repeated, as `{source, least}`; `null` for a group that only sets flags. */
  item(flags) {
    if (this.next === '(') return this.group(flags);
    if (this.next === '[') return write(this.bracketed(flags));
    const c = this.chars[this.at++];
    if (c === '.') return { source: flags.s ? '[^]' : '[^\\n]', least: 1 };
    if (c === '^') return this.assertion(flags.m ? '(?:^|(?<=\\n))' : '^');
    if (c === '$') return this.assertion(flags.m ? '(?:$|(?=\\n))' : '$');
    if (c === '\\') {
      const found = this.escape(flags, false);
      return typeof found === 'string' ? this.assertion(found) : write(found);
    }
    return write(fold([[c.codePointAt(0), c.codePointAt(0)]], flags));
  }

  assertion(source) {
    this.hasAssertions = true;
    return { source, least: 0 };
  }

  group(flags) {
    this.at += 1;
    if (flags.x) this.skipBlanks();
    let inner = flags;
    for (const look of ['?=', '?!', '?<=', '?<!']) if (this.ahead(look)) this.fail('look-around');
    if (this.take('?P<') || this.take('?<')) {
      let name = '';
      while (this.next !== undefined && this.next !== '>') name += this.chars[this.at++];
      if (!this.take('>')) this.fail('unclosed group name');
      if (!/^[A-Za-z_][A-Za-z0-9_.[\]]*$/.test(name)) {
        if (/\P{ASCII}/u.test(name)) throw new Untranslatable('a group name beyond ASCII');
        this.fail('group name');
      }
      if (this.names.has(name)) this.fail('group name used twice');
      this.names.add(name);
    } else if (this.take('?')) {
      inner = this.flags(flags);
      if (this.take(')')) {
        Object.assign(flags, inner);
        return null;
      }
      if (!this.take(':')) this.fail('group');
    }
    const { source, least } = this.alternatives(inner);
    if (!this.take(')')) this.fail('unclosed group');
    return { source: `(?:${source})`, least };
  }

  /** Reads flags up to `:` or `)`. */
  flags(outer) {
    const flags = { ...outer };
    const seen = new Set();
    let on = true;
    let count = 0;
    let negated = false;
    for (;;) {
      const c = this.next;
      if (c === undefined) this.fail('unclosed flags');
      if (c === ':' || c === ')') {
        if (negated && count === 0) this.fail('dangling negation');
        if (c === ')' && seen.size === 0) this.fail('empty flags');
        return flags;
      }
      this.at += 1;
      if (c === '-') {
        if (negated) this.fail('negated twice');
        negated = true;
        on = false;
        count = 0;
        continue;
      }
      if (!'imsUuRx'.includes(c)) this.fail('unknown flag');
      if (seen.has(c)) this.fail('flag given twice');
      seen.add(c);
      count += 1;
      if (c === 'R' || c === 'u') throw new Untranslatable(`the flag ${c}`);
      if (c !== 'U') flags[c] = on;
    }
  }

  /** After a backslash: RegExp source of an assertion, or ranges. */
  escape(flags, inClass) {
    const c = this.chars[this.at++];
    if (c === undefined) this.fail('backslash at the end');
    if (c === 'd') return DIGIT;
    if (c === 'D') return negate(DIGIT);
    if (c === 's') return SPACE;
    if (c === 'S') return negate(SPACE);
    if (c === 'w') return WORD;
    if (c === 'W') return negate(WORD);
    if (c === 'p' || c === 'P') this.fail('Unicode property');
    if (c === 'x' || c === 'u' || c === 'U') return fold(this.codePoint({ x: 2, u: 4, U: 8 }[c], flags), flags);
    if (Object.hasOwn(CONTROLS, c)) return [[CONTROLS[c], CONTROLS[c]]];
    if (!inClass) {
      if (c === 'A') return '^';
      if (c === 'z') return '$';
      if (c === 'B') return '\\B';
      if (c === 'b') {
        if (this.next !== '{') return '\\b';
        for (const [name, source] of Object.entries(BOUNDARIES)) if (this.take(`{${name}}`)) return source;
        throw new Untranslatable('a word boundary with braces');
      }
      if (c === '<') return BOUNDARIES.start;
      if (c === '>') return BOUNDARIES.end;
    }
    if (!/^[\x20-\x7e]$/.test(c) || /^[0-9A-Za-z<>]$/.test(c)) {
      if (/^\p{Cc}$/u.test(c) && c <= '\x7f') throw new Untranslatable('an escaped control character');
      this.fail('unknown escape');
    }
    return [[c.codePointAt(0), c.codePointAt(0)]];
  }

  codePoint(count, flags) {
    if (flags.x && this.next !== undefined && /^\s$/.test(this.next)) throw new Untranslatable('blanks in an escape');
    let digits = '';
    if (this.take('{')) {
      while (this.next !== undefined && this.next !== '}') digits += this.chars[this.at++];
      if (!this.take('}') || digits === '') this.fail('unclosed escape');
    } else {
      digits = this.chars.slice(this.at, this.at + count).join('');
      this.at += count;
      if ([...digits].length < count) this.fail('short escape');
    }
    if (!/^[0-9A-Fa-f]{1,8}$/.test(digits)) this.fail('hexadecimal digits');
    const value = parseInt(digits, 16);
    if (value > LAST || (value >= 0xd800 && value <= 0xdfff)) this.fail('not a scalar value');
    return [[value, value]];
  }

  /** `[…]`, at its opening bracket. */
  bracketed(flags) {
    this.at += 1;
    const blanks = () => flags.x && this.skipBlanks();
    blanks();
    const negated = this.take('^');
    blanks();
    let left = null;
    let pending = null;
    let set = [];
    const settle = () => {
      const right = normal(set);
      set = [];
      if (pending === null) left = right;
      else if (pending === '&&') left = intersect(left, right);
      else if (pending === '--') left = intersect(left, negate(right));
      else left = normal([...intersect(left, negate(right)), ...intersect(right, negate(left))]);
    };
    // Hyphens, and a closing bracket, stand for themselves at the beginning.
    while (this.take('-')) {
      set.push([0x2d, 0x2d]);
      blanks();
    }
    if (set.length === 0 && this.take(']')) set.push([0x5d, 0x5d]);
    for (;;) {
      blanks();
      if (this.next === undefined) this.fail('unclosed class');
      if (this.take(']')) {
        settle();
        return negated ? negate(left) : left;
      }
      if (this.ahead('[')) {
        const posix = this.posix(flags);
        set.push(...(posix ?? this.bracketed(flags)));
        continue;
      }
      const operator = ['&&', '--', '~~'].find(each => this.ahead(each));
      if (operator !== undefined) {
        this.at += 2;
        settle();
        pending = operator;
        continue;
      }
      set.push(...this.range(flags));
    }
  }

  /** `[:name:]`, or `null` with nothing taken. */
  posix(flags) {
    const rest = this.chars.slice(this.at, this.at + 14).join('');
    const found = /^\[:(\^?)([a-z]+):\]/.exec(rest);
    if (found === null) {
      if (rest.startsWith('[:')) throw new Untranslatable('a class that begins like a POSIX class');
      return null;
    }
    if (!Object.hasOwn(POSIX, found[2])) throw new Untranslatable('an unknown POSIX class');
    this.at += found[0].length;
    const ranges = fold(POSIX[found[2]], flags);
    return found[1] === '^' ? negate(ranges) : ranges;
  }

  range(flags) {
    const from = this.classItem(flags);
    if (flags.x) this.skipBlanks();
    const after = this.chars[this.at + 1];
    if (this.next !== '-' || after === ']' || after === '-' || after === undefined) return fold(from, flags);
    this.at += 1;
    if (flags.x) this.skipBlanks();
    if (this.next === '[') throw new Untranslatable('a range that ends in a class');
    const to = this.classItem(flags);
    if (!isOne(from) || !isOne(to)) this.fail('a range between classes');
    if (from[0][0] > to[0][0]) this.fail('a range out of order');
    return fold([[from[0][0], to[0][0]]], flags);
  }

  classItem(flags) {
    const c = this.chars[this.at++];
    if (c === undefined) this.fail('unclosed class');
    if (c === '\\') return this.escape({ ...flags, i: false }, true);
    return [[c.codePointAt(0), c.codePointAt(0)]];
  }
}

function isOne(ranges) {
  return ranges.length === 1 && ranges[0][0] === ranges[0][1];
}

/** Adds the other case of every ASCII letter where case does not count. */
function fold(ranges, flags) {
  if (!flags.i) return ranges;
  const more = [];
  for (const [from, to] of ranges) {
    for (const [low, high, shift] of [
      [0x41, 0x5a, 32],
      [0x61, 0x7a, -32],
    ]) {
      if (from <= high && to >= low) more.push([Math.max(from, low) + shift, Math.min(to, high) + shift]);
    }
  }
  return normal([...ranges, ...more]);
}

/** Ranges in order, none touching another. */
function normal(ranges) {
  const out = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = out[out.length - 1];
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

function negate(ranges) {
  const out = [];
  let from = 0;
  for (const [low, high] of normal(ranges)) {
    if (low > from) out.push([from, low - 1]);
    from = high + 1;
  }
  if (from <= LAST) out.push([from, LAST]);
  return out;
}

function intersect(a, b) {
  return negate([...negate(a), ...negate(b)]);
}

/** A class as `{source, least}`; an empty one takes no text at all. */
function write(ranges) {
  const point = c => `\\u{${c.toString(16)}}`;
  if (isOne(ranges)) return { source: point(ranges[0][0]), least: 1 };
  const source = `[${ranges.map(([from, to]) => (from === to ? point(from) : `${point(from)}-${point(to)}`)).join('')}]`;
  return { source, least: ranges.length === 0 ? Infinity : 1 };
}
