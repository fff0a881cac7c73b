// `PUT /test/hub/{ruleset,owners}` sets the hub's next answers there: `{ status, parts, how }`. `DELETE` lets the hub answer again, and
// `GET` returns its own last answer, with the number of its answers in `test-answers`. `POST /test/clock` sets the clock ahead, by
// milliseconds.
import Edge, { FlagHub as Hub } from 'index.js';

const given = new Map(),
  recorded = new Map(),
  answers = new Map();

let ahead = 0;
const Clock = Date;
globalThis.Date = class extends Clock {
  constructor(...given) {
    super(...(given.length > 0 ? given : [Clock.now() + ahead]));
  }
  static now() {
    return new this().getTime();
  }
};

export class FlagHub {
  #hub;
  constructor(state, env) {
    this.#hub = new Hub(state, env);
  }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const bad = given.get(pathname);
    if (bad) return spoken(bad);
    // It sends whole documents, as a hub of an earlier release does.
    const headers = new Headers(request.headers);
    headers.delete('twinflag-holds');
    const answer = await this.#hub.fetch(new Request(request, { headers }));
    if (answer.status === 200) {
      recorded.set(pathname, await answer.clone().text());
      answers.set(pathname, (answers.get(pathname) ?? 0) + 1);
    }
    return answer;
  }
}

/** Answers as a test set it: `parts` are texts in base64 and numbers of spaces; `how` is `throws`, or `hangs` for ten minutes. */
function spoken({ status = 200, parts = [], how }) {
  if (how === 'throws') throw new Error('the hub is gone');
  if (how === 'hangs') return new Promise(resolve => setTimeout(resolve, 600_000));
  const pieces = parts.map(part =>
    typeof part === 'number' ? new Uint8Array(part).fill(32) : Uint8Array.from(atob(part), byte => byte.charCodeAt(0)),
  );
  return new Response(new Blob(pieces).stream(), { status });
}

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === '/test/clock') {
      ahead += Number(await request.text());
      return new Response();
    }
    const [, hub, what] = new URL(request.url).pathname.match(/^\/test\/(hub)(\/\w+)$/) ?? [];
    if (!hub) return Edge.fetch(request, env, context);
    if (request.method === 'GET') return new Response(recorded.get(what), { headers: { 'test-answers': answers.get(what) ?? 0 } });
    if (request.method === 'DELETE') given.delete(what);
    else given.set(what, await request.json());
    return new Response();
  },
};
