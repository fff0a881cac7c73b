/** A question about one flag and one visitor, of which the list of flags has no answer or no reason. */
import { useQuery } from '@tanstack/react-query';

import { take } from '../../api/client.js';
import { useEnvironment } from '../../environment.js';
import { useSession } from '../../session.js';

/** The visitor that is asked about, and the moment. */
export interface Question {
  readonly context: Readonly<Record<string, unknown>>;
  /** As RFC 3339; absent for now. */
  readonly at?: string;
  /** True if the list of flags has no answer to it: it is about the past, or about more than the customer and the organization. */
  readonly isSpecial: boolean;
}

/** The explanation of one answer, once it is wanted. */
export function useExplained(flag: string, { context, at }: Omit<Question, 'isSpecial'>, isWanted: boolean) {
  const { api } = useSession();
  const environment = useEnvironment();
  return useQuery({
    queryKey: ['why', environment.name ?? null, flag, context, at ?? null],
    queryFn: () =>
      take(api.POST('/v1/explain', { params: { query: environment.query }, body: { flag, context, ...(at !== undefined && { at }) } })),
    enabled: isWanted,
  });
}
