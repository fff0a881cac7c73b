/** The reasons for which a request had no answer that can be used. */
import type { Problem } from './model.js';

/** `unreachable`: no answer came. `signedOut`: the token opens nothing. `forbidden`: it does not open this. `refused`: anything else. */
export type RefusalKind = 'unreachable' | 'signedOut' | 'forbidden' | 'conflict' | 'unavailable' | 'refused';

/** A refused request; `problem` is the server's own explanation, absent if no answer came. */
export class Refusal extends Error {
  constructor(
    readonly kind: RefusalKind,
    message: string,
    readonly problem?: Problem,
    /** The seconds after which the server wants to be asked again. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }

  static unreachable(): Refusal {
    const isOffline = typeof navigator !== 'undefined' && !navigator.onLine;
    return new Refusal('unreachable', isOffline ? 'This device is offline.' : 'The server cannot be reached.');
  }

  static of(response: Response, body: unknown): Refusal {
    const problem = isProblem(body) ? body : undefined;
    const retryAfter = Number(response.headers.get('retry-after')) || undefined;
    const message = problem?.detail ?? `The server answered ${response.status}.`;
    return new Refusal(kindOf(response.status), message, problem, retryAfter);
  }
}

function kindOf(status: number): RefusalKind {
  if (status === 401) return 'signedOut';
  if (status === 403) return 'forbidden';
  if (status === 412) return 'conflict';
  if (status === 503 || status === 502 || status === 504) return 'unavailable';
  return 'refused';
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}
