// SQL on a store, past the hub whose store it is.
import { startOn } from './workerd.mjs';

/** The configuration of the worker that also takes SQL. */
export const WITH_SQL = new URL('workers/sql.capnp', import.meta.url);

/** The worker on a store, which also takes SQL: `sql` runs statements, each a text and what is bound, in one transaction. */
export async function startWithSql(data, settings) {
  const server = await startOn({ config: WITH_SQL, data, settings });
  return { ...server, sql: async (...statements) => (await server.request('/test/sql', { body: statements })).json() };
}

/** Runs statements on the store of a server that was stopped: the rows of the last, or `{ error }` and nothing is done. */
export async function runSql(data, ...statements) {
  const server = await startWithSql(data);
  try {
    return await server.sql(...statements);
  } finally {
    await server.stop();
  }
}

/** What lets the audit trail be written to: whoever can do this can do anything. */
export const WITHOUT_TRIGGERS = ['altered', 'deleted', 'replaced'].map((what) => [`DROP TRIGGER feature_flag_changes_are_not_${what}`]);
