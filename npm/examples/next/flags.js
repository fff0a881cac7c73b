// The flags of this server: one client for the process.
import { createServerClient } from '@twinflag/server';
import { cookies } from 'next/headers';

// A development server evaluates this module anew after each change.
globalThis.flags ??= createServerClient({ url: process.env.TWINFLAG_URL, serverKey: process.env.TWINFLAG_SERVER_KEY });

export const flags = globalThis.flags;

/** The flags that components in the page read: the answers to all others stay on the server. */
const PAGE_FLAGS = ['new_checkout', 'checkout.button'];

/** The attributes that the server knows of the visitor; the page's client gets the same. */
export async function visitor() {
  const { value: sessionId } = (await cookies()).get('visitor') ?? {};
  return sessionId === undefined ? {} : { sessionId, userId: sessionId };
}

/** The options of the page's provider, with the server's answers. */
export async function pageOptions() {
  const context = await visitor();
  return {
    url: process.env.TWINFLAG_PUBLIC_URL,
    clientKey: process.env.TWINFLAG_CLIENT_KEY,
    context,
    bootstrap: await flags.bootstrap(PAGE_FLAGS, context),
  };
}
