/** Puts faults into the sources of `@twinflag/client`, one at a time, and runs the tests that must notice them. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { assertGreen, isRed } from './node-tests.mjs';
import { around } from './workshop.mjs';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGE = join(repository, 'npm/client');
const copy = join(repository, 'target/mutants/client');
/** The entries that the tests in Node import, and the one that a test refuses by its name. */
const ENTRIES = ['entry/node', 'entry/script-engine', 'outcomes', 'bootstrap', 'storage', 'tabs'];
/** The longest that a file of tests may take: a client with a fault may wait without end. */
const HOW = { patienceMs: 120_000 };

/**
 * Puts each fault into the client.
 *
 * @param tell adds a result to the report
 * @returns the number of faults that turn no test red
 */
export async function workOnClient(chosen, tell) {
  if (chosen.length === 0) return 0;
  rmSync(copy, { recursive: true, force: true });
  for (const folder of ['src', 'dist/engine', 'dist/packed', 'dist/script'])
    cpSync(join(PACKAGE, folder), join(copy, folder), { recursive: true });
  await bundle();
  for (const tests of new Set(chosen.map(mutant => mutant.tests))) await assertGreen(tests, optionsOf(tests), HOW);
  let survivors = 0;
  for (const mutant of chosen) {
    const parts = around(mutant),
      place = join(copy, mutant.file.slice('npm/client/'.length));
    writeFileSync(place, parts.join(mutant.replacement));
    await bundle();
    const red = await isRed(optionsOf(mutant.tests), HOW);
    writeFileSync(place, parts.join(mutant.find));
    survivors += red ? 0 : 1;
    tell(mutant, red);
    console.log(`${mutant.name.padEnd(56)} ${mutant.tests.padStart(11)}  ${(red ? 'yes' : 'NO').padStart(12)}`);
  }
  return survivors;
}

async function bundle() {
  const { build } = createRequire(join(repository, 'npm/package.json'))('esbuild');
  const common = {
    entryNames: '[name]',
    outdir: join(copy, 'dist/entry'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    define: { 'process.env.NODE_ENV': 'process.env.NODE_ENV' },
    logLevel: 'warning',
  };
  await build({ ...common, splitting: true, entryPoints: ENTRIES.map(name => join(copy, 'src', `${name}.ts`)) });
  // As xtask builds it: one file, with what a mobile runtime lacks.
  await build({ ...common, entryPoints: [join(copy, 'src/entry/native.ts')], inject: [join(copy, 'src/native/globals.ts')] });
}

/** The options by which a file of tests imports the copy in place of the package. */
function optionsOf(tests) {
  const redirect = new URL('redirect.mjs', import.meta.url);
  redirect.searchParams.set('from', String(pathToFileURL(join(PACKAGE, 'dist/entry/'))));
  redirect.searchParams.set('to', String(pathToFileURL(join(copy, 'dist/entry/'))));
  return ['--import', String(redirect), '--test', join(repository, `tests/client/${tests}.test.mjs`)];
}
