import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Folders without texts of ours. */
const SKIPPED = new Set(['node_modules', 'target', 'dist', '.git', '.twinflag']);

/** The Markdown files below a folder. */
export function markdownIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : markdownIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The lines of a Markdown text that are no code. */
function prose(markdown) {
  let fence = false;
  return markdown.split('\n').filter(line => {
    const isFence = line.trimStart().startsWith('```');
    if (isFence) fence = !fence;
    return !fence && !isFence;
  });
}

/** The targets of the links in a Markdown text; links in code are none. */
export function linksOf(markdown) {
  const text = prose(markdown)
    .join('\n')
    .replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, 'code');
  return [...text.matchAll(/\]\(([^()\s]+)\)|<(https?:[^>\s]+)>/g)].map(([, target, bare]) => target ?? bare);
}

/** The anchors of a Markdown text's headings, as GitHub makes them: a heading that stands again gets a number. */
export function anchorsOf(markdown) {
  const seen = new Map();
  return prose(markdown).flatMap(line => {
    const heading = line.match(/^#{1,6} (.*?)\s*$/)?.[1];
    if (heading === undefined) return [];
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** The links of a file that lead nowhere, each with the reason; `inside` is the folder that no link may leave. */
export function faultsOf(file, inside) {
  return linksOf(readFileSync(file, 'utf8')).flatMap(target => {
    if (/^(https?|mailto):/.test(target)) return [];
    const [path, anchor] = target.split('#');
    const to = path === '' ? file : join(dirname(file), decodeURIComponent(path));
    if (relative(inside, to).startsWith('..')) return [`${target}: leaves ${inside}`];
    if (!existsSync(to)) return [`${target}: there is no such file`];
    if (anchor === undefined) return [];
    const page = statSync(to).isDirectory() ? join(to, 'README.md') : to;
    return anchorsOf(readFileSync(page, 'utf8')).includes(anchor) ? [] : [`${target}: there is no such heading`];
  });
}
