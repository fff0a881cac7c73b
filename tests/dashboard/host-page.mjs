// A page of a host, which has the dashboard as a component: its script and its document.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const NPM = fileURLToPath(new URL('../../npm/', import.meta.url));

/**
 * The script of the page, bundled. `client` is the code that a host writes to send requests, in which `given` has the page's values.
 *
 * @param {string} client an expression of JavaScript.
 */
export async function bundled(client) {
  const script = `
    import { FeatureFlagManager } from '@twinflag/admin';
    import { createElement } from 'react';
    import { createRoot } from 'react-dom/client';
    const at = document.querySelector('#flags');
    const given = JSON.parse(at.dataset.given);
    createRoot(at).render(createElement(FeatureFlagManager, { client: ${client}, ...given.props }));
  `;
  const options = ['--bundle', '--format=esm', '--define:process.env.NODE_ENV="production"', '--log-level=warning'];
  const run = promisify(execFile)(`${NPM}node_modules/.bin/esbuild`, options, { cwd: NPM, maxBuffer: 64_000_000 });
  run.child.stdin.end(script);
  return (await run).stdout;
}

/** The document of the page, whose script is `/page.js` and whose style is `/style.css`. */
export function hostPage(given) {
  return `<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">
    <h1>Host</h1><div id="flags" data-given="${JSON.stringify(given).replaceAll('"', '&quot;')}"></div><script type="module" src="/page.js"></script>`;
}

/** The policy of the page, which reaches these origins. */
export function policy(reached, script = "'self' 'wasm-unsafe-eval'") {
  return `default-src 'none'; script-src ${script}; style-src 'self'; connect-src ${reached}; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'`;
}
