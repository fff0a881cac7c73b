/** What the worker refused, or why it did not answer. */
export class TwinflagError extends Error {
  override readonly name = 'TwinflagError';
  /** Of the answer; 0 where there was none. */
  declare readonly status: number;
  /** The worker's own code, or `UNREACHABLE`, `TIMEOUT`, `NOT_CONFIGURED`. */
  declare readonly code: string;
  declare readonly detail: string;
  /** The place in what was sent: a JSON pointer. */
  declare readonly pointer: string | undefined;
  /** The time for which the worker asks to be left alone, in milliseconds. */
  declare readonly retryAfterMs: number | undefined;

  constructor({ cause, ...fault }: TwinflagFault) {
    super(`${fault.code}: ${fault.detail}`, { cause });
    Object.assign(this, { status: 0, ...fault });
  }

  /** Whether the same request may be answered another time. */
  get isPassing(): boolean {
    return this.status === 0 ? this.code !== 'NOT_CONFIGURED' : [408, 425, 429, 500, 502, 503, 504].includes(this.status);
  }
}

/** What is said of an error. */
export interface TwinflagFault {
  readonly status?: number;
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** Whatever was thrown, as one of ours. */
export function asTwinflagError(thrown: unknown): TwinflagError {
  return thrown instanceof TwinflagError ? thrown : new TwinflagError({ code: 'GENERAL', detail: String(thrown), cause: thrown });
}
