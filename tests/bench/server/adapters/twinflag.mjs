/** Ours, as a server uses it: rules of a real flag server, and the call that awaits what it may have to fetch. */
import { createServerClient } from '../../../../npm/server/dist/entry/node.js';

export const name = 'Twinflag';

export async function load({ url, serverKey }) {
  const client = createServerClient({ url, serverKey, outcomes: false, refreshMs: 0 });
  await client.ready();
  if (client.status !== 'ready') throw client.error;
  return {
    context: user => ({ targetingKey: user.id, plan: user.plan, country: user.country, org: user.org }),
    one: (key, context) => client.getValue(key, false, context),
    client,
    close: () => client.close(),
  };
}
