/**
 * For Node, Bun and Deno: the build that compiles documents is part of the script, so that a bundled server needs no file beside it.
 *
 * ```ts
 * const flags = createServerClient({ url: 'https://flags.example.com', serverKey: 'tf_server_…' });
 * if (await flags.isEnabled('new_checkout', { userId: 'ada' })) …
 * ```
 */
import { inflateSync } from 'node:zlib';
import { type Full, loadFull } from '@twinflag/client/full';

import packed from '../../dist/packed/full.deflate';
import type { ServerOptions } from '../options.js';
import { openServerClient, type ServerClient } from '../server-client.js';

export * from './index.js';

let full: Full | undefined;

/** What is to be sent before the process ends. */
const ending = new Set<() => Promise<void>>();
const flushAll = () => {
  for (const flush of ending) void flush();
};

/** The flags of this process, which asks the flag server at once. */
export function createServerClient(options: ServerOptions = {}): ServerClient {
  return openServerClient(
    {
      full: () => (full ??= loadFull(inflateSync(Buffer.from(packed, 'base64')))),
      shares: true,
      atExit(flush) {
        if (ending.size === 0) process.on('beforeExit', flushAll);
        ending.add(flush);
        return () => {
          ending.delete(flush);
          if (ending.size === 0) process.off('beforeExit', flushAll);
        };
      },
    },
    options,
  );
}
