/**
 * The checks can fail: every fault of `mutants.mjs` turns the vectors and the digest of generated lines red, and every fault of `bounds.mjs`,
 * `access.mjs`, `edge.mjs`, `hub.mjs`, `tallies.mjs` and `control.mjs` a unit test of its crate. Every fault of `sql.mjs` turns vectors red in the
 * database, every fault of `client.mjs` a test of the browser's client, every fault of `dashboard.mjs` one of the dashboard, and every step of the
 * recipe for an operator is missed that `recipe.mjs` leaves out.
 *
 *     node tests/mutants/run.mjs [part of a name …]     or --check, which only looks whether every fault still has its place
 *
 * Each core has a workshop of its own; its copy of the crates is spoilt, one fault at a time, and its runner is built and asked. The
 * lines come from the generator as it stands here, so that a fault changes answers and not questions.
 */
import { appendFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Digest } from '../identity/digest.mjs';
import { accessMutants } from './access.mjs';
import { boundsMutants } from './bounds.mjs';
import { clientMutants } from './client.mjs';
import { controlMutants } from './control.mjs';
import { dashboardMutants } from './dashboard.mjs';
import { edgeMutants } from './edge.mjs';
import { hubMutants } from './hub.mjs';
import { mutants } from './mutants.mjs';
import { workOnDashboard } from './pages.mjs';
import { recipeMutants, workOnRecipe } from './recipe.mjs';
import { workOnClient } from './scripts.mjs';
import { sqlMutants, workOnSql } from './sql.mjs';
import { tallyMutants } from './tallies.mjs';
import { readVectors, redOf } from './vectors.mjs';
import { around, Workshop } from './workshop.mjs';

const vectors = readVectors();
const PAIRS = '100000';
/** The number of lines that are asked first: they show most faults already. */
const FEW = 2_000;
const SEED = '1';
const RUNNER = ['tests-native', 'runner'];

/** Adds a result to the report of `cargo xtask test`, if there is one. */
function tell(line) {
  if (process.env.TWINFLAG_REPORT) appendFileSync(process.env.TWINFLAG_REPORT, `${JSON.stringify(line)}\n`);
}
const tellOf = ({ name, file }, passed) => tell({ result: passed ? 'passed' : 'failed', name, file });

/** The runner's answers. A runner that crashes has answered what it had printed, and then something else. */
async function answers(workshop, { text, byProgram }) {
  try {
    return (await workshop.ask('runner', byProgram ? ['--program'] : [], text)).split('\n').slice(0, -1);
  } catch (caught) {
    return [String(caught)];
  }
}

/** The digest of all answers: of evaluation, or of programs. */
async function digestOf(workshop, question) {
  const digest = new Digest();
  for (const answer of await answers(workshop, question)) digest.add(answer);
  return digest.finish();
}

/** The red vectors: for each, the operators of the flag that it asks about. */
async function redVectors(workshop) {
  const red = [];
  for (const way of vectors) red.push(...redOf(way, await answers(workshop, way)));
  return red;
}

/** True if the answers to generated lines differ from those of the sound crates, whose digests `sound` holds. */
async function isOther(workshop, { asked, sound }) {
  for (const [at, question] of asked.entries()) {
    if ((await digestOf(workshop, question)) !== sound[at]) return true;
  }
  return false;
}

/**
 * Takes faults from the heap until none is left; answers how many were not noticed by both, or broke no vector of an operator that they
 * name.
 */
async function work(workshop, heap, generated) {
  let survivors = 0;
  for (let mutant; (mutant = heap.shift()); ) {
    const restore = workshop.spoil(mutant);
    await workshop.build(RUNNER);
    const [red, other] = [await redVectors(workshop), await isOther(workshop, generated)];
    restore();
    const unbroken = (mutant.operators ?? []).filter(name => !red.some(operators => operators.includes(name)));
    const survives = red.length === 0 || unbroken.length > 0 || !other;
    survivors += survives ? 1 : 0;
    tellOf(mutant, !survives);
    console.log(`${mutant.name.padEnd(56)} ${String(red.length).padStart(11)}  ${(other ? 'yes' : 'NO').padStart(12)}`);
    if (unbroken.length > 0) console.log(`  no vector is red of ${unbroken.join(', ')}`);
  }
  return survivors;
}

/** Puts each fault into the core; answers how many were not noticed. */
async function workOnCore(chosen) {
  if (chosen.length === 0) return 0;
  const workshops = Array.from({ length: Math.min(availableParallelism(), chosen.length) }, (_, number) => new Workshop(number));
  const [first] = workshops;
  await Promise.all(workshops.map(workshop => workshop.build(RUNNER, ...(workshop === first ? [['tests-identity', 'lines']] : []))));
  const lines = await first.ask('lines', ['--pairs', PAIRS, '--seed', SEED, '--strangers']);
  const few = lines.split('\n').slice(0, FEW).join('\n').concat('\n');
  const asked = [few, lines].flatMap(text => [false, true].map(byProgram => ({ text, byProgram })));
  const sound = await Promise.all(asked.map(question => digestOf(first, question)));
  const { length: falseAlarms } = await redVectors(first);
  if (falseAlarms > 0) throw new Error(`${falseAlarms} vectors are red without any fault`);
  const heap = [...chosen];
  const survivors = await Promise.all(workshops.map(workshop => work(workshop, heap, { asked, sound })));
  return survivors.reduce((sum, each) => sum + each, 0);
}

/** The crate whose unit tests notice a fault: that of its file, unless the fault names another. */
const crateOf = ({ file, crate }) => crate ?? (file.startsWith('edge-worker/control/') ? 'control' : 'edge-worker');

/** True if a crate with a fault has a red test. A fault that does not build is none, and is told; the others are still tried. */
async function isNoticed(workshop, crate, { name, tests }) {
  try {
    return await workshop.isRed(crate, tests);
  } catch (caught) {
    console.log(`${name}: ${caught}`);
    return false;
  }
}

/** Puts each fault into a crate; answers how many turn no test of the crate red. */
async function workOnCrate(crate, chosen) {
  if (chosen.length === 0) return 0;
  const workshop = new Workshop(crate);
  for (const tests of new Set(chosen.map(mutant => mutant.tests))) {
    if (await workshop.isRed(crate, tests)) throw new Error(`a test of ${tests} is red without any fault`);
  }
  let survivors = 0;
  for (const mutant of chosen) {
    const restore = workshop.spoil(mutant);
    const red = await isNoticed(workshop, crate, mutant);
    restore();
    survivors += red ? 0 : 1;
    tellOf(mutant, red);
    console.log(`${mutant.name.padEnd(56)} ${mutant.tests.padStart(11)}  ${(red ? 'yes' : 'NO').padStart(12)}`);
  }
  return survivors;
}

const wanted = process.argv.slice(2);
const ofCrates = [boundsMutants, accessMutants, edgeMutants, hubMutants, tallyMutants, controlMutants].flat();
const all = [mutants, ofCrates, sqlMutants, clientMutants, dashboardMutants, recipeMutants];
for (const mutant of all.flat()) {
  around(mutant);
  if (wanted.includes('--check')) tellOf(mutant, true);
}
if (wanted.includes('--check')) {
  tell({ over: true });
  process.exit();
}
const isChosen = ({ name }) => wanted.length === 0 || wanted.some(part => name.includes(part));
const [ofCore, ofCrate, ofSql, ofClient, ofDashboard, ofRecipe] = all.map(some => some.filter(isChosen));
if ([ofCore, ofCrate, ofSql, ofClient, ofDashboard, ofRecipe].every(some => some.length === 0)) throw new Error('no fault has such a name');
console.log(`${'mutant'.padEnd(56)} vectors red  identity red   or, of a crate: tests  red`);
// Side by side: a crate that is built alone keeps few cores busy. The commands' crate takes seconds, and the worker is built after it.
async function workOnCrates() {
  let survivors = 0;
  for (const crate of ['sdk-core', 'control', 'edge-worker']) {
    survivors += await workOnCrate(
      crate,
      ofCrate.filter(mutant => crateOf(mutant) === crate),
    );
  }
  return survivors;
}
const [core, crates] = await Promise.all([workOnCore(ofCore), workOnCrates()]);
const sql = await workOnSql(ofSql, vectors[0], tellOf);
const client = await workOnClient(ofClient, tellOf);
const dashboard = await workOnDashboard(ofDashboard, tellOf);
const recipe = await workOnRecipe(ofRecipe, tellOf);
console.log(`${ofRecipe.length} steps of the recipe left out, ${recipe} not noticed`);
console.log(`${ofDashboard.length} faults of the dashboard, ${dashboard} not noticed`);
console.log(`${ofClient.length} faults of the client, ${client} not noticed`);
console.log(`${ofSql.length} faults of the functions in SQL, ${sql} not noticed`);
console.log(
  `${ofCore.length} faults of evaluation, ${core} not noticed by both; ${ofCrate.length} of bounds, edge and commands, ${crates} not noticed`,
);
tell({ over: true });
if (core + crates + sql + client + dashboard + recipe > 0) process.exitCode = 1;
