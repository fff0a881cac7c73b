// `POST /test/hub` sets how the hub behaves: `here` answers, `gone` throws, `slow` answers 500 after 5 s, and `held` withholds rows of
// overrides until the next `POST`. `GET /test/hub` answers the number of withheld requests.
import Edge, { FlagHub as Hub } from 'index.js';

let hub = 'here',
  held = 0;

export class FlagHub {
  #hub;
  constructor(state, env) {
    this.#hub = new Hub(state, env);
  }
  async fetch(request) {
    if (hub === 'held' && new URL(request.url).pathname === '/owners') {
      held++;
      while (hub === 'held') await new Promise(resolve => setTimeout(resolve, 5));
      held--;
    }
    if (hub === 'gone') throw new Error('the hub is gone');
    if (hub === 'slow') return new Promise(resolve => setTimeout(() => resolve(new Response('too late', { status: 500 })), 5_000));
    return this.#hub.fetch(request);
  }
}

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== '/test/hub') return Edge.fetch(request, env, context);
    if (request.method === 'GET') return new Response(String(held));
    hub = await request.text();
    return new Response();
  },
};
