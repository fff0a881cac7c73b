import { type FlagWrite, type Written, writeOf } from './change.js';
import type { Ask } from './connection.js';
import { askRepeatedly } from './repeat.js';

/** Sends a command under a key of its own: sent again because no answer came, it is still carried out once. */
export async function write(ask: Ask, path: string, body: unknown): Promise<FlagWrite> {
  const headers = { 'idempotency-key': crypto.randomUUID() };
  return writeOf(await askRepeatedly<Written>(ask, { method: 'POST', path, body, headers }));
}
