/** Fetches programs: one request, which ends when its maker aborts it. */
import { retryAfterMs } from './retry-after.js';
import type { EvaluationContext } from './types.js';

const PROGRAM = 'application/vnd.twinflag.program';
/** The highest format of programs that the engine reads: `FORMAT` in `sdk-core/src/program/wire.rs`. */
const FORMAT = 2;

/** What the edge answered. */
export interface Fetched {
  /** Absent where the one that is there is still the right one. */
  readonly program?: Uint8Array;
  readonly etag: string | undefined;
  /** Whether the edge could not find out if there is a newer one. */
  readonly stale: boolean;
  /** The edge's clock, in milliseconds since 1970; 0 where something between kept it back, NaN where it was spoilt. */
  readonly now: number;
  /** The version that was answered from, as the edge spells it; absent where something between kept it back. */
  readonly version: string | undefined;
  /** The identity that the edge fixes, whatever it was told: the one that the key is for, or the one that was proven. */
  readonly visitor: EvaluationContext | undefined;
  /** The attributes to tell the edge, where they are not the usual ones. */
  readonly known: readonly string[] | undefined;
  /** Proves to the server that it evaluated flags for the unit that the client named; null if it named none, or the server knows no receipts. */
  readonly receipt: string | null;
}

/** The edge answered, but with no program. */
export class EdgeRefused extends Error {
  override readonly name = 'EdgeRefused';
  declare readonly status: number;
  /** The pause that the edge asks for, in milliseconds: 1 s to 5 minutes, or 0 if it asks for none. */
  declare readonly retryAfterMs: number;

  constructor(status: number, retryAfterMs: number) {
    super(`the edge answered ${status}`);
    Object.assign(this, { status, retryAfterMs });
  }

  /** Whether the same request will be refused again. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && ![408, 425, 429].includes(this.status);
  }
}

/** What a request needs. */
export interface ProgramRequest {
  /** Without a slash at its end. */
  readonly url: string;
  readonly clientKey: string;
  readonly identityToken: string | (() => string | Promise<string>) | undefined;
  readonly body: string;
  /** Of the program that is there already. */
  readonly etag: string | undefined;
  /** The version to be answered from at least; empty for any. */
  readonly minVersion: string;
  /** The visitor's finest identity, for a receipt; absent for none. */
  readonly unit: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
}

/** Asks for the program, unless it is the one that is there. */
export async function fetchProgram({
  url,
  clientKey,
  identityToken,
  body,
  etag,
  minVersion,
  unit,
  fetch,
  signal,
}: ProgramRequest): Promise<Fetched> {
  const identity = typeof identityToken === 'function' ? await identityToken() : identityToken;
  // The token may come after its request was given up.
  signal.throwIfAborted();
  const response = await fetch(`${url}/v1/program?format=${FORMAT}${minVersion ? `&minVersion=${minVersion}` : ''}`, {
    method: 'POST',
    headers: {
      accept: PROGRAM,
      authorization: `Bearer ${clientKey}`,
      'content-type': 'application/json',
      ...(identity && { 'twinflag-identity': identity }),
      ...(unit && { 'twinflag-unit': encodeURIComponent(unit) }),
      ...(etag && { 'if-none-match': etag }),
    },
    body,
    signal,
  });
  const header = (name: string) => response.headers.get(`twinflag-${name}`);
  const told = {
    ...(JSON.parse(decodeURIComponent(header('identity') ?? '') || '{}') as Pick<Fetched, 'known' | 'visitor'>),
    stale: header('stale') !== null,
    now: Number(header('now')),
    version: header('version') ?? undefined,
    receipt: header('receipt'),
  };
  if (etag && response.status === 304) return { ...told, etag };
  if (!response.ok) throw new EdgeRefused(response.status, retryAfterMs(response.headers));
  return { program: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get('etag') ?? undefined, ...told };
}
