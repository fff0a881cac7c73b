/** The admin API, typed by the server's own description of it. */
import createClient from 'openapi-fetch';

import type { AdminClient } from '../embed/props.js';
import type { Paths } from './model.js';
import { Refusal } from './refusal.js';

/** The longest that a request may take, in milliseconds: a hub that is away answers 503 sooner. */
const PATIENCE_MS = 20_000;

export type Api = ReturnType<typeof createApi>;

/** Requests with one token to the page's own origin. The token is kept in this closure alone, never in storage. */
export function withToken(token: string): AdminClient {
  return (path, init) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(path, { ...init, headers, credentials: 'omit', cache: 'no-store' });
  };
}

export function createApi(send: AdminClient) {
  return createClient<Paths>({
    // Only the path is sent on; a URL needs an origin to be one.
    baseUrl: location.origin,
    fetch: async request => {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      if (request.method !== 'GET') {
        // A DELETE has no body, and the server takes only JSON from pages.
        if (!headers.has('content-type')) headers.set('content-type', 'application/json');
        headers.set('idempotency-key', crypto.randomUUID());
      }
      // A stream ends when its reader lets go of it.
      const isStream = headers.get('accept') === 'text/event-stream';
      const signal = isStream ? request.signal : AbortSignal.timeout(PATIENCE_MS);
      const body = await request.text();
      return send(pathname + search, { method: request.method, headers, signal, ...(body !== '' && { body }) });
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
