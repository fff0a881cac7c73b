/** The operator who is signed in. The token lives in memory: closing or reloading the page forgets it. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';

import { type Api, createApi, take } from './api/client.js';
import type { Me } from './api/model.js';

export interface Session {
  readonly api: Api;
  /** The caller, and the role in the environment that was asked about at sign-in. */
  readonly me: Me;
  readonly signOut: () => void;
}

const SessionContext = createContext<Session | undefined>(undefined);

/** Shows `children` to an operator, and `door` to everybody else. */
export function SessionGate({ door, children }: { door: (signIn: (token: string) => Promise<void>) => ReactNode; children: ReactNode }) {
  const [signedIn, setSignedIn] = useState<{ api: Api; me: Me }>();
  const queries = useQueryClient();
  const signIn = useCallback(async (token: string) => {
    const api = createApi(token);
    const me = await take(api.GET('/api/admin/me'));
    setSignedIn({ api, me });
  }, []);
  const session = useMemo<Session | undefined>(
    () =>
      signedIn && {
        ...signedIn,
        signOut: () => {
          queries.clear();
          setSignedIn(undefined);
        },
      },
    [signedIn, queries],
  );
  return session ? <SessionContext value={session}>{children}</SessionContext> : door(signIn);
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('no operator is signed in');
  return session;
}

/** Rights that the page looks at before it offers something. The server decides again. */
export interface Rights {
  /** Kills, revives and rollouts. */
  readonly steer: boolean;
  /** Definitions, overrides, keys, environments. */
  readonly administer: boolean;
  /** Reads of everything, not of one organization alone. */
  readonly readAll: boolean;
  /** Overrides of customers, of one's own organization at least. */
  readonly override: boolean;
}

export function rightsOf({ role }: Me): Rights {
  const administer = role === 'service' || role === 'admin';
  const steer = administer || role === 'operator';
  return { administer, steer, readAll: steer || role === 'viewer', override: administer || role === 'organization_admin' };
}

export function useRights(): Rights {
  return rightsOf(useSession().me);
}
