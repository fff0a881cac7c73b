/** Requests to a server's admin routes. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { EXIT, Failure, messageOf } from './failure.js';
import { printable } from './output.js';
import type { Consequence } from './wire.js';

/** The time that one request may take. */
const PATIENCE_MS = 30_000;
/** The most attempts at a request whose answer is lost, or that the server cannot carry out now. */
const ATTEMPTS = 3;
/** The longest time that the server may ask to wait before the request is sent again. */
const LONGEST_PAUSE_MS = 5_000;

/** A refusal (RFC 9457). */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly status: number;
  /** The place of the fault in the body, as a JSON pointer. */
  readonly pointer?: string;
  readonly hint?: string;
  /** The definitions that serve and would go, if the server refuses a change because of them. */
  readonly consequences?: readonly Consequence[];
}

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
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  /** The body: JSON as text, or a value. */
  readonly body?: unknown;
  /** The tag that the server's version must have. */
  readonly ifMatch?: string | undefined;
}

/** A refusal by the server. */
export class Refused extends Failure {
  constructor(readonly problem: Problem) {
    const { code, detail, pointer, status, hint = HINTS[code], consequences = [] } = problem;
    const place = pointer === undefined ? [] : [`at: ${pointer === '' ? 'the whole document' : pointer}`];
    super(
      [detail, ...place, `code: ${code} (${status})`, ...consequences.map(consequenceLine)].map(printable).join('\n'),
      EXIT.failed,
      hint,
    );
  }
}

/** Hints for refusals that have none of their own. */
const HINTS: Readonly<Record<string, string>> = {
  UNAUTHORIZED: 'make a token with `twinflag token`, and pass it with --token or TWINFLAG_TOKEN',
  FORBIDDEN: 'use a token with another role: `twinflag token --sub YOU --role admin`',
  FLAG_NOT_FOUND: '`twinflag list` shows all flags',
  VERSION_MISMATCH: 'somebody changed the document meanwhile: compare again with `twinflag diff`',
  TOO_EARLY: 'wait, or force the step with --force and a --reason',
  LOCKED: 'a locked flag needs a token with the role admin, and a --reason',
  UNSAFE_CHANGE: 'name what may go: --remove NAME; --partial keeps the last good definition of what has an error',
  OTHER_ENVIRONMENT: 'name the environment with --environment, or give it another name with --new-environment',
  OTHER_BUCKET_KEY: 'every rollout would draw others; if that is meant, name the key with --new-bucket-key',
  GATE_CLOSED: 'force the step with --force and a --reason',
};

/** Returns a line that tells what goes, and who uses it. */
export function consequenceLine({ pointer, message, overrides, usedBy }: Consequence): string {
  const users = usedBy.length > 0 ? `, used by ${usedBy.join(', ')}` : '';
  return `${'goes'.padEnd(8)} ${pointer}: ${message}${overrides > 0 ? `, with ${overridesOf(overrides)}` : ''}${users}`;
}

/** Returns a number of overrides in words. */
export function overridesOf(count: number): string {
  return count === 0 ? 'no override' : count === 1 ? 'an override' : `${count} overrides`;
}

/** A server and the credential for it. */
export class Api {
  /** @param environment the environment that every request is for; `undefined` for the first one */
  constructor(
    readonly url: string,
    readonly token: string,
    readonly environment: string | undefined,
  ) {}

  /** Sends a request, and again under the same idempotency key if its answer is lost. Throws {@link Refused} if the server refuses it. */
  async ask<T>({ method = 'GET', path, query = {}, body, ifMatch }: Asked): Promise<Answer<T>> {
    const url = new URL(`${this.url.replace(/\/+$/, '')}${path}`);
    for (const [name, value] of Object.entries({ ...query, environment: this.environment })) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined) url.searchParams.append(name, String(each));
      }
    }
    const init: RequestInit = {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': 'application/json',
        ...(method !== 'GET' && { 'idempotency-key': randomUUID() }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
    for (let attempt = 1; ; attempt++) {
      const response = await send(url, init);
      const pauseMs = attempt < ATTEMPTS && response.status === 503 ? pauseOf(response) : undefined;
      const text = await response.text();
      if (pauseMs !== undefined) await pause(pauseMs);
      else return read<T>(response, text);
    }
  }
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch (error) {
      const { cause } = error as { cause?: NodeJS.ErrnoException };
      // A request that did not reach a server needs no other attempt.
      if (cause?.code === 'ECONNREFUSED' || attempt === ATTEMPTS) {
        throw new Failure(
          `no server answers at ${url.origin}: ${cause?.code ?? messageOf(cause ?? error)}`,
          EXIT.unavailable,
          'start one with `twinflag dev` or `twinflag serve`, or name another with --url or TWINFLAG_URL',
        );
      }
    }
  }
}

/** The pause that the server asks for; `undefined` if it asks for none, or for too long a one. */
function pauseOf(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after');
  const pauseMs = Number(seconds) * 1000;
  return seconds !== null && pauseMs >= 0 && pauseMs <= LONGEST_PAUSE_MS ? pauseMs : undefined;
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
