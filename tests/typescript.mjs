/**
 * Runs test files in TypeScript: `node --import ./tests/typescript.mjs --test FILE.test.ts`. Esbuild strips the types; the compiler checks
 * them elsewhere.
 */
import { readFile } from 'node:fs/promises';
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// The hooks run in a thread of their own, which loads this file once more.
if (isMainThread) register(import.meta.url);

/** Loads a module; one in TypeScript as the JavaScript that it becomes. */
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const { transform } = createRequire(new URL('../npm/package.json', import.meta.url))('esbuild');
  const { code } = await transform(await readFile(fileURLToPath(url), 'utf8'), { loader: 'ts', sourcefile: url, sourcemap: 'inline' });
  return { format: 'module', source: code, shortCircuit: true };
}
