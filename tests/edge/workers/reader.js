// `POST /test/state` sets what differs from the unchanged worker, and answers the counts so far:
// - `hub`: `here`; `held` withholds answers about the ruleset until the next `POST`; `old` takes no notice of the header by which isolates
//   ask for changes; `wrong` changes a text in the changes that it sends.
// - `reader`: `here`, `gone` throws, `hangs` for ten minutes.
// - `ahead`: the milliseconds by which the clock is ahead; `stands`: whether it stands still.
// `GET /test/ask?…` asks the hub for the ruleset as an isolate of an earlier release does.
import Edge, { FlagHub as Hub, FlagReader as Reader } from 'index.js';

const state = { hub: 'here', reader: 'here', ahead: 0, stands: false };
/** Questions at the hub about the ruleset, about owners, and all; those about the ruleset at the reader; versions that the hub told; and the hub's last answer. */
const counts = { hub: 0, owners: 0, all: 0, reader: 0, told: 0, waiting: 0, last: '' };

/** False until a test sets the state: until then the wrapper answers `/health`, so that the isolate stays cold. */
let isSet = false;

let stood = 0;
const Clock = Date;
globalThis.Date = class extends Clock {
  constructor(...given) {
    super(...(given.length > 0 ? given : [(state.stands ? stood : Clock.now()) + state.ahead]));
  }
  static now() {
    return new this().getTime();
  }
};

export class FlagHub {
  #hub;
  constructor(object, env) {
    this.#hub = new Hub(object, env);
  }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    counts.all++;
    if (pathname === '/owners') counts.owners++;
    if (pathname !== '/ruleset') return this.#hub.fetch(request);
    counts.hub++;
    counts.waiting++;
    while (state.hub === 'held') await new Promise(resolve => setTimeout(resolve, 5));
    counts.waiting--;
    const headers = new Headers(request.headers);
    if (state.hub === 'old') headers.delete('twinflag-holds');
    const answer = await this.#hub.fetch(new Request(request, { headers }));
    if (answer.status !== 200) return answer;
    counts.last = await answer.text();
    const { rows } = JSON.parse(counts.last);
    const text = state.hub === 'wrong' && rows ? counts.last.replace('\\"default\\":\\"off\\"', '\\"default\\":\\"on\\"') : counts.last;
    return new Response(text, answer);
  }
}

export class FlagReader {
  #reader;
  constructor(object, env) {
    this.#reader = new Reader(object, env);
  }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/told') counts.told++;
    if (pathname === '/ruleset') counts.reader++;
    if (state.reader === 'gone') throw new Error('the reader is gone');
    if (state.reader === 'hangs') return new Promise(resolve => setTimeout(resolve, 600_000));
    return this.#reader.fetch(request);
  }
}

export default {
  async fetch(request, env, context) {
    const { pathname, search } = new URL(request.url);
    if (pathname === '/test/ask') return env.HUB.getByName('main').fetch(`http://hub/ruleset${search}`);
    if (pathname === '/health' && !isSet) return new Response();
    if (pathname !== '/test/state') return Edge.fetch(request, env, context);
    isSet = true;
    if (!state.stands) stood = Clock.now();
    Object.assign(state, await request.json());
    return Response.json(counts);
  },
};
