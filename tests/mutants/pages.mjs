/** Puts faults into the dashboard's sources, one at a time, and runs the tests in Chromium that must notice them. */
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { assertGreen, isRed } from './node-tests.mjs';
import { around } from './workshop.mjs';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const assets = join(repository, 'target/mutants/assets');
/** The tests load the spoilt page, and may take so long: a page with a fault may show nothing of what a test waits for. */
const HOW = { env: { ...process.env, TWINFLAG_ASSETS: assets }, patienceMs: 600_000 };
const optionsOf = tests => ['--test', join(repository, `tests/dashboard/${tests}.test.mjs`)];

/**
 * Puts each fault into the dashboard.
 *
 * @param tell adds a result to the report
 * @returns the number of faults that turn no test red
 */
export async function workOnDashboard(chosen, tell) {
  if (chosen.length === 0) return 0;
  rmSync(assets, { recursive: true, force: true });
  cpSync(join(repository, 'edge-worker/dist/assets'), assets, { recursive: true });
  await bundle();
  for (const tests of new Set(chosen.map(mutant => mutant.tests))) await assertGreen(tests, optionsOf(tests), HOW);
  let survivors = 0;
  for (const mutant of chosen) {
    await bundle(mutant);
    const red = await isRed(optionsOf(mutant.tests), HOW);
    survivors += red ? 0 : 1;
    tell(mutant, red);
    console.log(`${mutant.name.padEnd(56)} ${mutant.tests.padStart(11)}  ${(red ? 'yes' : 'NO').padStart(12)}`);
  }
  return survivors;
}

/** Bundles the page as `xtask/src/build/site.rs` does, with a fault in one of its files. */
async function bundle(mutant) {
  const { build } = createRequire(join(repository, 'npm/package.json'))('esbuild');
  await build({
    entryPoints: [join(repository, 'npm/admin/src/main.tsx')],
    outdir: join(assets, 'dashboard'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
    plugins: mutant === undefined ? [] : [spoiling(mutant)],
  });
}

function spoiling(mutant) {
  const spoilt = join(repository, mutant.file);
  const loader = mutant.file.endsWith('.tsx') ? 'tsx' : 'ts';
  const load = ({ path }) => (path === spoilt ? { contents: around(mutant).join(mutant.replacement), loader } : undefined);
  return { name: 'fault', setup: ({ onLoad }) => onLoad({ filter: /\.tsx?$/ }, load) };
}
