// Runs SQL on a hub's store directly.
import { startOn } from './workerd.mjs';

/** The configuration of the worker that also takes SQL. */
export const WITH_SQL = new URL('workers/sql.capnp', import.meta.url);

/** The worker on a store, which also takes SQL: `sql` runs statements, each a text and what is bound, in one transaction. */
export async function startWithSql(data, settings) {
  const server = await startOn({ config: WITH_SQL, data, settings });
  return { ...server, sql: async (...statements) => (await server.request('/test/sql', { body: statements })).json() };
}

/** Waits for an alarm behind which the hub has no job for a baseline. */
export const baselineEnds = ({ heard }) => heard(/after an alarm: ((?!.*"baseline").*)\n/);

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
export const WITHOUT_TRIGGERS = ['altered', 'deleted', 'replaced'].map(what => [`DROP TRIGGER feature_flag_changes_are_not_${what}`]);
