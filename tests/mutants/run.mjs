/**
 * The checks can fail: every fault of `mutants.mjs` turns the vectors and the digest of generated lines red.
 *
 *     node tests/mutants/run.mjs [part of a name …]     or --check, which only looks whether every fault still has its place
 *
 * The crates are copied under `target/mutants`; the copy is spoilt, one fault at a time, and its runner is built and asked. The lines
 * come from the generator as it stands here, so that a fault changes answers and not questions.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Digest } from '../identity/digest.mjs';
import { documentText, questionLine, refusalText } from '../vectors/lines.mjs';
import { mutants } from './mutants.mjs';

const PAIRS = '50000';
/** So many lines show most faults already. */
const FEW = 2_000;
const SEED = '1';
const repository = fileURLToPath(new URL('../../', import.meta.url));
const target = join(repository, 'target/mutants');
const copy = join(target, 'copy');
const CRATES = ['sdk-core', 'edge-worker/control', 'tests/native', 'tests/identity'];

/** Runs a program and answers what it printed; throws where it fails. */
function run(program, args, { input, cwd = repository } = {}) {
  const environment = { ...process.env, CARGO_TARGET_DIR: join(target, 'build'), CARGO_PROFILE_DEV_OPT_LEVEL: '0' };
  const done = spawnSync(program, args, { cwd, input, env: environment, maxBuffer: 2 ** 30 });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout.toString('utf8');
}

/** Copies the crates into a workspace of their own. */
function makeCopy() {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const name of ['Cargo.lock', 'rust-toolchain.toml', ...CRATES]) {
    cpSync(join(repository, name), join(copy, name), { recursive: true, filter: (path) => !path.endsWith('/target') });
  }
  const manifest = readFileSync(join(repository, 'Cargo.toml'), 'utf8');
  writeFileSync(join(copy, 'Cargo.toml'), manifest.replace(/^members = .*$/m, `members = ${JSON.stringify(CRATES)}`));
}

/** Builds the copy's runner; `lines` besides where `withLines`. */
function build(withLines = false) {
  const programs = withLines ? ['-p', 'tests-identity', '--bin', 'lines'] : [];
  run('cargo', ['build', '--quiet', '--offline', '-p', 'tests-native', '--bin', 'runner', ...programs], { cwd: copy });
}

const built = (name) => join(target, 'build/debug', name);

/** The runner's answers. A runner that crashes has answered what it had printed, and then something else. */
function answers(input, byProgram) {
  try {
    return run(built('runner'), byProgram ? ['--program'] : [], { input }).split('\n').slice(0, -1);
  } catch (caught) {
    return [String(caught)];
  }
}

/** The digest of all answers: of evaluation, or of programs. */
function digestOf({ text, byProgram }) {
  const digest = new Digest();
  for (const answer of answers(text, byProgram)) digest.add(answer);
  return digest.finish();
}

/** Of a document with very many flags so many are asked for. */
const ASKED = 20;

/** All vectors as one input for each way of answering, with what is to be answered: a text, or what the answer must not be. */
function readVectors() {
  const ways = [false, true].map((byProgram) => ({ byProgram, lines: [], expected: [], operators: {} }));
  const folder = join(repository, 'tests/vectors');
  for (const file of readdirSync(folder).filter((name) => /^[0-9]{2}-.*\.json$/.test(name))) {
    const { documents, cases, refusals = [], buckets = [] } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const current = [undefined, undefined];
    for (const each of cases) {
      const way = ways[each.known === undefined ? 0 : 1];
      if (current[Number(way.byProgram)] !== each.document) way.lines.push(`{"document":${onOneLine(documentText(documents[each.document]))}}`);
      current[Number(way.byProgram)] = each.document;
      way.lines.push(questionLine(each));
      way.expected.push(canonical(each.expected));
      way.operators[way.expected.length - 1] = operatorsOf(documents[each.document].flags ?? {}, each.flag);
    }
    for (const each of refusals.filter(isJson)) {
      ways[0].lines.push(`{"document":${onOneLine(refusalText(each))}}`);
      for (const { flag, wanted } of afterRefusal(each)) {
        ways[0].lines.push(questionLine({ flag }));
        ways[0].expected.push(wanted);
      }
    }
    for (const { key, salt, unit, bucket, subkey } of buckets) {
      ways[0].lines.push(JSON.stringify({ bucket: { key, salt, unit } }));
      ways[0].expected.push(canonical({ bucket, subkey }));
    }
  }
  return ways;
}

/** Whether a refusal's text is JSON: other text makes no line of the runner protocol. */
function isJson(refusal) {
  try {
    JSON.parse(refusalText(refusal));
    return true;
  } catch {
    return false;
  }
}

const REFUSED = canonical({ error: 'document refused' });
const LEFT_OUT = canonical({ reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' });

/** The flags to ask a document with errors for, and the answers: nothing of a refused one, else the sound flags and not the others. */
function afterRefusal({ document, refused, flags = [] }) {
  if (refused) return [{ flag: 'good', wanted: REFUSED }];
  const others = Object.keys(document?.flags ?? {}).filter((key) => !flags.includes(key));
  return [
    ...flags.slice(0, ASKED).map((flag) => ({ flag, wanted: { not: [REFUSED, LEFT_OUT] } })),
    ...others.slice(0, ASKED).map((flag) => ({ flag, wanted: LEFT_OUT })),
  ];
}

const isAsWanted = (answer, wanted) => (typeof wanted === 'string' ? answer === wanted : answer !== undefined && !wanted.not.includes(answer));

/** A document's raw text may have lines; a line of the runner protocol is one. */
const onOneLine = (text) => text.replace(/[\r\n]+/g, ' ');

/** JSON with sorted members: what is compared has no numbers that JavaScript prints otherwise. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

/** The operators in the conditions of a flag; none where no flag has the key. */
function operatorsOf(flags, key) {
  return Object.hasOwn(flags, key) ? [...JSON.stringify(flags[key]).matchAll(/"op":"(\w+)"/g)].map(([, name]) => name) : [];
}

/** The vectors with a wrong answer: the operators of the flag that each asks about. */
function redVectors(ways) {
  return ways.flatMap(({ byProgram, lines, expected, operators }) => {
    const given = answers(`${lines.join('\n')}\n`, byProgram);
    return expected.flatMap((each, at) => (isAsWanted(given[at], each) ? [] : [operators[at] ?? []]));
  });
}

/** What stands before and after the one place of a fault. */
function around({ name, file, find }) {
  const parts = readFileSync(join(repository, file), 'utf8').split(find);
  if (parts.length !== 2) throw new Error(`${name}: ${file} holds the text ${parts.length - 1} times, expected once: ${find}`);
  return parts;
}

/** Puts a fault into the copy; answers how to take it out again. */
function spoil(mutant) {
  const parts = around(mutant);
  const place = join(copy, mutant.file);
  writeFileSync(place, parts.join(mutant.replacement));
  return () => writeFileSync(place, parts.join(mutant.find));
}

const wanted = process.argv.slice(2);
mutants.forEach(around);
if (wanted.includes('--check')) process.exit();
makeCopy();
build(true);
const lines = run(built('lines'), ['--pairs', PAIRS, '--seed', SEED, '--strangers']);
const few = lines.split('\n').slice(0, FEW).join('\n').concat('\n');
const vectors = readVectors();
const asked = [few, lines].flatMap((text) => [false, true].map((byProgram) => ({ text, byProgram })));
const sound = asked.map(digestOf);
const falseAlarms = redVectors(vectors).length;
if (falseAlarms > 0) throw new Error(`${falseAlarms} vectors are red without any fault`);

const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
let survivors = 0;
console.log(`${'mutant'.padEnd(44)} vectors red  identity red`);
for (const mutant of chosen) {
  const restore = spoil(mutant);
  build();
  const red = redVectors(vectors);
  const isOther = asked.some((each, at) => digestOf(each) !== sound[at]);
  restore();
  const unbroken = (mutant.operators ?? []).filter((name) => !red.some((operators) => operators.includes(name)));
  if (red.length === 0 || unbroken.length > 0 || !isOther) survivors += 1;
  console.log(`${mutant.name.padEnd(44)} ${String(red.length).padStart(11)}  ${(isOther ? 'yes' : 'NO').padStart(12)}`);
  if (unbroken.length > 0) console.log(`  no vector is red of ${unbroken.join(', ')}`);
}
console.log(`${chosen.length} faults, ${survivors} not noticed by both`);
process.exitCode = survivors === 0 && chosen.length > 0 ? 0 : 1;
