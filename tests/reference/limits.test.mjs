import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isContext } from './context.mjs';
import { readDocument } from './document.mjs';
import { scan } from './json.mjs';

const HEAD = '{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f"';
const pointers = ({ errors }) => errors.map(({ pointer }) => pointer);
const described = description => `${HEAD},"flags":{"a":{"description":"${description}"}}}`;

test('8,000,000 bytes of UTF-8 are read, one more is refused', () => {
  const room = 8_000_000 - described('').length;
  assert.equal(readDocument(described('x'.repeat(room))).flags.size, 1);
  assert.equal(readDocument(described('x'.repeat(room + 1))).refused, true);
  assert.equal(readDocument(described('é'.repeat(room / 2 + 1))).refused, true);
});

test('8,000,000 bytes of canonical values are read, one more is refused', () => {
  // Numbers of 21 digits with a comma behind each, brackets, quotes, and a text of what is left.
  const flag = bytes => `{"type":"object","variants":{"v":[${'1e20,'.repeat(40_000)}"${'x'.repeat(bytes - 880_004)}"]},"on":"v","off":"v"}`;
  const read = (first, second) => readDocument(`${HEAD},"flags":{"a":${flag(first)},"b":${flag(second)}}}`);
  assert.equal(read(3_000_000, 5_000_000).flags.size, 2);
  assert.deepEqual(pointers(read(3_000_000, 5_000_001)), ['/flags/b']);
  const broken = readDocument(`${HEAD},"flags":{"a":${flag(8_000_001).replace('{', '{"x":1,')},"b":${flag(900_000)}}}`);
  assert.deepEqual([[...broken.flags.keys()], pointers(broken)], [['b'], ['/flags/a/x']]);
});

test('250,000 networks are read, one more is refused', () => {
  const networks = count => `{"attribute":"ip","op":"cidr","value":[${Array(count).fill('"::/0"')}]}`;
  const read = (more, of = '') =>
    readDocument(
      `${HEAD},"segments":{"s":{"any":[${Array(4).fill(networks(50_000))}]}},"flags":{"a":{"rules":[{"if":${networks(more)},"serve":"on"}]${of}}}}`,
    );
  assert.equal(read(50_000).flags.size, 1);
  assert.deepEqual(pointers(readDocument(`${HEAD},"segments":{"s":{"any":[${Array(5).fill(networks(50_000))},${networks(1)}]}}}`)), [
    '/segments/s',
  ]);
  const both = readDocument(
    `${HEAD},"segments":{"s":{"any":[${Array(5).fill(networks(50_000))}]}},"flags":{"a":{"rules":[{"if":${networks(1)},"serve":"on"}]}}}`,
  );
  assert.deepEqual(pointers(both), ['/flags/a']);
  assert.deepEqual(pointers(read(50_000, ',"x":1')), ['/flags/a/x']);
});

test('50,000 entries a list, wherever it stands', () => {
  const read = count =>
    readDocument(`${HEAD},"flags":{"a":{"type":"object","variants":{"v":{"deep":[[${Array(count).fill(1)}]]}},"on":"v","off":"v"}}}`);
  assert.equal(read(50_000).flags.size, 1);
  assert.deepEqual(pointers(read(50_001)), ['/flags/a/variants/v/deep/0']);
});

test('the numbers of a guard are within their ranges', () => {
  const read = guard => readDocument(`${HEAD},"flags":{"a":{"rollout":{"guard":{${guard}}}}}}`);
  for (const [guard, count] of [
    ['"errorRate":1', 1],
    ['"errorRate":1.01', 0],
    ['"errorRate":-0.1', 0],
    ['"timeWindow":1', 1],
    ['"timeWindow":0', 0],
  ])
    assert.equal(read(guard).flags.size, count, guard);
  for (const [guard, count] of [
    ['"minSamples":0', 1],
    ['"minSamples":-1', 0],
    ['"minSamples":0.5', 0],
    ['"timeWindow":9007199254740994', 0],
  ])
    assert.equal(read(guard).flags.size, count, guard);
});

test('a document or context of any depth is refused, not overrun', () => {
  const deep = '['.repeat(3_000_000) + ']'.repeat(3_000_000);
  assert.equal(readDocument(`${HEAD},"flags":{"a":${deep}}}`).refused, true);
  assert.equal(isContext(scan(`{"a":${deep}}`)), false);
});

test('errors are told in the order of the document, segments and overrides among them', () => {
  const read = readDocument(
    `${HEAD},"overrides":{"customers":{"c":{"z":"no"}}},"flags":{"z":{"aliases":["y"]},"y":{},"b":{"x":1,"rules":[{"if":{"segment":"s"},"serve":"on"}],"tags":[1]}},"segments":{"s":{"segment":"t"}}}`,
  );
  const expected = [
    '/overrides/customers/c/z',
    '/flags/z/aliases/0',
    '/flags/b/x',
    '/flags/b/rules/0/if/segment',
    '/flags/b/tags/0',
    '/segments/s/segment',
  ];
  assert.deepEqual(pointers(read), expected);
  assert.equal(read.errorCount, expected.length);
});

test('200,000 errors are counted and 1,000 are told', () => {
  const read = readDocument(`${HEAD},"flags":{"a":{${Array.from({ length: 200_000 }, (_, i) => `"u${i}":0`).join(',')}}}}`);
  assert.equal(read.errorCount, 200_000);
  assert.deepEqual(
    pointers(read),
    Array.from({ length: 1_000 }, (_, i) => `/flags/a/u${i}`),
  );
});

test('in a chain of 5,000 segments all but the last sixteen are too deep', () => {
  const segments = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, i) => [`s${i}`, i === 4_999 ? { all: [] } : { segment: `s${i + 1}` }]),
  );
  const read = readDocument(JSON.stringify({ ...JSON.parse(`${HEAD}}`), segments }));
  assert.equal(read.errorCount, 5_000 - 16);
});
