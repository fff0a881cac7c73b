/**
 * Generated lines, answered by a runner and by the reference: the same text, line by line.
 *
 *     node --test tests/identity/reference.test.mjs
 *
 * `TWINFLAG_RUNNER` names the runner (else the native one as built last), `TWINFLAG_LINES` the generator, `TWINFLAG_PAIRS` how many
 * questions a seed has, `TWINFLAG_SEEDS` the seeds, and `TWINFLAG_RUNTIME=program` that it answers by programs.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { extent } from '../extent.mjs';
import { openRunner } from '../reference/runner.mjs';
import { Digest } from './digest.mjs';

const built = name => fileURLToPath(new URL(`../../target/debug/${name}`, import.meta.url));
const { TWINFLAG_RUNNER: runner = built('runner'), TWINFLAG_LINES: lines = built('lines') } = process.env;
const pairs = Number(process.env.TWINFLAG_PAIRS ?? extent({ usual: 7_000, all: 20_000 }));
const seeds = (process.env.TWINFLAG_SEEDS ?? '1,2,3').split(',');
const runtime = process.env.TWINFLAG_RUNTIME === 'program' ? 'program' : 'evaluate';
const SHOWN = Number(process.env.TWINFLAG_SHOWN ?? 5);

for (const seed of seeds) {
  test(`seed ${seed}: ${pairs} answers`, async () => {
    const generated = spawnSync(lines, ['--pairs', String(pairs), '--seed', seed], { maxBuffer: 2 ** 31 });
    assert.equal(generated.status, 0, String(generated.stderr));
    const theirs = answersOf(generated.stdout);
    const differences = [];
    const ours = openRunner({ runtime });
    let [document, count, untold] = ['', 0, 0];
    for (const line of generated.stdout.toString('utf8').split('\n')) {
      if (line === '') continue;
      const expected = ours(line);
      if (expected === null) {
        document = line;
        continue;
      }
      const { value: actual } = await theirs.next();
      count += 1;
      if (expected.includes('cannot translate')) untold += 1;
      else if (actual !== expected) differences.push({ document, line, expected, actual });
    }
    assert.equal((await theirs.next()).done, true, 'the runner answers more than it was asked');
    assert.equal(count, pairs);
    assert.ok(untold <= pairs / 100, `${untold} questions about documents that the reference cannot read`);
    assert.equal(differences.length, 0, report(differences));
  });
}

test('the digest is the same number in both languages', () => {
  const count = '2000';
  const generated = spawnSync(lines, ['--pairs', count, '--seed', '4'], { maxBuffer: 2 ** 31 });
  const [ours, digest] = [openRunner(), new Digest()];
  for (const line of generated.stdout.toString('utf8').split('\n').slice(0, -1)) {
    const answer = ours(line);
    if (answer !== null) digest.add(answer);
  }
  // So few questions do not reach everything, which is said by the status.
  const native = spawnSync(lines.replace(/lines$/, 'identity-native'), ['--pairs', count, '--seed', '4']);
  assert.match(native.stdout.toString('utf8'), new RegExp(`^sha256 ${digest.finish()}$`, 'm'));
});

/** The lines that the runner answers. */
function answersOf(input) {
  const process = spawn(runner, runtime === 'program' ? ['--program'] : [], { stdio: ['pipe', 'pipe', 'inherit'] });
  process.stdin.end(input);
  return createInterface({ input: process.stdout, crlfDelay: Infinity })[Symbol.asyncIterator]();
}

/** The first differences of different flags, each with the part of the document that is asked about. */
function report(differences) {
  const byFlag = new Map(
    differences.toReversed().map(difference => [`${JSON.parse(difference.line).flag} of ${difference.document}`, difference]),
  );
  const shown = [...byFlag.values()]
    .reverse()
    .slice(0, SHOWN)
    .map(({ document, line, expected, actual }) => {
      const { flag } = JSON.parse(line);
      return ['', `question   ${line}`, `reference  ${expected}`, `runner     ${actual}`, `flag       ${aboutFlag(document, flag)}`].join(
        '\n',
      );
    });
  return `${differences.length} answers differ\n${shown.join('\n')}`;
}

function aboutFlag(text, key) {
  const { flags, segments, environment, overrides } = JSON.parse(text).document;
  const found = Object.entries(flags).find(([name, flag]) => name === key || flag.aliases?.includes?.(key));
  return JSON.stringify({ flag: found, environment, segments, overrides });
}
