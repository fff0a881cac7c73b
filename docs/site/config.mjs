/** The settings of VitePress, for the pages that `build.mjs` has laid out beside this file. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

import { PACKAGES, SECTIONS } from './pages.mjs';

/** The address of a page, from its path. */
const address = path => `/${path.replace(/(^|\/)README\.md$/, '$1').replace(/\.md$/, '')}`;

/**
 * `pages`: their paths; `files`: the files that pages link to and that are no pages, which the site has below `/files/`; `folders`: linked folders without
 * a page; `hasApi`: whether the site has the reference of all packages and crates.
 */
const { pages, files, folders, hasApi } = JSON.parse(readFileSync(new URL('laid-out.json', import.meta.url), 'utf8'));

export default {
  title: 'Twinflag',
  description: 'Feature flags and gradual rollouts: one core decides, in the page and at the edge.',
  cleanUrls: false,
  rewrites: path => path.replace(/README\.md$/, 'index.md'),
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: { config: linkFiles, languageAlias: { 'rust,ignore': 'rust', 'rust,no_run': 'rust' } },
  themeConfig: {
    search: { provider: 'local' },
    nav: [{ text: 'Guides', link: '/docs/' }, ...(hasApi ? [{ text: 'Reference', items: reference() }] : [])],
    sidebar: SECTIONS.map(({ text, items }) => ({ text, items: items.map(([name, path]) => ({ text: name, link: address(path) })) })),
    outline: [2, 3],
  },
  vite: { logLevel: 'warn', build: { chunkSizeWarningLimit: 4000 } },
};

/** The reference's entries: the site's pages know nothing of them, so they open as documents of their own. */
function reference() {
  return [
    ...PACKAGES.map(name => ({ text: `@twinflag/${name}`, link: `/api/${name}/index.html`, target: '_self' })),
    { text: 'the HTTP API', link: '/files/edge-worker/openapi.json', target: '_self' },
    { text: 'the crates', link: '/api/rust/sdk_core/index.html', target: '_self' },
  ];
}

/** Points links to files that are no pages to their copies. */
function linkFiles(markdown) {
  markdown.core.ruler.push('files', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' && token.attrGet('href');
      if (!href || /^([a-z]+:|#|\/)/.test(href)) continue;
      const [path] = href.split('#');
      const target = posix
        .normalize(posix.join(posix.dirname(env.relativePath ? pathOf(env) : ''), decodeURIComponent(path)))
        .replace(/\/$/, '');
      if (files.includes(target)) {
        token.attrSet('href', `/files/${target}`);
        token.attrSet('target', '_self');
      } else if (folders.includes(target)) {
        // A folder of the repository is no page: its name stays as text.
        token.attrs = token.attrs.filter(([name]) => name !== 'href');
      } else if (pages.includes(posix.join(target, 'README.md'))) token.attrSet('href', `/${target}/`);
    }
  });
}

/** The path of the page that is rendered, before it is rewritten. */
const pathOf = ({ realPath, path, relativePath }) => (realPath ?? path ?? relativePath).replace(/^.*\/pages\//, '');
