/** Modules as one classic script, for a page or for a realm of its own. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

/** A script that gives the global `runners` everything that the modules export; their paths are relative to the repository. */
export async function scriptText(modules) {
  const esbuild = createRequire(new URL('npm/', root))('esbuild');
  const path = relative => JSON.stringify(fileURLToPath(new URL(relative, root)));
  const { outputFiles } = await esbuild.build({
    stdin: { contents: modules.map(module => `export * from ${path(module)};`).join('\n'), resolveDir: fileURLToPath(root) },
    bundle: true,
    format: 'iife',
    globalName: 'runners',
    write: false,
  });
  return outputFiles[0].text;
}
