/** The core that answers in this page, from wherever the page has it: the dashboard from its server, a host's page from the package. */
import { createContext } from 'react';

import type { Core } from './page-engine.js';

/** Loads the core when the playground is opened. */
export const CoreContext = createContext<() => Promise<Core>>(() => Promise.reject(new Error('this page has no core')));
