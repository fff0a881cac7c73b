/**
 * The peer with the same duties: GrowthBook's SDK in plain JavaScript, which also looks its key up among stored ones, with their origins and
 * their ends, counts requests by the client's address, refuses bodies that are too long or no UTF-8, and sends the bodies, the metadata, the tag
 * of a list and the headers that ours sends.
 *
 * All of it is written for speed: the tag is of 32 bits, and the token of a list's stream, which ours signs, is a constant.
 */
import { GrowthBookClient } from '@growthbook/growthbook';
import rules from 'rules.json';

const client = new GrowthBookClient({}).initSync({ payload: rules });
const keys = Object.keys(rules.features);
const ONE = '/ofrep/v1/evaluate/flags/',
  VERSION = '0a1b2c3d4e5f.2',
  STREAM = `/v1/watch/events?token=1796040000000..${'0'.repeat(32)}.~${'0'.repeat(32)}`,
  A_MINUTE = 100_000,
  MINUTE_MS = 60_000,
  MOST_ADDRESSES = 20_000,
  MOST_BYTES = 256_000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const COMMON = { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };
const PROGRAMS = new Headers({ ...COMMON, 'cache-control': 'no-store' });
const PAGES = new Headers({
  ...COMMON,
  'cache-control': 'private, no-cache',
  'twinflag-version': VERSION,
  vary: 'authorization, twinflag-identity, x-api-key, origin',
});
/** The stored keys by what a caller presents, and the counts of addresses in two windows of a minute. */
const stored = new Map(),
  counts = new Map();

/** Counts a request of an address; false if there were too many in the last minute. */
function passes(address, now) {
  let windows = counts.get(address);
  if (windows === undefined) {
    if (counts.size >= MOST_ADDRESSES) counts.clear();
    counts.set(address, (windows = { since: now, before: 0, present: 0 }));
  }
  const age = now - windows.since;
  if (age >= 2 * MINUTE_MS) Object.assign(windows, { since: now, before: 0, present: 0 });
  else if (age >= MINUTE_MS) Object.assign(windows, { since: windows.since + MINUTE_MS, before: windows.present, present: 0 });
  const left = 1 - (now - windows.since) / MINUTE_MS;
  if (windows.before * left + windows.present >= A_MINUTE) return false;
  windows.present++;
  return true;
}

function tag(text) {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return `"${(hash >>> 0).toString(16)}"`;
}

const refused = (status, why) => new Response(JSON.stringify({ errorCode: 'GENERAL', errorDetails: why }), { status, headers: PAGES });

const answer = (key, context, metadata) => {
  const { value, on, source } = client.evalFeature(key, context);
  return { key, metadata: { layer: source, ...metadata }, reason: source, value, variant: on ? 'on' : 'off' };
};

/** The refusal of a request's key, origin or address; `undefined` if there is none. */
function refusal(headers, env, now) {
  if (stored.size === 0) stored.set(env.CLIENT_KEY, { origins: [], expiresAt: Infinity });
  const authorization = headers.get('authorization') ?? '';
  if (!passes(headers.get('client-address') ?? '', now)) return refused(429, 'too many requests');
  const key = authorization.startsWith('Bearer ') ? stored.get(authorization.slice(7)) : undefined;
  if (key === undefined || key.expiresAt <= now) return refused(401, 'no valid key');
  const origin = headers.get('origin');
  return origin !== null && !key.origins.includes(origin) ? refused(403, 'a foreign origin') : undefined;
}

/** Parses a body; `undefined` unless it is JSON in UTF-8 of at most `MOST_BYTES`. */
async function parsed(request) {
  const bytes = await request.arrayBuffer();
  try {
    return bytes.byteLength <= MOST_BYTES ? JSON.parse(utf8.decode(bytes)) : undefined;
  } catch {
    return undefined;
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/health')
      return new Response(JSON.stringify({ epoch: '0a1b2c3d4e5f', stale: false, status: 'ok', version: 2 }), { headers: PROGRAMS });
    const { headers } = request;
    const refusedAs = refusal(headers, env, Date.now());
    if (refusedAs !== undefined) return refusedAs;
    const asked = await parsed(request);
    if (typeof asked?.context !== 'object' || asked.context === null) return refused(400, 'expected a context');
    const { targetingKey, ...rest } = asked.context;
    const context = { attributes: { id: targetingKey, ...rest } };
    if (pathname.startsWith(ONE)) {
      const key = decodeURIComponent(pathname.slice(ONE.length));
      return new Response(JSON.stringify(answer(key, context, { version: 2 })), { headers: PAGES });
    }
    const flags = keys.map(key => answer(key, context));
    const metadata = { flagConfigEtag: VERSION, version: 2 },
      eventStreams = [{ type: 'sse', endpoint: { requestUri: STREAM } }];
    const body = JSON.stringify({ flags, metadata, eventStreams }),
      etag = tag(body);
    if (headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers: PAGES });
    const response = new Response(body, { headers: PAGES });
    response.headers.set('etag', etag);
    return response;
  },
};
