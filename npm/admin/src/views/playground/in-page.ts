/** Answers of the core in this page, from the program of a customer and an organization. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';

import { take } from '../../api/client.js';
import { Refusal } from '../../api/refusal.js';
import { useEnvironment } from '../../environment.js';
import type * as PageEngine from '../../page-engine.js';
import { useSession } from '../../session.js';

/** The script with the core. It is no part of the first load. */
const SCRIPT = '/dashboard/page-engine.js';

export type Context = Readonly<Record<string, unknown>>;

/** `elsewhere`: programs are of the first environment, or of the one that the token names. */
export type PageState =
  | { readonly state: 'loading' }
  | { readonly state: 'elsewhere' }
  | { readonly state: 'failed'; readonly why: string }
  | { readonly state: 'ready'; readonly engine: PageEngine.FlagEngine; readonly version: number };

/** The core with the newest program for the owners that a context names; it follows changes. `undefined` is no context. */
export function useInPage(context: Context | undefined): PageState {
  const { api } = useSession();
  const environment = useEnvironment();
  const isFirst = environment.name === undefined;
  const core = useQuery({
    queryKey: ['core'],
    queryFn: async () => (await (import(SCRIPT) as Promise<typeof PageEngine>)).loadCore(),
    gcTime: Number.POSITIVE_INFINITY,
    enabled: isFirst,
    meta: { isTimed: true },
  });
  const owners = useMemo(() => ownersOf(context), [context]);
  const program = useQuery({
    queryKey: ['program', owners],
    queryFn: async () => {
      let version = 0;
      const asked = api.POST('/v1/program', {
        params: { query: { format: core.data?.format } as never, header: { accept: 'application/vnd.twinflag.program' } as never },
        body: { context: owners } as never,
        parseAs: 'arrayBuffer',
      });
      const bytes = await take(
        asked.then(answer => {
          version = Number(answer.response.headers.get('twinflag-version')?.split('.')[1] ?? 0);
          return answer;
        }),
      );
      return { bytes: new Uint8Array(bytes as unknown as ArrayBuffer), version };
    },
    enabled: core.data !== undefined && context !== undefined,
  });
  const made = useMemo((): PageState => {
    if (!isFirst) return { state: 'elsewhere' };
    const failure = core.error ?? program.error;
    if (failure) return { state: 'failed', why: failure instanceof Refusal ? failure.message : 'The core cannot be loaded.' };
    if (!core.data || !program.data) return { state: 'loading' };
    const engine = core.data.open();
    try {
      engine.load(program.data.bytes);
      return { state: 'ready', engine, version: program.data.version };
    } catch (error) {
      engine.close();
      return { state: 'failed', why: error instanceof Error ? error.message : String(error) };
    }
  }, [isFirst, core.data, core.error, program.data, program.error]);
  // Its memory is the module's, which nobody collects.
  useEffect(() => () => (made.state === 'ready' ? made.engine.close() : undefined), [made]);
  return made;
}

/** The part of a context that decides which program answers. */
function ownersOf(context: Context | undefined): Context {
  const owners: Record<string, unknown> = {};
  for (const name of ['customerId', 'organizationId']) if (context?.[name] !== undefined) owners[name] = context[name];
  return owners;
}
