// An HTTP cache (RFC 9111) in front of a server. The library `http-cache-semantics` decides which answers it may keep and use again.
import { createRequire } from 'node:module';

const CachePolicy = createRequire(new URL('../../../npm/package.json', import.meta.url))('http-cache-semantics');

/**
 * Makes a cache in front of an origin: both take `{ method, url, headers, body }` and answer `{ status, headers, body }`.
 *
 * It keeps answers by method and URL, and chooses among them by `Vary`. It also uses answers to POST again if their headers allow it:
 * caches need not do so, but some do.
 *
 * @param {{ shared: boolean }} options `shared`: true for a cache of many clients, false for the cache of one browser.
 */
export function createCache(origin, { shared }) {
  const stored = new Map();
  const counts = { kept: 0, reused: 0, validated: 0 };

  const ask = async request => {
    const place = `${request.method} ${request.url}`;
    const entries = () => stored.get(place) ?? [];
    const keep = entry => {
      stored.set(place, [entry, ...entries().filter(other => !isFor(other, request))]);
      return entry;
    };
    const fresh = entries().find(({ policy }) => policy.satisfiesWithoutRevalidation(request));
    if (fresh) {
      counts.reused++;
      return handOut(fresh, request);
    }
    const held = entries().find(entry => isFor(entry, request));
    const answer = await origin(held ? { ...request, headers: held.policy.revalidationHeaders(request) } : request);
    if (answer.status === 304) {
      const again = held?.policy.revalidatedPolicy(request, answer);
      // Otherwise the 304 is for an entity tag that the client sent.
      if (!again?.matches) return answer;
      counts.validated++;
      return handOut(keep({ ...held, policy: again.policy }), request);
    }
    const policy = new CachePolicy(request, answer, { shared });
    if (!policy.storable()) return answer;
    counts.kept++;
    return handOut(keep({ policy, answer }), request);
  };
  return { ask, counts };
}

/** Returns true if an entry can answer a request once the origin confirms it: only then its policy sends the entry's tag. */
const isFor = ({ policy, answer }, request) =>
  answer.headers.etag !== undefined && policy.revalidationHeaders(request)['if-none-match'] !== undefined;

function handOut({ policy, answer }, request) {
  const headers = policy.responseHeaders();
  const opaque = tag => tag.trim().replace(/^W\//, '');
  const tags = request.headers['if-none-match']?.split(',').map(opaque) ?? [];
  const isHeld = headers.etag !== undefined && (tags.includes('*') || tags.includes(opaque(headers.etag)));
  return isHeld ? { status: 304, headers, body: Buffer.alloc(0) } : { ...answer, headers };
}
