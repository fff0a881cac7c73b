/** The files of this package. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// The bundle lies in `dist/entry`.
const inDist = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The worker's configuration for workerd, which names the worker's files beside it. */
export const CONFIGURATION = inDist('server/workerd.capnp');
/** The same configuration with the worker that is built for Postgres. */
export const POSTGRES_CONFIGURATION = inDist('server/workerd-postgres.capnp');
/** The worker's description and its pages. */
export const ASSETS = inDist('server/dist/assets');
/** The document of the example flags, which a development server begins with. */
export const EXAMPLE_FLAGS = inDist('server/flags.json');
/** The release of this package, which is the release of its worker. */
export const RELEASE = (JSON.parse(readFileSync(inDist('../package.json'), 'utf8')) as { version: string }).version;
