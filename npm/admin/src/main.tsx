import { QueryClientProvider } from '@tanstack/react-query';
import { createHashHistory, RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { CoreContext } from './core.js';
import type * as PageEngine from './page-engine.js';
import { createQueries } from './queries.js';
import { createViews } from './router.js';
import { SessionGate } from './session.js';
import { receiveAnswer } from './sign-in/answer.js';
import { SignIn } from './views/sign-in.js';
import './tokens.css';
import './style.css';

/** The script with the core. It is no part of the first load. */
const CORE = '/dashboard/page-engine.js';
const loadCore = async () => (await (import(CORE) as Promise<typeof PageEngine>)).loadCore();

receiveAnswer();
const queries = createQueries();
// They stand behind `#`, so that no customer's id reaches a server's log.
const router = createViews(createHashHistory());
const root = document.querySelector('#root');
if (!root) throw new Error('the page has no place for the dashboard');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <SessionGate door={signIn => <SignIn signIn={signIn} />}>
        <CoreContext value={loadCore}>
          <RouterProvider router={router} />
        </CoreContext>
      </SessionGate>
    </QueryClientProvider>
  </StrictMode>,
);
