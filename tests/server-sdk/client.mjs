// A server's flags over the worker under test, closed at the end of the test file.
import { after } from 'node:test';

import { createServerClient } from '../../npm/server/dist/entry/node.js';

const opened = [];
after(() => Promise.all(opened.map(client => client.close())));

/** Opens flags that keep what went wrong in `errors`, and waits until they are ready. */
export async function open({ url, serverKey }, options = {}) {
  const errors = [];
  const client = createServerClient({ url, serverKey, outcomes: false, onError: error => errors.push(error), ...options });
  opened.push(client);
  await client.ready();
  return Object.assign(client, { errors });
}

/** Waits until a condition holds whenever the rules or the status change. */
export function until(client, holds) {
  return new Promise(resolve => {
    const look = () => {
      if (!holds()) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = client.subscribe(look);
    look();
  });
}

/** The codes of what went wrong, without repetition. */
export const codes = ({ errors }) => [...new Set(errors.map(({ code }) => code))];
