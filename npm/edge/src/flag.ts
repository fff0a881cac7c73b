import type { Ask } from './connection.js';
import { TwinflagError } from './error.js';

/** What OFREP answers about one flag. */
interface Answer {
  readonly value?: unknown;
}

/** What a boolean flag is for a context; `undefined` where the caller's default counts. */
export async function askFlag(ask: Ask, flagName: string, context: Readonly<Record<string, unknown>>): Promise<boolean | undefined> {
  const { value } = await ask<Answer>({
    method: 'POST',
    path: `/ofrep/v1/evaluate/flags/${encodeURIComponent(flagName)}`,
    body: { context },
  });
  if (value === undefined || typeof value === 'boolean') return value;
  throw new TwinflagError({ status: 200, code: 'TYPE_MISMATCH', detail: `${flagName} is no boolean flag` });
}
