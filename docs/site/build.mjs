/**
 * Builds the documentation site: `node build.mjs OUT [--api]`. Texts keep their paths; a file that a text links to and that is no page itself is
 * copied beside them. With `--api` the reference of every npm package is made from its sources.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';

import { isPage, PACKAGES, SECTIONS } from './pages.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(HERE, '../..');
const SKIPPED = new Set(['node_modules', 'target', 'dist', '.git', '.twinflag', 'site']);

const [target = join(ROOT, 'target/site'), ...options] = process.argv.slice(2);
const hasApi = options.includes('--api');
// Below this folder, so that the pages find the packages of VitePress.
const [source, out] = [join(HERE, 'dist/pages'), resolve(target)];
rmSync(source, { recursive: true, force: true });

const pages = markdownIn(ROOT).filter(isPage);
const listed = SECTIONS.flatMap(({ items }) => items.map(([, path]) => path));
const absent = listed.filter(path => !pages.includes(path));
if (absent.length > 0) throw new Error(`the sidebar lists ${absent.join(', ')}, which is no page`);
for (const path of pages) copy(path, source);
const linked = [...new Set(pages.flatMap(linkedPaths))];
const isFile = path => statSync(join(ROOT, path)).isFile();
const files = linked.filter(isFile);
const folders = linked.filter(path => !isFile(path) && !pages.includes(posix.join(path, 'README.md')));
for (const path of files) copy(path, join(source, isPicture(path) ? '.' : 'public/files'));
copy('edge-worker/openapi.json', join(source, 'public/files'));

// VitePress reads its settings from files beside the pages.
const settings = join(source, '.vitepress');
mkdirSync(settings, { recursive: true });
for (const name of ['config.mjs', 'pages.mjs', 'theme']) cpSync(join(HERE, name), join(settings, name), { recursive: true });
writeFileSync(join(settings, 'laid-out.json'), JSON.stringify({ pages, files, folders, hasApi }));
await build(source, { outDir: out });
if (hasApi) for (const name of PACKAGES) describe(name);
process.stdout.write(
  `${pages.length} pages, ${files.length} files${hasApi ? `, the reference of ${PACKAGES.length} packages` : ''} in ${out}\n`,
);

/** Makes the reference of a package from its entries. */
function describe(name) {
  const folder = join(ROOT, 'npm', name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const entries = [...new Set(Object.values(manifest.exports).flatMap(typesOf))].map(types =>
    // A package with sources of another one has its own in a folder of declarations.
    join(
      folder,
      types
        .replace('./dist/types/', 'src/')
        .replace(`src/${name}/src/`, 'src/')
        .replace(/\.d\.ts$/, '.ts'),
    ),
  );
  const typedoc = join(HERE, 'node_modules/typedoc/bin/typedoc');
  const sources = entries.filter(existsSync).flatMap(entry => ['--entryPoints', entry]);
  const more = [
    '--skipErrorChecking',
    '--disableSources',
    '--readme',
    'none',
    '--hideGenerator',
    '--logLevel',
    'Error',
    '--name',
    manifest.name,
  ];
  execFileSync(
    process.execPath,
    [typedoc, '--tsconfig', join(folder, 'tsconfig.json'), ...sources, '--out', join(out, 'api', name), ...more],
    {
      stdio: 'inherit',
    },
  );
}

/** The declarations that an export names, under whatever condition. */
function typesOf(exported) {
  if (typeof exported === 'string') return [];
  return Object.entries(exported).flatMap(([condition, value]) => {
    if (condition === 'types') return [value];
    return typeof value === 'object' ? typesOf(value) : [];
  });
}

/** Pictures stand beside the pages that show them. */
function isPicture(path) {
  return /\.(png|svg|webp)$/.test(path);
}

function copy(path, folder) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  cpSync(join(ROOT, path), join(folder, path));
}

function markdownIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : markdownIn(join(folder, entry.name));
    return entry.name.endsWith('.md') ? [relative(ROOT, join(folder, entry.name))] : [];
  });
}

/** The files and folders below the root that a page links to and that are no pages. */
function linkedPaths(page) {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target]) => target.split('#')[0])
    .filter(path => path !== '' && !/^[a-z]+:/.test(path))
    .map(path => posix.normalize(posix.join(posix.dirname(page), decodeURIComponent(path))).replace(/\/$/, ''))
    .filter(path => !path.startsWith('..') && existsSync(join(ROOT, path)) && !isPage(path));
}
