/**
 * One stream for all pages of a browser: the pages with the same key and owners elect one that holds it and tells the others.
 *
 * ```ts
 * import { tabs } from '@twinflag/client/tabs';
 *
 * const flags = createClient({ url, clientKey, context, tabs: tabs() });
 * ```
 */
import type { join } from './host/group.js';

/** The option `tabs` of a client: loads the code when a stream is wanted. */
export type LoadTabs = () => Promise<{ readonly join: typeof join }>;

/** The option `tabs` of `createClient`. */
export const tabs = (): LoadTabs => () => import('./host/group.js');
