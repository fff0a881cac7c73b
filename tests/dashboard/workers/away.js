// `POST /test/hub` with `gone` makes the hub throw, and with `here` answer again.
import Edge, { FlagHub as Hub } from 'index.js';

export { FlagRelay } from 'index.js';

let isGone = false;

export class FlagHub {
  #hub;
  constructor(state, env) {
    this.#hub = new Hub(state, env);
  }
  async fetch(request) {
    if (isGone) throw new Error('the hub is gone');
    return this.#hub.fetch(request);
  }
  async alarm() {
    return this.#hub.alarm();
  }
}

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== '/test/hub') return Edge.fetch(request, env, context);
    isGone = (await request.text()) === 'gone';
    return new Response();
  },
};
