/**
 * An edge function: the profile page of the caller, by a flag that the edge evaluates with the caller's own token.
 *
 * Responds with 200 `{ userId, profile }`; with 401 or 403 to a token that the edge refuses, with 429 and `Retry-After` over the edge's rate
 * limit (30 requests a minute of one user), and with 503 while the edge is away, because nobody else verifies the token. Each response with data
 * is reported to `/v1/outcomes` as the event `data_requested`.
 */
import { checkFeatureFlag, type TwinflagError } from '@twinflag/edge';

/** The flag that chooses the profile page. */
const FLAG = 'profile_ui_revamp';
/** The name of the usage event. */
const EVENT = 'data_requested';
const LONGEST_TOKEN = 8_192;
/** The longest name of a user, and the longest text in an event's metadata, in UTF-16 code units. */
const LONGEST_TEXT = 200;
/** The longest that the edge may take to evaluate the flag, in milliseconds, where no binding says it. */
const FLAG_PATIENCE_MS = 3_000;
/** The longest that a report may take, in milliseconds; the caller has their response by then. */
const REPORT_PATIENCE_MS = 20_000;

const PROFILES = {
  enhanced: { page: 'EnhancedProfilePage', badge: 'Enhanced', tabs: ['Overview', 'Settings', 'Advanced'] },
  legacy: { page: 'LegacyProfilePage', tabs: ['Overview', 'Settings'] },
} as const;

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type, x-client-info',
  'access-control-expose-headers': 'retry-after',
  'access-control-max-age': '86400',
};

/** The bindings of the function. */
export interface Env {
  /** The address of the edge, without a path. */
  readonly TWINFLAG_URL: string;
  /** A server key, which only reports events: flags are evaluated with the caller's token. */
  readonly TWINFLAG_SERVER_KEY: string;
  /** The longest that the edge may take to evaluate the flag, in milliseconds, 3000 by default; after it the function responds with 503. */
  readonly FLAG_PATIENCE_MS?: string | null;
}

interface Lifetime {
  waitUntil(promise: Promise<unknown>): void;
}

export default {
  async fetch(request: Request, env: Env, lifetime: Lifetime): Promise<Response> {
    if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: CORS });
    if (request.method !== 'GET' && request.method !== 'POST') {
      return problem(405, 'METHOD_NOT_ALLOWED', 'expected GET or POST', { allow: 'GET, POST, OPTIONS' });
    }
    const token = tokenOf(request);
    const userId = token && subjectOf(token);
    if (!token || !userId) {
      return problem(401, 'UNAUTHORIZED', "expected a user's token: Authorization: Bearer …", { 'www-authenticate': 'Bearer' });
    }

    let error: TwinflagError | undefined;
    const isEnhanced = await checkFeatureFlag(userId, FLAG, {
      url: env.TWINFLAG_URL,
      key: token,
      timeoutMs: Number(env.FLAG_PATIENCE_MS) || FLAG_PATIENCE_MS,
      onError: told => {
        error = told;
      },
    });
    if (error && !isAboutFlag(error)) return refusal(error);

    const profile = isEnhanced ? 'enhanced' : 'legacy';
    lifetime.waitUntil(report(request, env, userId, profile));
    return Response.json({ userId, profile: PROFILES[profile] }, { headers: { ...CORS, 'cache-control': 'no-store' } });
  },
};

function tokenOf(request: Request): string | undefined {
  const header = request.headers.get('authorization') ?? '';
  return header.length <= LONGEST_TOKEN ? /^bearer (\S+)$/i.exec(header)?.[1] : undefined;
}

/** The `sub` of a token that nobody has verified yet: the edge refuses the token if it evaluates for another user. */
function subjectOf(token: string): string | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), character => character.charCodeAt(0));
    const { sub }: { sub?: unknown } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === 'string' && sub.length <= LONGEST_TEXT ? sub : undefined;
  } catch {
    return undefined;
  }
}

/** True if the edge has verified the token, and only the flag has no boolean value. */
const isAboutFlag = ({ code }: TwinflagError) => code === 'FLAG_NOT_FOUND' || code === 'TYPE_MISMATCH';

function refusal({ status, code, detail, retryAfterMs = 1_000 }: TwinflagError): Response {
  const retryAfter = { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) };
  if (status === 401) return problem(401, code, detail, { 'www-authenticate': 'Bearer' });
  if (status === 403) return problem(403, code, detail);
  if (status === 429) return problem(429, 'RATE_LIMITED', detail, retryAfter);
  console.error(`get-personalization-data: ${code}: ${detail}`);
  return problem(503, 'UNAVAILABLE', 'flags cannot be evaluated now', retryAfter);
}

/** Reports the event; a report that fails costs the caller nothing. */
async function report(request: Request, env: Env, userId: string, profile: string): Promise<void> {
  const metadata = {
    profile,
    path: new URL(request.url).pathname.slice(0, LONGEST_TEXT),
    client: (request.headers.get('x-client-info') ?? '').slice(0, LONGEST_TEXT),
  };
  const outcome = { id: crypto.randomUUID(), flag: FLAG, unit: userId, event: EVENT, metadata };
  try {
    const response = await fetch(`${env.TWINFLAG_URL}/v1/outcomes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.TWINFLAG_SERVER_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ outcomes: [outcome] }),
      signal: AbortSignal.timeout(REPORT_PATIENCE_MS),
    });
    const said = await response.text();
    if (!response.ok || !said.includes('"refused":[]')) console.error(`get-personalization-data: the event was refused: ${said}`);
  } catch (cause) {
    console.error(`get-personalization-data: the event was not reported: ${cause}`);
  }
}

/** A refusal as RFC 9457 writes it. */
function problem(status: number, code: string, detail: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ status, code, detail });
  return new Response(body, {
    status,
    headers: { ...CORS, ...headers, 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  });
}
