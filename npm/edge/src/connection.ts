/** Requests to the worker: each ends in time, and what goes wrong is an error with a code. */
import { asTwinflagError, TwinflagError } from './error.js';
import { setting } from './setting.js';

/** How to reach the worker. */
export interface ConnectionOptions {
  /** The worker's address, without a path. @default TWINFLAG_URL of the environment */
  readonly url?: string | undefined;
  /** How requests are made. @default the runtime's `fetch` */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How long one request may take, in milliseconds. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether flags are asked for at all; switched off, they are their defaults. @default unless FEATURE_FLAGS_ENABLED, or else
   * NEXT_PUBLIC_FEATURE_FLAGS_ENABLED, of the environment is `false`
   */
  readonly enabled?: boolean | undefined;
  /** Told of what is answered without the worker, and why. @default `console.error` */
  readonly onError?: ((error: TwinflagError) => void) | undefined;
}

/** A key or a token, or who knows it. */
export type Credential = string | (() => string | Promise<string>);

/** What is asked. */
export interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often it is sent, as long as it is not answered. @default 1 */
  readonly attempts?: number;
}

/** Asks the worker as somebody; the answer's body, or a {@link TwinflagError}. */
export type Ask = <T>(asked: Asked) => Promise<T>;

/** How often a write is sent; its idempotency key, or the id of what it tells, sees to it that it is done once. */
export const WRITE_ATTEMPTS = 3;

const FIRST_PAUSE_MS = 100;
/** Who asks to be left alone for longer is not asked again here. */
const LONGEST_PAUSE_MS = 5000;

/** @param name what the credential is, and the variable that has it where none is given */
export function connect(options: ConnectionOptions, credential: Credential | undefined, name: string): Ask {
  const { timeoutMs = 5000 } = options;
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));

  const once = async <T>({ method = 'GET', path, body, headers }: Asked): Promise<T> => {
    const url = configured(options.url, 'TWINFLAG_URL').replace(/\/+$/, '');
    const secret = typeof credential === 'function' ? await credential() : configured(credential, name);
    const init: RequestInit = {
      method,
      headers: { authorization: `Bearer ${secret}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    };
    if (body !== undefined) init.body = JSON.stringify(body);
    let response: Response, text: string;
    try {
      response = await fetch(url + path, init);
      text = await response.text();
    } catch (cause) {
      const isLate = cause instanceof Error && cause.name === 'TimeoutError';
      const [code, detail] = isLate ? ['TIMEOUT', `no answer within ${timeoutMs} ms`] : ['UNREACHABLE', 'the worker could not be asked'];
      throw new TwinflagError({ code, detail, cause });
    }
    const answer = read(text);
    if (!response.ok || answer === undefined) throw refusal(response, answer);
    return answer as T;
  };

  return async asked => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(asked);
      } catch (thrown) {
        const error = asTwinflagError(thrown);
        const pauseMs = pauseAfter(error, attempt);
        if (pauseMs === undefined || attempt >= (asked.attempts ?? 1)) throw error;
        await new Promise(resolve => setTimeout(resolve, pauseMs));
      }
    }
  };
}

function configured(given: string | undefined, name: string): string {
  const value = given ?? setting(name);
  if (!value) throw new TwinflagError({ code: 'NOT_CONFIGURED', detail: `neither an option nor ${name} of the environment says it` });
  return value;
}

/** How long to wait before asking again; `undefined` where that would lead nowhere. */
function pauseAfter(error: TwinflagError, attempt: number): number | undefined {
  if (!error.isPassing) return undefined;
  const longest = FIRST_PAUSE_MS * 2 ** (attempt - 1);
  const pauseMs = (error.retryAfterMs ?? 0) + Math.random() * longest;
  return pauseMs > LONGEST_PAUSE_MS ? undefined : pauseMs;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Refusals are problems (RFC 9457), or OFREP's own; whatever else answers is no worker of ours. */
function refusal(response: Response, answer: unknown): TwinflagError {
  const said = (answer ?? {}) as { code?: string; detail?: string; pointer?: string; errorCode?: string; errorDetails?: string };
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return new TwinflagError({
    status: response.status,
    code: said.code ?? said.errorCode ?? 'GENERAL',
    detail: said.detail ?? said.errorDetails ?? `the answer was ${response.status}, and not a worker's`,
    pointer: said.pointer,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
  });
}

/** Says what went wrong where nobody else listens. */
export function complain(error: TwinflagError): void {
  console.error(`twinflag: ${error.message}`);
}
