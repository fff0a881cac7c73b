/**
 * For workerd, which compiles no WASM at run time: the module is imported. No timer runs between requests, so a check refreshes behind its
 * answer when that is due; give `waitUntil` for that.
 */
import { type Full, loadFull } from '@twinflag/client/full';
import type { ServerOptions } from '../options.js';
import module from '../packed/full.wasm';
import { openServerClient, type ServerClient } from '../server-client.js';

export * from './index.js';

let full: Full | undefined;

/** The flags of this isolate. */
export function createServerClient(options: ServerOptions = {}): ServerClient {
  return openServerClient({ full: () => (full ??= loadFull(module)), shares: false, atExit: () => () => undefined }, options);
}
