/** Requests to a server's admin routes. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { closestMatch } from 'leven';

import { EXIT, Failure, messageOf } from './failure.js';
import { printNote } from './output.js';
import { type Problem, Refused } from './refused.js';
import type { ListedFeature } from './wire.js';

/** The time that one request may take. */
const PATIENCE_MS = 30_000;
/** The most attempts at a request whose answer is lost, or that the server cannot carry out now. */
const ATTEMPTS = 3;
/** The longest time to wait for a server that cannot carry the request out now. */
const LONGEST_PAUSE_MS = 5_000;
/** A key may differ in one letter for every three of its letters. */
const LETTERS_PER_TYPO = 3;
/** The time that a hint may take. */
const HINT_MS = 1_000;
/** The longest time to wait for a server that limits requests: its limits count those of a minute. */
const LONGEST_LIMIT_MS = 60_000;

/** An answer of the server. */
export interface Answer<T> {
  readonly body: T;
  /** The body as it was sent. */
  readonly text: string;
  /** The tag of the version that the answer shows, if it has one. */
  readonly etag: string | undefined;
}

/** Parameters of a request. One that is `undefined` is left out, and one with several values is repeated. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A request. */
export interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  /** The body: JSON as text, or a value. */
  readonly body?: unknown;
  /** The tag that the server's version must have. */
  readonly ifMatch?: string | undefined;
  /** Lines of JSON as the body, in place of {@link body}. */
  readonly lines?: Uint8Array<ArrayBuffer>;
  /** The time that the request may take; half a minute by default. */
  readonly patienceMs?: number;
}

/** A server and the credential for it. */
export class Api {
  /** @param environment the environment that every request is for; `undefined` for the first one */
  constructor(
    readonly url: string,
    readonly token: string,
    readonly environment: string | undefined,
  ) {}

  /**
   * Sends a request, and again under the same idempotency key if its answer is lost or the server asks to wait. Throws {@link Refused} if
   * the server refuses it.
   */
  async ask<T>(asked: Asked): Promise<Answer<T>> {
    const [url, init] = this.#request(asked);
    for (let attempt = 1; ; attempt++) {
      const response = await send(url, init, asked.patienceMs);
      const pauseMs = attempt < ATTEMPTS ? pauseOf(response) : undefined;
      const text = await response.text();
      if (pauseMs !== undefined) await pause(pauseMs);
      else return this.#read<T>(response, text);
    }
  }

  async #read<T>(response: Response, text: string): Promise<Answer<T>> {
    try {
      return read<T>(response, text);
    } catch (error) {
      throw error instanceof Refused ? await this.#suggesting(error) : error;
    }
  }

  /** Returns the keys of all flags, by a single request that may take so long. */
  async flagKeys(patienceMs: number): Promise<readonly string[]> {
    const response = await send(...this.#request({ path: '/api/admin/feature-flags' }), patienceMs, 1);
    const { body } = read<{ features: readonly ListedFeature[] }>(response, await response.text());
    return body.features.map(({ flagPath }) => flagPath);
  }

  /** Adds to the refusal of an unknown flag a hint with the most similar key; returns other refusals as they are. */
  async #suggesting(refused: Refused): Promise<Refused> {
    const [, wanted] = /^no flag has the key or alias "(.+)"$/.exec(refused.refusal.detail) ?? [];
    if (refused.refusal.code !== 'FLAG_NOT_FOUND' || wanted === undefined) return refused;
    // An operator may lack the right to list flags.
    const keys = await this.flagKeys(HINT_MS).catch(() => []);
    const near = closestMatch(wanted, keys, { maxDistance: Math.ceil(wanted.length / LETTERS_PER_TYPO) });
    return near === undefined ? refused : new Refused({ ...refused.refusal, hint: `did you mean ${near}? ${refused.hint}` });
  }

  /** Sends a request whose answer is read as it comes. Throws {@link Refused} if the server refuses it. */
  async open(asked: Asked): Promise<Response> {
    const response = await send(...this.#request(asked), asked.patienceMs);
    if (!response.ok) read(response, await response.text());
    return response;
  }

  /** Sends a request whose body is a stream, which is sent once. Throws {@link Refused} if the server refuses it. */
  async upload<T>(asked: Asked, body: ReadableStream<Uint8Array>): Promise<Answer<T>> {
    const [url, init] = this.#request({ ...asked, lines: new Uint8Array() });
    const response = await send(url, { ...init, body, duplex: 'half' } as RequestInit, asked.patienceMs, 1);
    return read<T>(response, await response.text());
  }

  #request({ method = 'GET', path, query = {}, body, ifMatch, lines }: Asked): [url: URL, init: RequestInit] {
    const url = new URL(`${this.url.replace(/\/+$/, '')}${path}`);
    for (const [name, value] of Object.entries({ ...query, environment: this.environment })) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined) url.searchParams.append(name, String(each));
      }
    }
    const type = lines ? 'application/x-ndjson' : method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
    const init: RequestInit = {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': type,
        ...(method !== 'GET' && { 'idempotency-key': randomUUID() }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
      ...(lines ? { body: lines } : body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
    return [url, init];
  }
}

async function send(url: URL, init: RequestInit, patienceMs = PATIENCE_MS, attempts = ATTEMPTS): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(patienceMs) });
    } catch (error) {
      const { cause } = error as { cause?: NodeJS.ErrnoException };
      // A request that did not reach a server needs no other attempt.
      if (cause?.code === 'ECONNREFUSED' || attempt === attempts) {
        throw new Failure(
          `no server answers at ${url.origin}: ${cause?.code ?? messageOf(cause ?? error)}`,
          EXIT.unavailable,
          'start one with `twinflag dev` or `twinflag serve`, or name another with --url or TWINFLAG_URL',
        );
      }
    }
  }
}

/** Returns the pause that the server asks for, and tells a long one; `undefined` if it asks for none, or for too long a one. */
function pauseOf({ status, headers }: Response): number | undefined {
  const seconds = headers.get('retry-after');
  const pauseMs = Number(seconds) * 1000;
  const isLimited = status === 429;
  const longestMs = isLimited ? LONGEST_LIMIT_MS : status === 503 ? LONGEST_PAUSE_MS : -1;
  if (seconds === null || !(pauseMs >= 0 && pauseMs <= longestMs)) return undefined;
  if (isLimited) printNote(`the server takes no more requests for now: waiting ${seconds} s`);
  return pauseMs;
}

function read<T>(response: Response, text: string): Answer<T> {
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new Failure(`${response.url} is answered ${response.status}, and not by a Twinflag server`);
  }
  if (response.ok) return { body: body as T, text, etag: response.headers.get('etag') ?? undefined };
  const problem = body as Partial<Problem> | undefined;
  throw new Refused({ code: 'GENERAL', detail: 'the server refused the request', ...problem, status: response.status });
}
