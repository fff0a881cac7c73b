/** The views and their addresses. */
import { createRootRoute, createRoute, createRouter, type RouterHistory, retainSearchParams } from '@tanstack/react-router';

import { forReaders } from './parts/readers.js';
import { Shell } from './shell.js';
import { Audit, type AuditSearch } from './views/audit.js';
import { type CustomerSearch, Customers } from './views/customer.js';
import { DocumentView } from './views/document.js';
import { Environments } from './views/environments.js';
import { type FeatureSearch, Features } from './views/features.js';
import { FlagView } from './views/flag.js';
import { Keys } from './views/keys.js';
import { Playground } from './views/playground.js';
import { Schedules } from './views/schedules.js';
import { SegmentView } from './views/segments/segment.js';
import { Segments } from './views/segments.js';
import { Webhooks } from './views/webhooks.js';

/** The text of a parameter; absent if it is none, or longer than any name may be. */
export function text(value: unknown): string | undefined {
  const spelled = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof spelled === 'string' && spelled !== '' && spelled.length <= 1024 ? spelled : undefined;
}

/** The named parameters that have a text. */
function texts<K extends string>(names: readonly K[]) {
  return (search: Record<string, unknown>): { [N in K]?: string | undefined } => {
    const found: { [N in K]?: string | undefined } = {};
    for (const name of names) {
      const value = text(search[name]);
      if (value !== undefined) found[name] = value;
    }
    return found;
  };
}

const root = createRootRoute({
  validateSearch: texts<'env'>(['env']),
  search: { middlewares: [retainSearchParams(['env'])] },
  component: Shell,
});

const features = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: texts<keyof FeatureSearch>(['q', 'stage', 'status', 'owner', 'tag']),
  component: Features,
});

const flag = createRoute({ getParentRoute: () => root, path: '/flags/$key', component: FlagView });

const customers = createRoute({
  getParentRoute: () => root,
  path: '/customers',
  validateSearch: texts<keyof CustomerSearch>(['id', 'q', 'at']),
  component: Customers,
});

const playground = createRoute({
  getParentRoute: () => root,
  path: '/playground',
  validateSearch: texts<'flag'>(['flag']),
  component: forReaders(Playground),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: texts<keyof AuditSearch>(['flag', 'customerId', 'action', 'changedBy']),
  component: Audit,
});

const documentView = createRoute({ getParentRoute: () => root, path: '/document', component: forReaders(DocumentView) });

const schedules = createRoute({ getParentRoute: () => root, path: '/schedules', component: forReaders(Schedules) });

const segments = createRoute({ getParentRoute: () => root, path: '/segments', component: forReaders(Segments) });

const segment = createRoute({ getParentRoute: () => root, path: '/segments/$name', component: forReaders(SegmentView) });

const keys = createRoute({ getParentRoute: () => root, path: '/keys', component: forReaders(Keys) });

const webhooks = createRoute({ getParentRoute: () => root, path: '/webhooks', component: forReaders(Webhooks) });

const environments = createRoute({ getParentRoute: () => root, path: '/environments', component: forReaders(Environments) });

/** The views under a history: that of the page's address, or one of their own inside of a host's page. */
export function createViews(history: RouterHistory) {
  return createRouter({
    routeTree: root.addChildren([
      features,
      flag,
      customers,
      playground,
      audit,
      schedules,
      documentView,
      segments,
      segment,
      keys,
      webhooks,
      environments,
    ]),
    history,
    defaultPreload: false,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createViews>;
  }
}
