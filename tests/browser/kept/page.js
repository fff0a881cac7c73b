// The script of these tests' pages, bundled from the packages as they are built.
import { createClient, on } from '../../../npm/client/dist/entry/inline.js';
import { shareStorage, storage } from '../../../npm/client/dist/entry/storage.js';
import { tabs } from '../../../npm/client/dist/entry/tabs.js';

Object.assign(globalThis, {
  on,
  shareStorage,
  /** A client of this page's origin; `kept` and `shared` are the options of its storage and if it shares its stream. */
  open({ kept, shared, ...options }) {
    const client = createClient({
      url: location.origin,
      context: { customerId: 'c-1' },
      refresh: { push: !!shared },
      ...(kept && { storage: storage(kept) }),
      ...(shared && { tabs: tabs() }),
      ...options,
    });
    globalThis.client = client;
    return client;
  },
});
