// `POST /test/sql` with a list of statements, each a text and what is bound: the rows of the last, or `{ error }` and nothing is done.
// After each alarm of the hub it writes the number of answers that are kept, the next alarm and the jobs to the output, which needs no
// request. `POST /test/seam` with `attempt`, `commit` or `answer`: the hub stops there at the next schedule, once what it wrote until then is
// on the disk, and says so. A relay writes down the versions that it is told of; with RELAY_AWAY=on it answers nothing but 503.
import * as release from 'index.js';

// An earlier release has no relay.
const { default: Edge, FlagHub: Hub, FlagRelay: Relay = class {} } = release;

const PATH = '/test/sql';

const SEAM = '/test/seam';
const HOUR_MS = 3_600_000;

/** An object with some methods replaced; the others stay bound to it, because the runtime's methods accept no other. */
const variant = (object, own) =>
  new Proxy(object, {
    get: (target, name) => own[name] ?? (typeof target[name] === 'function' ? target[name].bind(target) : target[name]),
  });

export class FlagHub {
  #hub;
  #storage;
  #name;
  #seam;
  constructor(state, env) {
    this.#name = state.id.name;
    this.#storage = state.storage;
    // Between the attempt that is stored and the commit the hub waits for the disk.
    const sync = async () => {
      await state.storage.sync();
      if (this.#schedules('failures = 1') > 0) await this.#stopAt('attempt');
    };
    this.#hub = new Hub(variant(state, { storage: variant(state.storage, { sync }) }), env);
  }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === PATH) return this.#run(request);
    if (pathname === SEAM) {
      this.#seam = await request.text();
      return new Response();
    }
    const before = this.#schedules('true');
    const answer = await this.#hub.fetch(request);
    if (this.#schedules('true') > before) await this.#stopAt('answer');
    return answer;
  }
  async alarm(...given) {
    const before = this.#schedules('true');
    await this.#hub.alarm(...given);
    if (this.#schedules('true') < before) await this.#stopAt('commit');
    // The line below says that the data is on the disk: a test may send SIGKILL as soon as it reads it.
    await this.#storage.sync();
    const rows = text => this.#storage.sql.exec(text).toArray();
    const [{ answers }] = rows('SELECT count(*) AS answers FROM idempotency');
    const told = { answers, alarm: await this.#storage.getAlarm(), hub: this.#name, jobs: rows('SELECT * FROM jobs') };
    console.log(`after an alarm: ${JSON.stringify(told)}`);
  }
  /** The number of pending schedules; 0 before the hub has opened its store. */
  #schedules(where) {
    const { sql } = this.#storage;
    if (sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").toArray().length === 0) return 0;
    return sql.exec(`SELECT count(*) AS count FROM jobs WHERE kind = 'schedule' AND ${where}`).one().count;
  }
  /** Goes on at once unless the test wants to send SIGKILL here. */
  async #stopAt(seam) {
    if (this.#seam !== seam) return;
    await this.#storage.sync();
    console.log(`stopped at the seam ${seam}`);
    await scheduler.wait(HOUR_MS);
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
    if (![PATH, SEAM].includes(new URL(request.url).pathname)) return Edge.fetch(request, env, context);
    return env.HUB.get(env.HUB.idFromName('main')).fetch(request);
  },
};
