/** The admin API, typed by the server's own description of it. */
import createClient from 'openapi-fetch';

import type { Paths } from './model.js';
import { Refusal } from './refusal.js';

/** The longest that a request may take, in milliseconds: a hub that is away answers 503 sooner. */
const PATIENCE_MS = 20_000;

export type Api = ReturnType<typeof createApi>;

/** Requests with one token. It is kept in this closure alone, never in storage. */
export function createApi(token: string) {
  return createClient<Paths>({
    baseUrl: location.origin,
    fetch: request => {
      const headers = new Headers(request.headers);
      headers.set('authorization', `Bearer ${token}`);
      if (request.method !== 'GET') {
        // A DELETE has no body, and the server takes only JSON from pages.
        if (!headers.has('content-type')) headers.set('content-type', 'application/json');
        headers.set('idempotency-key', crypto.randomUUID());
      }
      // A stream ends when its reader lets go of it.
      const isStream = headers.get('accept') === 'text/event-stream';
      const signal = isStream ? request.signal : AbortSignal.timeout(PATIENCE_MS);
      return fetch(new Request(request, { headers, signal, credentials: 'omit', cache: 'no-store' }));
    },
  });
}

/** The body of an answer. Throws {@link Refusal} where there is none. */
export async function take<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const answer = await asked.catch(() => {
    throw Refusal.unreachable();
  });
  if (!answer.response.ok) throw Refusal.of(answer.response, answer.error);
  return answer.data as T;
}
