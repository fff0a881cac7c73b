import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Refusal } from './api/refusal.js';
import { router } from './router.js';
import { SessionGate } from './session.js';
import { SignIn } from './views/sign-in.js';
import './tokens.css';
import './style.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // `live.ts` says when something is out of date.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      // Questions are asked even if the browser believes that it is offline: its belief is often wrong.
      networkMode: 'always',
      retry: (count, error) => count < 2 && error instanceof Refusal && (error.kind === 'unreachable' || error.kind === 'unavailable'),
    },
    mutations: { networkMode: 'always' },
  },
});

const root = document.querySelector('#root');
if (!root) throw new Error('the page has no place for the dashboard');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <SessionGate door={signIn => <SignIn signIn={signIn} />}>
        <RouterProvider router={router} />
      </SessionGate>
    </QueryClientProvider>
  </StrictMode>,
);
