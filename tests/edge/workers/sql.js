// `POST /test/sql` with a list of statements, each a text and what is bound: the rows of the last, or `{ error }` and nothing is done.
// After each alarm of the hub it writes the number of answers that are kept, the next alarm and the jobs to the output, which needs no
// request. A relay writes down the versions that it is told of; with RELAY_AWAY=on it answers nothing but 503.
import Edge, { FlagHub as Hub, FlagRelay as Relay } from 'index.js';

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
  async alarm(...given) {
    await this.#hub.alarm(...given);
    // The line below says that the data is on the disk: a test may send SIGKILL as soon as it reads it.
    await this.#storage.sync();
    const rows = text => this.#storage.sql.exec(text).toArray();
    const [{ answers }] = rows('SELECT count(*) AS answers FROM idempotency');
    console.log(`after an alarm: ${JSON.stringify({ answers, alarm: await this.#storage.getAlarm(), jobs: rows('SELECT * FROM jobs') })}`);
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

export class FlagRelay extends Relay {
  #name;
  #isAway;
  constructor(state, env) {
    super(state, env);
    this.#name = state.id.name;
    this.#isAway = env.RELAY_AWAY === 'on';
  }
  async fetch(request) {
    if (this.#isAway) return new Response(null, { status: 503 });
    if (new URL(request.url).pathname !== '/news') return super.fetch(request);
    const { version } = await request.clone().json();
    console.log(`the relay ${this.#name} is told of ${version}`);
    return super.fetch(request);
  }
}

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname !== PATH) return Edge.fetch(request, env, context);
    return env.HUB.get(env.HUB.idFromName('main')).fetch(request);
  },
};
