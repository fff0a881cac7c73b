import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical } from './canonical.mjs';
import { scan } from './json.mjs';

/** RFC 8785, appendix B: bits of a double and how it prints. */
const PRINTED = {
  '0000000000000000': '0',
  8000000000000000: '0',
  '0000000000000001': '5e-324',
  8000000000000001: '-5e-324',
  '7fefffffffffffff': '1.7976931348623157e+308',
  ffefffffffffffff: '-1.7976931348623157e+308',
  4340000000000000: '9007199254740992',
  c340000000000000: '-9007199254740992',
  4430000000000000: '295147905179352830000',
  '44b52d02c7e14af5': '9.999999999999997e+22',
  '44b52d02c7e14af6': '1e+23',
  '44b52d02c7e14af7': '1.0000000000000001e+23',
  '444b1ae4d6e2ef4e': '999999999999999700000',
  '444b1ae4d6e2ef4f': '999999999999999900000',
  '444b1ae4d6e2ef50': '1e+21',
  '3eb0c6f7a0b5ed8c': '9.999999999999997e-7',
  '3eb0c6f7a0b5ed8d': '0.000001',
  '41b3de4355555553': '333333333.3333332',
  '41b3de4355555554': '333333333.33333325',
  '41b3de4355555555': '333333333.3333333',
  '41b3de4355555556': '333333333.3333334',
  '41b3de4355555557': '333333333.33333343',
  becbf647612f3696: '-0.0000033333333333333333',
  '43143ff3c1cb0959': '1424953923781206.2',
};

test('numbers print as RFC 8785 says', () => {
  for (const [bits, text] of Object.entries(PRINTED)) {
    const value = Buffer.from(bits.padStart(16, '0'), 'hex').readDoubleBE();
    assert.equal(canonical({ type: 'number', value }), text, bits);
    assert.equal(canonical(scan(text)), text);
  }
});

test('members are sorted by UTF-16 units', () => {
  const text =
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}';
  assert.equal(
    canonical(scan(text)),
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  );
});

test('of a member named twice the last is printed, and names of the language are names', () => {
  assert.equal(canonical(scan('{ "b" : 1 , "a" : [ 1.0 , null ] , "b" : -0, "__proto__": {} }')), '{"__proto__":{},"a":[1,null],"b":0}');
});
