// Somebody else's project: an empty folder into which the packed packages are installed, as they would come from a registry.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));
const QUIET = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline'];

/** Runs a program; what it said is in the error when it fails. */
export const run = promisify(execFile);

/** Packs our packages into a folder; by name: the tarball, and the paths in it. */
export async function pack(folder) {
  const { stdout } = await run(
    'npm',
    [
      'pack',
      '--json',
      '--pack-destination',
      folder,
      ...['client', 'react', 'elements', 'chat-widget', 'edge', 'server', 'openfeature', 'admin'].flatMap(name => ['-w', name]),
    ],
    { cwd: NPM },
  );
  const packed = JSON.parse(stdout);
  // npm 11 answers a list, later ones an object by name.
  return Object.fromEntries(
    Object.values(packed).map(({ name, filename, files }) => [
      name,
      { tarball: join(folder, filename.replace('@', '').replace('/', '-')), paths: files.map(({ path }) => path) },
    ]),
  );
}

/**
 * An installed project.
 *
 * @param {{ ours: string[], others?: Record<string, string>, manifest?: object, files?: Record<string, string> }} options `ours`: names of our packages;
 *   `others`: versions of what comes from the registry; `manifest`: what else `package.json` says.
 */
export async function createProject({ ours, others = {}, manifest = {}, files = {} }) {
  const folder = await mkdtemp(join(tmpdir(), 'twinflag-project-'));
  const packages = await pack(folder);
  const dependencies = { ...others, ...Object.fromEntries(ours.map(name => [name, `file:${packages[name].tarball}`])) };
  await writeAll(folder, {
    'package.json': JSON.stringify({ name: 'somebody', private: true, type: 'module', ...manifest, dependencies }),
    ...files,
  });
  await run('npm', ['install', ...QUIET], { cwd: folder });
  return {
    folder,
    packages,
    path: name => join(folder, name),
    /** Runs a program that the project has installed. */
    bin: (name, ...args) => run(join(folder, 'node_modules/.bin', name), args, { cwd: folder }),
    node: (...args) => run('node', args, { cwd: folder }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Bundles entries of the project into its `dist`, with the repository's own esbuild; what they share is there once. */
export async function bundle({ folder }, entries, ...options) {
  const common = ['--bundle', '--splitting', '--format=esm', '--jsx=automatic', '--log-level=warning', '--outdir=dist'];
  await run(join(NPM, 'node_modules/.bin/esbuild'), [...entries, ...common, ...options], { cwd: folder });
}

async function writeAll(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}
