/** One request to the worker, with a bound on its time and on the size of its answer. */

import { TwinflagError } from './error.js';
import { LONGEST_ANSWER } from './limits.js';
import type { ConnectionOptions, Credential } from './options.js';
import { retryAfterMs } from './retry-after.js';
import { setting } from './setting.js';

/** The question. */
export interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is no refusal. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends one request; throws a {@link TwinflagError} for a refusal and for an answer that cannot be read whole. */
export type Exchange = (asked: Asked) => Promise<Reply>;

/**
 * Makes requests with a credential.
 *
 * @param name the variable of the environment that has the credential where none is given
 * @param longest the most bytes of an answer
 */
export function exchangeWith(
  options: ConnectionOptions,
  credential: Credential | undefined,
  name: string,
  longest = LONGEST_ANSWER,
): Exchange {
  const { timeoutMs = 5000 } = options;
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));

  return ({ method = 'GET', path, body, headers }) =>
    within(timeoutMs, async signal => {
      const url = addressOf(options);
      const secret = typeof credential === 'function' ? await credential() : configured(credential, name);
      signal.throwIfAborted();
      const init: RequestInit = {
        method,
        headers: { authorization: `Bearer ${secret}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        // Absent for a question without one.
        body: JSON.stringify(body),
        signal,
      };
      try {
        const response = await fetch(url + path, init),
          text = await textOf(response, longest);
        if (!response.ok && response.status !== 304) throw refusal(response, text);
        return { status: response.status, headers: response.headers, text };
      } catch (cause) {
        if (cause instanceof TwinflagError) throw cause;
        throw new TwinflagError({ code: 'UNREACHABLE', detail: 'the worker could not be asked', cause });
      }
    });
}

/** The worker's address without a slash at its end. */
export function addressOf(options: ConnectionOptions): string {
  return configured(options.url, 'TWINFLAG_URL').replace(/\/+$/, '');
}

/** Ends in time, whatever `run` does with the signal. */
async function within<T>(timeoutMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController(),
    { signal } = controller;
  const late = () => controller.abort(new TwinflagError({ code: 'TIMEOUT', detail: `no answer within ${timeoutMs} ms` }));
  const timer = setTimeout(late, Math.min(timeoutMs, 2 ** 31 - 1));
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as TwinflagError));
      run(signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The body as text. @throws where it is longer than allowed, ends early or is not UTF-8 */
async function textOf(response: Response, longest: number): Promise<string> {
  const tooLong = () =>
    new TwinflagError({ status: response.status, code: 'ANSWER_TOO_LARGE', detail: `expected at most ${longest} bytes` });
  if (Number(response.headers.get('content-length') ?? 0) > longest) throw tooLong();
  if (!response.body) return '';
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '',
    bytes = 0;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > longest) {
      void reader.cancel().catch(() => undefined);
      throw tooLong();
    }
    text += decoder.decode(value, { stream: true });
  }
}

function configured(given: string | undefined, name: string): string {
  const value = given ?? setting(name);
  if (!value) throw new TwinflagError({ code: 'NOT_CONFIGURED', detail: `neither an option nor ${name} of the environment says it` });
  return value;
}

/** Refusals are problems (RFC 9457), or OFREP's own; whatever else answers is no worker of ours. */
function refusal(response: Response, text: string): TwinflagError {
  const said = (parsed(text) ?? {}) as { code?: string; detail?: string; pointer?: string; errorCode?: string; errorDetails?: string };
  return new TwinflagError({
    status: response.status,
    code: said.code ?? said.errorCode ?? 'GENERAL',
    detail: said.detail ?? said.errorDetails ?? notOurs(response.status),
    pointer: said.pointer,
    retryAfterMs: retryAfterMs(response.headers),
  });
}

/** The detail of an answer that no worker gave. */
export const notOurs = (status: number) => `the answer was ${status}, and not a worker's`;

/** The JSON value of a text; absent where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
