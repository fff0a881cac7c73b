/** The request for a program, and its answer. */
import { FORMAT } from './limits.js';
import { retryAfterMs } from './retry-after.js';
import type { EvaluationContext } from './types.js';

const PROGRAM = 'application/vnd.twinflag.program';

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

/** The path of a request. @param minVersion the version to be answered from at least; empty for any */
export const pathOf = (minVersion: string) => `/v1/program?format=${FORMAT}${minVersion && `&minVersion=${minVersion}`}`;

/**
 * The headers of a request.
 *
 * @param token the signed identity; absent or empty for none
 * @param unit the visitor's finest identity, for a receipt; absent for none
 * @param etag that of the program that is there already; absent for none
 */
export const headersOf = (clientKey: string, token: string | undefined, unit: string | undefined, etag: string | undefined) => ({
  accept: PROGRAM,
  authorization: `Bearer ${clientKey}`,
  'content-type': 'application/json',
  ...(token && { 'twinflag-identity': token }),
  ...(unit && { 'twinflag-unit': encodeURIComponent(unit) }),
  ...(etag && { 'if-none-match': etag }),
});

/** Reads an answer, which has no program if that of the request's tag is still the right one. @throws {EdgeRefused} */
export async function readProgram(response: Response, etag: string | undefined): Promise<Fetched> {
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
