// Workers of releases on workerd: one with the hub, and one beside it that asks the same hub.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { startOn } from '../edge/workerd.mjs';
import { COUNT, forms } from './edits.mjs';

const OWN = fileURLToPath(new URL('workers/', import.meta.url));
const SQL = fileURLToPath(new URL('../edge/workers/', import.meta.url));
const SETTINGS = ['JWT_SECRET', 'CLIENT_KEY', 'SERVER_KEY', 'RATE_LIMITS', 'FAST_WAY'];
/** The forms in the migration of the next release, which {@link withForms} replaces. */
const FORMS = forms(COUNT, COUNT);

/**
 * Starts the worker of a release on the store of a folder, for `use`; then stops it.
 *
 * @param {{ data: string, hub: string, beside?: string }} options `hub`, `beside`: folders of built workers; the second one's isolate has no
 *   hub of its own.
 */
export async function on({ data, hub, beside }, use) {
  const config = join(data, 'workerd.capnp');
  await writeFile(config, configuration(data, hub, beside));
  const server = await startOn({ config: pathToFileURL(config), data });
  const sql = async (...statements) => {
    const rows = (await server.request('/test/sql', { body: statements })).json();
    if (rows.error) throw new Error(rows.error);
    return rows;
  };
  try {
    return await use({ ...server, sql });
  } finally {
    await server.stop();
  }
}

/** The next release with other forms in its migration, as a folder of a built worker: the least that may write its store, and serve from it. */
export async function withForms(next, folder, { writes, serves }) {
  await mkdir(folder, { recursive: true });
  await copyFile(join(next, 'index.js'), join(folder, 'index.js'));
  const parts = (await readFile(join(next, 'edge_bg.wasm'), 'latin1')).split(FORMS);
  if (parts.length !== 2)
    throw new Error(`the module of the next release holds its forms ${parts.length - 1} times, expected once: ${FORMS}`);
  await writeFile(join(folder, 'edge_bg.wasm'), parts.join(forms(writes, serves)), 'latin1');
  return folder;
}

function configuration(data, hub, beside) {
  const path = (folder, name) => JSON.stringify(relative(data, join(folder, name)));
  const settings = SETTINGS.map(name => `(name = "${name}", fromEnvironment = "${name}")`);
  const worker = (folder, namespace, first = []) => `(
    modules = [
      ${first.map(([name, file]) => `(name = "${name}", esModule = embed ${file}),`).join('\n      ')}
      (name = "index.js", esModule = embed ${path(folder, 'index.js')}),
      (name = "edge_bg.wasm", wasm = embed ${path(folder, 'edge_bg.wasm')}),
    ],
    compatibilityDate = "2026-10-01",
    bindings = [ (name = "HUB", durableObjectNamespace = ${namespace}), ${settings.join(', ')} ],`;
  const elsewhere = '(className = "FlagHub", serviceName = "hub")';
  const isolates = ['hub', ...(beside ? ['beside'] : [])];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "front", worker = .front), (name = "store", disk = (writable = true)),
    ${isolates.map(name => `(name = "${name}", worker = .${name})`).join(', ')}
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "front") ],
);
const front :Workerd.Worker = (
  modules = [ (name = "front.js", esModule = embed ${path(OWN, 'front.js')}) ],
  compatibilityDate = "2026-10-01",
  bindings = [ (name = "HUB", durableObjectNamespace = ${elsewhere}), ${isolates.map(name => `(name = "${name}", service = "${name}")`).join(', ')} ],
);
const hub :Workerd.Worker = ${worker(hub, '"FlagHub"', [
    ['hub.js', path(OWN, 'hub.js')],
    ['sql.js', path(SQL, 'sql.js')],
  ])}
    durableObjectNamespaces = [ (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true) ],
    durableObjectStorage = (localDisk = "store"),
);
${beside ? `const beside :Workerd.Worker = ${worker(beside, elsewhere)}\n);\n` : ''}`;
}
