/** The environment that the views are about. It stands in the address, so that a link shows the same. */
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';

import { take } from './api/client.js';
import type { Environment } from './api/model.js';
import { useRights, useSession } from './session.js';

export interface CurrentEnvironment {
  /** `undefined` for the first one. */
  readonly name: string | undefined;
  /** The parameter of requests: empty for the first one. */
  readonly query: { environment?: string };
}

export function useEnvironment(): CurrentEnvironment {
  const { env } = useSearch({ from: '__root__' });
  return useMemo(() => ({ name: env, query: queryOf(env) }), [env]);
}

export function queryOf(name: string | undefined): { environment?: string } {
  return name === undefined ? {} : { environment: name };
}

/** The environments of the deployment, the first one first; empty for a caller of one organization, who sees one only. */
export function useEnvironments(): readonly Environment[] {
  const { api } = useSession();
  const { readAll } = useRights();
  const { data } = useQuery({
    queryKey: ['environments'],
    queryFn: () => take(api.GET('/api/admin/environments')),
    enabled: readAll,
  });
  return data?.environments ?? NONE;
}

const NONE: readonly Environment[] = [];

/** The name that a request gives an environment: none for the first one. */
export function parameterOf({ name, default: isDefault }: Environment): string | undefined {
  return isDefault ? undefined : (name ?? undefined);
}
