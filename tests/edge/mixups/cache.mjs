// An HTTP cache (RFC 9111) between askers and a server. What may be kept and used again is decided by a library that others wrote.
import { createRequire } from 'node:module';

const CachePolicy = createRequire(new URL('../../../npm/package.json', import.meta.url))('http-cache-semantics');

/**
 * Puts a cache before an origin: both take `{ method, url, headers, body }` and answer `{ status, headers, body }`.
 *
 * Answers are kept by method and address, and told apart by `Vary`. Those to POST are used again too, where their headers allow it:
 * no cache has to, but there are some that do.
 *
 * @param {{ shared: boolean }} options whether it is one for everybody, or a browser's own.
 */
export function createCache(origin, { shared }) {
  const stored = new Map();
  const counts = { kept: 0, reused: 0, validated: 0 };

  const ask = async (request) => {
    const place = `${request.method} ${request.url}`;
    const entries = () => stored.get(place) ?? [];
    const keep = (entry) => {
      stored.set(place, [entry, ...entries().filter((other) => !isFor(other, request))]);
      return entry;
    };
    const fresh = entries().find(({ policy }) => policy.satisfiesWithoutRevalidation(request));
    if (fresh) {
      counts.reused++;
      return handOut(fresh, request);
    }
    const held = entries().find((entry) => isFor(entry, request));
    const answer = await origin(held ? { ...request, headers: held.policy.revalidationHeaders(request) } : request);
    if (answer.status === 304) {
      const again = held?.policy.revalidatedPolicy(request, answer);
      // Else it is the asker's own tag that still holds.
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

/** Whether an entry could answer a request if the origin agreed: its policy asks with its tag only then. */
const isFor = ({ policy, answer }, request) => answer.headers.etag !== undefined && policy.revalidationHeaders(request)['if-none-match'] !== undefined;

function handOut({ policy, answer }, request) {
  const headers = policy.responseHeaders();
  const opaque = (tag) => tag.trim().replace(/^W\//, '');
  const tags = request.headers['if-none-match']?.split(',').map(opaque) ?? [];
  const isHeld = headers.etag !== undefined && (tags.includes('*') || tags.includes(opaque(headers.etag)));
  return isHeld ? { status: 304, headers, body: Buffer.alloc(0) } : { ...answer, headers };
}
