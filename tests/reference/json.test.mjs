import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkText, scan } from './json.mjs';

test('what JSON.parse takes is taken, what it refuses is refused', () => {
  const texts = [
    '1',
    '-0',
    '0.5e+7',
    '1E400',
    'true',
    '"a\\u0000\\ud800\\/"',
    ' [ ] ',
    '{"a":[{}]}',
    '[1,[2,[3]]]',
    '""',
    '',
    ' ',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    '0x1',
    'nul',
    'truee',
    'NaN',
    'Infinity',
    "'a'",
    '"',
    '"\\x"',
    '"\\u12g4"',
    '"\t"',
    '"\u0000"',
    '[',
    ']',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    '{"a":1 "b":2}',
    '{"a":1]',
    '[1}',
    '1 2',
    '\ufeff1',
    '\u00a01',
    '//',
    '1//',
  ];
  for (const text of texts) {
    let isJson = true;
    try {
      JSON.parse(text);
    } catch {
      isJson = false;
    }
    if (isJson) scan(text);
    else assert.throws(() => scan(text), SyntaxError, JSON.stringify(text));
  }
});

test('depth is no limit', () => {
  scan('['.repeat(200_000) + ']'.repeat(200_000));
});

test('what JSON.parse hides is seen, with its pointer', () => {
  const found = [];
  checkText(scan('{"a":{"x":1,"x":2},"b/~":["\\ud800",1e999],"c\\u0000":"fine"}'), '', pointer => found.push(pointer));
  assert.deepEqual(found.sort(), ['/a/x', '/b~1~0/0', '/b~1~0/1', '/c\u0000']);
});

test('a member knows where its text stands', () => {
  const text = '{ "a" : { "b" : 1 } , "c":2 }';
  const { starts, ends } = scan(text);
  assert.equal(text.slice(starts[0], ends[0]), '{ "b" : 1 }');
});
