// SQL on a store that no hub has open.
import { startOn } from './workerd.mjs';

/**
 * Runs statements in one transaction, each a text and what is bound, and answers the rows of the last; `{ error }` where one fails.
 *
 * @param {string} data the folder of a server that was stopped.
 */
export async function runSql(data, ...statements) {
  const worker = await startOn({ config: new URL('workers/sql.capnp', import.meta.url), data });
  try {
    return (await worker.request('/test/sql', { body: statements })).json();
  } finally {
    await worker.stop();
  }
}

/** What lets the audit trail be written to: whoever can do this can do anything. */
export const WITHOUT_TRIGGERS = [['DROP TRIGGER feature_flag_changes_are_not_altered'], ['DROP TRIGGER feature_flag_changes_are_not_deleted']];
