// `PUT /test/hub/{ruleset,pages}` says what the hub answers there from then on: `{ status, parts, how }`; `DELETE` lets it answer itself
// again, and `GET` tells what it answered itself last.
import Edge, { FlagHub as Hub } from 'index.js';

const given = new Map(), recorded = new Map();

export class FlagHub {
  #hub;
  constructor(state, env) {
    this.#hub = new Hub(state, env);
  }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const bad = given.get(pathname);
    if (bad) return spoken(bad);
    const answer = await this.#hub.fetch(request);
    if (answer.status === 200) recorded.set(pathname, await answer.clone().text());
    return answer;
  }
}

/** An answer as a test wants it: pieces of base64 and numbers of spaces; or an exception; or none while anybody waits. */
function spoken({ status = 200, parts = [], how }) {
  if (how === 'throws') throw new Error('the hub is gone');
  if (how === 'hangs') return new Promise((resolve) => setTimeout(resolve, 600_000));
  const pieces = parts.map((part) => (typeof part === 'number' ? new Uint8Array(part).fill(32) : Uint8Array.from(atob(part), (byte) => byte.charCodeAt(0))));
  return new Response(new Blob(pieces).stream(), { status });
}

export default {
  async fetch(request, env, context) {
    const [, hub, what] = new URL(request.url).pathname.match(/^\/test\/(hub)(\/\w+)$/) ?? [];
    if (!hub) return Edge.fetch(request, env, context);
    if (request.method === 'GET') return new Response(recorded.get(what));
    if (request.method === 'DELETE') given.delete(what);
    else given.set(what, await request.json());
    return new Response();
  },
};
