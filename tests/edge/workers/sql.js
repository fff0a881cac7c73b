// `POST /test/sql` with a list of statements, each a list of the text and its bound values, runs them in one transaction. It answers the
// rows of the last one, or `{ error }`.
import Edge, { FlagHub as Hub } from 'index.js';

const PATH = '/test/sql';

export class FlagHub {
  #hub;
  #storage;
  constructor(state, env) {
    this.#hub = new Hub(state, env);
    this.#storage = state.storage;
  }
  fetch(request) {
    return new URL(request.url).pathname === PATH ? this.#run(request) : this.#hub.fetch(request);
  }
  async #run(request) {
    const statements = await request.json();
    const { sql } = this.#storage;
    try {
      const rows = this.#storage.transactionSync(() => statements.map(([text, ...bound]) => sql.exec(text, ...bound).toArray()).at(-1));
      await this.#storage.sync();
      return Response.json(rows);
    } catch (error) {
      return Response.json({ error: error.message });
    }
  }
}

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname !== PATH) return Edge.fetch(request, env, context);
    return env.HUB.get(env.HUB.idFromName('main')).fetch(request);
  },
};
