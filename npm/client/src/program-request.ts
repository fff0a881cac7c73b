/** Fetches programs: one request, which ends in time. */
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
  /** The version that was answered from, as the edge spells it; absent where something between kept it back. */
  readonly version: string | undefined;
  /** What the edge takes the visitor for, whatever it was told: the customer's organization; whom the key is for, or who was proven. */
  readonly visitor: EvaluationContext | undefined;
  /** The attributes to tell the edge, where they are not the usual ones. */
  readonly known: readonly string[] | undefined;
}

/** The edge answered, but with no program. */
export class EdgeRefused extends Error {
  override readonly name = 'EdgeRefused';
  constructor(
    readonly status: number,
    /** How long the edge asks to be left alone. */
    readonly retryAfterMs: number,
  ) {
    super(`the edge answered ${status}`);
  }

  /** Whether the same request will be refused again. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && ![408, 425, 429].includes(this.status);
  }
}

/** What a request needs. */
export interface ProgramRequest {
  readonly url: string;
  readonly clientKey: string;
  readonly identityToken: string | (() => string | Promise<string>) | undefined;
  readonly body: string;
  /** Of the program that is there already. */
  readonly etag: string | undefined;
  /** The version to be answered from at least; empty for any. */
  readonly minVersion: string;
  readonly fetch: typeof globalThis.fetch;
  readonly timeout: number;
  /** Ends the request, by whoever made it or by the clock. */
  readonly abort: AbortController;
}

/** Asks for the program, unless it is the one that is there. */
export async function fetchProgram({ url, clientKey, identityToken, body, etag, minVersion, fetch, timeout, abort }: ProgramRequest): Promise<Fetched> {
  const clock = setTimeout(() => abort.abort(new Error(`no answer within ${timeout} ms`)), timeout);
  try {
    const identity = typeof identityToken === 'function' ? await inTime(identityToken, abort.signal) : identityToken;
    const response = await fetch(`${url.replace(/\/+$/, '')}/v1/program?format=${FORMAT}${minVersion ? `&minVersion=${minVersion}` : ''}`, {
      method: 'POST',
      headers: { accept: PROGRAM, authorization: `Bearer ${clientKey}`, 'content-type': 'application/json', ...(identity && { 'twinflag-identity': identity }), ...(etag && { 'if-none-match': etag }) },
      body,
      signal: abort.signal,
    });
    const stale = response.headers.has('twinflag-stale'), version = response.headers.get('twinflag-version') ?? undefined;
    const said = (name: string) => decodeURIComponent(response.headers.get(`twinflag-${name}`) ?? '');
    const { known, visitor } = JSON.parse(said('identity') || '{}') as Partial<Fetched>, organizationId = said('organization');
    const told = { stale, version, known, visitor: organizationId ? { ...visitor, organizationId } : visitor };
    if (etag && response.status === 304) return { ...told, etag };
    if (!response.ok) throw new EdgeRefused(response.status, 1000 * (Number(response.headers.get('retry-after')) || 0));
    return { program: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get('etag') ?? undefined, ...told };
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(clock);
  }
}

/** Who signs may not answer. */
function inTime<T>(ask: () => T | Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  return Promise.race([ask(), over]);
}
