/** Ours without an `await`: what is known is answered at once. */
import { load as open } from './twinflag.mjs';

export const name = 'Twinflag, peek';

export async function load(server) {
  const { client, ...engine } = await open(server);
  return { ...engine, one: (key, context) => client.peek(key, false, context).value };
}
