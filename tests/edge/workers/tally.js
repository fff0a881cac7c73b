// `POST /test/state` with `{ "hub": … }`: `here`; `silent before` withholds sums from the hub; `silent after` has the hub take them, and
// withholds its answer.
import Edge, { FlagTally, FlagHub as Hub } from 'index.js';

export { FlagTally };

const state = { hub: 'here' };

export class FlagHub {
  #hub;
  constructor(object, env) {
    this.#hub = new Hub(object, env);
  }
  async fetch(request) {
    if (new URL(request.url).pathname !== '/sums' || state.hub === 'here') return this.#hub.fetch(request);
    if (state.hub === 'silent before') {
      console.log('the sums are held back');
    } else {
      await this.#hub.fetch(request);
      // What the object wrote is on the disk before it is heard.
      console.log('the sums are stored and not answered');
    }
    return new Promise(resolve => setTimeout(resolve, 600_000));
  }
  alarm() {
    return this.#hub.alarm();
  }
}

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== '/test/state') return Edge.fetch(request, env, context);
    Object.assign(state, await request.json());
    return new Response();
  },
};
