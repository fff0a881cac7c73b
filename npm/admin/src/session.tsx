/** The operator who is signed in. The token lives in memory: closing or reloading the page forgets it. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';

import { type Api, createApi, take } from './api/client.js';
import type { Me } from './api/model.js';
import type { AdminClient } from './embed/props.js';
import { Loading, ProblemNote } from './parts/states.js';

export interface Session {
  readonly api: Api;
  /** The caller, with the role that they have in the environment of the views. */
  readonly me: Me;
  /** The environment that the operator signed in to; `undefined` for the first one. */
  readonly signedInTo: string | undefined;
  /** Forgets the token; absent where a host's page has signed the operator in. */
  readonly signOut?: () => void;
  /** Goes to the provider for new tokens and comes back to the view; absent where the operator signed in with a token. */
  readonly signInAgain?: () => Promise<void>;
}

/** The credentials of an operator who signs in. */
export interface Credentials {
  /** Sends requests with their token. */
  readonly send: AdminClient;
  /** Signs out where they signed in; absent if that was here. */
  readonly leave?: () => void;
  /** Signs in once more where they signed in; absent if that was here. */
  readonly again?: () => Promise<void>;
}

const SessionContext = createContext<Session | undefined>(undefined);

/** Shows `children` to an operator, and `door` to everybody else. */
export function SessionGate({
  door,
  children,
}: {
  door: (signIn: (credentials: Credentials) => Promise<void>) => ReactNode;
  children: ReactNode;
}) {
  const [signedIn, setSignedIn] = useState<Caller & Credentials>();
  const queries = useQueryClient();
  const signIn = useCallback(async (credentials: Credentials) => {
    setSignedIn({ ...credentials, ...(await callerOf(createApi(credentials.send), environmentInAddress())) });
  }, []);
  const session = useMemo<Session | undefined>(() => {
    if (!signedIn) return undefined;
    const { send: _, leave, again, ...caller } = signedIn;
    const signOut = () => {
      queries.clear();
      setSignedIn(undefined);
      leave?.();
    };
    return { ...caller, signOut, ...(again && { signInAgain: again }) };
  }, [signedIn, queries]);
  return session ? <SessionContext value={session}>{children}</SessionContext> : door(signIn);
}

/** Shows `children` to the operator for whom a host's page sends requests. The host signs them out. */
export function HostSession({ send, environment, children }: { send: AdminClient; environment: string | undefined; children: ReactNode }) {
  // One for as long as the host sends by the same function: a new one would end the stream of changes.
  const [api] = useState(() => createApi(send));
  const asked = useQuery({ queryKey: ['host-session'], queryFn: () => callerOf(api, environment), meta: { isTimed: true } });
  if (asked.isPending) return <Loading what="your role" />;
  if (asked.isError && !asked.data) return <ProblemNote error={asked.error} onRetry={() => void asked.refetch()} />;
  return <SessionContext value={asked.data}>{children}</SessionContext>;
}

type Caller = Omit<Session, 'signOut' | 'signInAgain'>;

/** Asks the server for the caller's name, and their role in an environment. */
async function callerOf(api: Api, signedInTo: string | undefined): Promise<Caller> {
  const query = signedInTo === undefined ? {} : { environment: signedInTo };
  return { api, me: await take(api.GET('/api/admin/me', { params: { query } })), signedInTo };
}

/** The environment that a link names, before the views are there to read it: a token may open that one alone. */
function environmentInAddress(): string | undefined {
  const named = new URLSearchParams(location.hash.split('?')[1] ?? '').get('env');
  // A name of digits stands in quotes there.
  return named?.replace(/^"|"$/g, '') || undefined;
}

/** The session of the same operator, in another role. */
export function SessionAs({ me, children }: { me: Me; children: ReactNode }) {
  const session = useSession();
  const changed = useMemo(() => ({ ...session, me }), [session, me]);
  return <SessionContext value={changed}>{children}</SessionContext>;
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
