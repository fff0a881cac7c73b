// Runs SQL on a hub's store directly.
import { startOn } from './workerd.mjs';

/** Starts the worker on a store. Its `sql` runs statements in one transaction, each a list of the text and its bound values. */
export async function startWithSql(data) {
  const server = await startOn({ config: new URL('workers/sql.capnp', import.meta.url), data });
  return { ...server, sql: async (...statements) => (await server.request('/test/sql', { body: statements })).json() };
}

/** Runs statements on the store of a stopped server. Returns the rows of the last one, or `{ error }` if none was carried out. */
export async function runSql(data, ...statements) {
  const server = await startWithSql(data);
  try {
    return await server.sql(...statements);
  } finally {
    await server.stop();
  }
}

/** Statements that drop the triggers that protect the audit trail. */
export const WITHOUT_TRIGGERS = ['altered', 'deleted', 'replaced'].map((what) => [`DROP TRIGGER feature_flag_changes_are_not_${what}`]);
