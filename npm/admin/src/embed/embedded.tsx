/** The views inside of a host's page, with a history and a cache of their own. */
import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';

import { CoreContext } from '../core.js';
import { createQueries } from '../queries.js';
import { createViews } from '../router.js';
import { HostSession } from '../session.js';
import { AboutContext } from './about.js';
import type { FeatureFlagManagerProps } from './props.js';

const loadCore = async () => (await import('./packed-core.js')).loadCore();

export function Embedded({ client, customerId, organizationId, environment }: FeatureFlagManagerProps) {
  const [queries] = useState(createQueries);
  const [send] = useState(() => client);
  const [views] = useState(() => createViews(createMemoryHistory({ initialEntries: [firstView(customerId, environment)] })));
  const [about] = useState({ customerId, organizationId });
  return (
    <QueryClientProvider client={queries}>
      <AboutContext value={about}>
        <HostSession send={send} environment={environment}>
          <CoreContext value={loadCore}>
            <RouterProvider router={views} />
          </CoreContext>
        </HostSession>
      </AboutContext>
    </QueryClientProvider>
  );
}

/** The address of the view that a host begins with. Values stand as JSON texts, so that one that looks like a number stays a text. */
function firstView(customerId: string | undefined, environment: string | undefined): string {
  const search = new URLSearchParams();
  if (customerId !== undefined) search.set('id', JSON.stringify(customerId));
  if (environment !== undefined) search.set('env', JSON.stringify(environment));
  return `${customerId === undefined ? '/' : '/customers'}?${search}`;
}
