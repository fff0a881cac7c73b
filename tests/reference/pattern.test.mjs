import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, PatternError, Untranslatable } from './pattern.mjs';

test('what the reference does not read it says', () => {
  for (const pattern of ['(?R)a$', '(?-u)a', 'a{,3}', 'a{2000}', '[[:nope:]]', '[a-[b]]'])
    assert.throws(() => compilePattern(pattern), Untranslatable, pattern);
});

test('a pattern whose shortest text is longer than its table may be is refused', () => {
  for (const pattern of ['(?:a{1000}){16}', '(?:.{1000}){17}', '(?:(?:ab|c{3}){1000}){8}', '(?:a{1000}){15}a{999}a'])
    assert.throws(() => compilePattern(pattern), PatternError, pattern);
  for (const pattern of [
    '(?:a{1000}){15}a{999}',
    '(?:a{1000}){0,16}',
    '(?:a{0,1000}){17}',
    '(?:(?:a{1000}){17})?',
    '(?:a{1000}){17}|b',
    '(?:[a&&b]{1000}){17}',
  ])
    compilePattern(pattern);
});

test('classes agree with membership, scalar value by scalar value', () => {
  const samples = [...Array.from({ length: 0x250 }, (_, i) => i), 0x212a, 0x17f, 0x2028, 0xfeff, 0xffff, 0x1f600, 0x10ffff];
  const check = (pattern, isMember) => {
    const compiled = compilePattern(`^${pattern}$`);
    for (const c of samples) assert.equal(compiled.test(String.fromCodePoint(c)), isMember(String.fromCodePoint(c)), `${pattern} ${c}`);
  };
  check('.', c => c !== '\n');
  check('(?s).', () => true);
  check('\\w', c => /[0-9A-Za-z_]/.test(c));
  check('(?i)\\W', c => !/[0-9A-Za-z_]/.test(c));
  check('\\s', c => /[\t-\r ]/.test(c));
  check('(?i)[k-s]', c => /[k-sK-S]/.test(c));
  check('(?i)[^k]', c => c !== 'k' && c !== 'K');
  check('[^\\x00-\\x7f]', c => c.codePointAt(0) > 127);
  check('[\\w--[a-f]&&[^0-9]]', c => /[g-zA-Z_]/.test(c));
});
