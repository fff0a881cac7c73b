import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documentText, questionLine } from '../vectors/lines.mjs';
import { openRunner } from './runner.mjs';

const KEY = '000102030405060708090a0b0c0d0e0f';
const DOCUMENT = `{"document":{"schema":"twinflag/1","bucketKey":"${KEY}","flags":{"a":{"default":"on"}}}}`;
const ANSWER = '{"layer":"default","reason":"STATIC","value":true,"variant":"on"}';

function check(lines, options) {
  const runner = openRunner(options);
  for (const [line, expected] of lines) assert.equal(runner(line), expected, line);
}

test('before, after and between documents', () => {
  check([
    ['{"flag":"a"}', '{"error":"no document"}'],
    ['{"document":7}', null],
    ['{"flag":"a"}', '{"error":"document refused"}'],
    [DOCUMENT, null],
    ['{"flag":"a"}', ANSWER],
    ['{"document":{"schema":"twinflag/1"}}', null],
    ['{"flag":"a"}', '{"error":"document refused"}'],
    [DOCUMENT.replace('{"a"', '{"b":{},"a"'), null],
    ['{"flag":"a"}', ANSWER],
  ]);
});

test('a document is read as its text stands', () => {
  check([
    [DOCUMENT.replace('{"default"', '{"on":"on","on":"on","default"'), null],
    ['{"flag":"a"}', '{"errorCode":"FLAG_NOT_FOUND","reason":"ERROR"}'],
    [DOCUMENT.replace('"flags"', '"schema":"twinflag/1","flags"'), null],
    ['{"flag":"a"}', '{"error":"document refused"}'],
  ]);
});

test('lines that cannot be answered', () => {
  const notJson = ['', ' ', 'x', '{', '[]', '"a"', 'null', '7', '{"flag":"a"} x', '{"flag":a}', '\ufeff{"flag":"a"}'];
  const invalid = [
    '{}',
    '{"flag":7}',
    '{"flag":null}',
    '{"key":"a"}',
    '{"flag":"a","now":1.5}',
    '{"flag":"a","now":"0"}',
    '{"flag":"a","now":null}',
    '{"flag":"a","now":1e999}',
    '{"flag":"a","now":9007199254740994}',
    '{"flag":"a","bucket":1}',
    '{"flag":"a","step":1}',
    '{"flag":"a","step":null}',
    '{"flag":"a","metadata":"true"}',
    '{"flag":"a","metadata":{}}',
    '{"bucket":true}',
    '{"bucket":{}}',
    `{"bucket":{"key":"${KEY}","salt":""}}`,
    `{"bucket":{"key":"00","salt":"","unit":"u"}}`,
    `{"bucket":{"key":"${KEY}","salt":7,"unit":"u"}}`,
    `{"bucket":{"key":"${KEY}","salt":"","unit":7}}`,
    `{"bucket":{"key":"${KEY}","salt":"","unit":"\\ud800"}}`,
  ];
  check([
    [DOCUMENT, null],
    ...notJson.map(line => [line, '{"error":"not JSON"}']),
    ...invalid.map(line => [line, '{"error":"invalid line"}']),
  ]);
});

test('lines that can', () => {
  check([
    [DOCUMENT, null],
    [' {"flag" : "a"}\r', ANSWER],
    ['{"flag":"a","now":-9007199254740992}', ANSWER],
    ['{"flag":"a","now":1e3}', ANSWER],
    ['{"flag":"x","flag":"a"}', ANSWER],
    ['{"flag":"a","context":{}}', ANSWER],
    ['{"flag":"a","context":null}', '{"errorCode":"INVALID_CONTEXT","reason":"ERROR"}'],
    ['{"flag":"a","bucket":true}', ANSWER],
    ['{"flag":"a","bucket":false,"step":false,"metadata":false}', ANSWER],
    ['{"flag":"a","step":true}', ANSWER.replace('"value"', '"step":9,"value"')],
    ['{"flag":"a","metadata":true}', ANSWER],
    ['{"flag":"x","step":true,"metadata":true}', '{"errorCode":"FLAG_NOT_FOUND","reason":"ERROR"}'],
    [DOCUMENT.replace('{"default"', '{"metadata":{"team":"chat","\\u00e9":1.0,"layer":"mine"},"default"'), null],
    ['{"flag":"a"}', ANSWER],
    [
      '{"flag":"a","metadata":true,"step":true}',
      '{"layer":"default","metadata":{"team":"chat","é":1},"reason":"STATIC","step":9,"value":true,"variant":"on"}',
    ],
    [DOCUMENT, null],
    [
      '{"flag":"x","default":{"b":[1.0,1e21],"a":"\\u00e9"}}',
      '{"errorCode":"FLAG_NOT_FOUND","reason":"ERROR","value":{"a":"é","b":[1,1e+21]}}',
    ],
    [
      `{"flag":"x","default":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      `{"errorCode":"FLAG_NOT_FOUND","reason":"ERROR","value":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ],
    ['{"flag":"x","default":[1e999]}', '{"error":"invalid line"}'],
    [`{"bucket":{"key":"${KEY}","salt":"","unit":"0"}}`, '{"bucket":82731,"subkey":["74f839c593dc67fd","6e534dc3c9ab17a2"]}'],
  ]);
});

test('the runtime program', () => {
  check(
    [
      [DOCUMENT, null],
      ['{"flag":"a","known":{"customerId":"c"}}', '{"errorCode":"PROVIDER_NOT_READY","reason":"ERROR"}'],
      ['{"flag":"a","context":{"customerId":"c"}}', ANSWER],
      ['{"flag":"a","known":[]}', '{"error":"invalid line"}'],
      ['{"flag":"a","known":null}', '{"error":"invalid line"}'],
      ['{"flag":"a","known":{"a":"\\u0000"}}', '{"error":"invalid line"}'],
    ],
    { runtime: 'program' },
  );
  check([
    [DOCUMENT, null],
    ['{"flag":"a","known":{"customerId":"c"}}', ANSWER],
  ]);
});

test('the command answers as the function does', () => {
  const path = fileURLToPath(new URL('runner.mjs', import.meta.url));
  const input = Buffer.concat([
    Buffer.from(`${DOCUMENT}\n{"flag":"a"}\n`),
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    Buffer.from('\n{"flag":"a"}'),
  ]);
  assert.equal(
    execFileSync(process.execPath, [path], { input }).toString(),
    `${ANSWER}\n{"error":"not JSON"}\n{"error":"not JSON"}\n${ANSWER}\n`,
  );
});

test('every vector without `known` is the same asked of the runtime program', () => {
  const read = name => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
  for (const { file } of read('index.json').topics) {
    const { documents, cases } = read(file);
    const runners = new Map();
    const runnerOf = (name, runtime) => {
      const id = `${runtime} ${name}`;
      if (!runners.has(id)) {
        runners.set(id, openRunner({ runtime }));
        runners.get(id)(`{"document":${documentText(documents[name])}}`);
      }
      return runners.get(id);
    };
    for (const each of cases) {
      const answer = runnerOf(each.document, 'program')(questionLine(each));
      assert.deepEqual(JSON.parse(answer), each.expected, each.description);
      if (each.known === undefined) assert.equal(runnerOf(each.document, 'evaluate')(questionLine(each)), answer, each.description);
    }
  }
});

test('the vectors are what their sources make', () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../vectors/make.mjs', import.meta.url)), '--check']);
});
