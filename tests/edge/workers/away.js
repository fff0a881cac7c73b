// `POST /test/hub` with `here`, `gone` or `slow` says what becomes of the hub's answers from then on.
import Edge, { FlagHub as Hub } from 'index.js';

let hub = 'here';

export class FlagHub {
  #hub;
  constructor(state, env) {
    this.#hub = new Hub(state, env);
  }
  fetch(request) {
    if (hub === 'gone') throw new Error('the hub is gone');
    if (hub === 'slow') return new Promise((resolve) => setTimeout(() => resolve(new Response('too late', { status: 500 })), 5_000));
    return this.#hub.fetch(request);
  }
}

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== '/test/hub') return Edge.fetch(request, env, context);
    hub = await request.text();
    return new Response();
  },
};
