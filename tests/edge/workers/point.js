// Cloudflare's storage keeps what a durable object held, and workerd's does not. This hub has that part of the storage in memory:
// `POST /test/keep` keeps the present state and answers its moment; `POST /test/put-back` puts the state of a moment back, and tells nobody.
import Edge, { FlagHub as Hub } from 'index.js';

const kept = [];
let next;

const names = (sql, type) =>
  sql.exec("SELECT name, sql FROM sqlite_master WHERE type = ? AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'", type).toArray();

function keep(sql) {
  const tables = names(sql, 'table').map(({ name }) => {
    // Without the columns that are computed.
    const columns = [...sql.exec('SELECT name FROM pragma_table_info(?)', name).raw()].join(', ');
    return { name, columns, rows: [...sql.exec(`SELECT ${columns} FROM ${name}`).raw()] };
  });
  kept.push({ at: Date.now(), tables });
  return String(kept.length - 1);
}

function putBack(storage, { tables }) {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec('PRAGMA defer_foreign_keys = ON');
    const triggers = names(sql, 'trigger');
    for (const { name } of triggers) sql.exec(`DROP TRIGGER ${name}`);
    for (const { name } of tables) sql.exec(`DELETE FROM ${name}`);
    for (const { name, columns, rows } of tables) {
      for (const row of rows) sql.exec(`INSERT INTO ${name} (${columns}) VALUES (${row.map(() => '?').join(', ')})`, ...row);
    }
    for (const trigger of triggers) sql.exec(trigger.sql);
  });
}

/** An object with some methods replaced; the others stay bound to it, because the runtime's methods accept no other. */
const variant = (object, own) =>
  new Proxy(object, {
    get: (target, name) => own[name] ?? (typeof target[name] === 'function' ? target[name].bind(target) : target[name]),
  });

export class FlagHub {
  #hub;
  #state;
  constructor(state, env) {
    this.#state = state;
    if (next !== undefined) putBack(state.storage, kept[next]);
    next = undefined;
    const storage = variant(state.storage, {
      async getBookmarkForTime(at) {
        const bookmark = kept.findLastIndex(state => state.at <= at);
        if (bookmark < 0) throw new Error('nothing was kept so long ago');
        return String(bookmark);
      },
      async onNextSessionRestoreBookmark(bookmark) {
        if (kept[bookmark] === undefined) throw new Error('no such bookmark');
        next = bookmark;
        return keep(state.storage.sql);
      },
    });
    this.#hub = new Hub(variant(state, { storage }), env);
  }
  async fetch(request) {
    switch (new URL(request.url).pathname) {
      case '/test/keep':
        return new Response(String(kept[keep(this.#state.storage.sql)].at));
      case '/test/put-back': {
        const at = Number(await request.text());
        next = kept.findLastIndex(state => state.at <= at);
        this.#state.abort('put back');
      }
    }
    return this.#hub.fetch(request);
  }
  alarm() {
    return this.#hub.alarm();
  }
}

export default {
  async fetch(request, env, context) {
    if (!new URL(request.url).pathname.startsWith('/test/')) return Edge.fetch(request, env, context);
    try {
      return await env.HUB.getByName('main').fetch(request);
    } catch (error) {
      return new Response(error.message, { status: 500 });
    }
  },
};
