/** Answers of the core in this page, from the program of a customer and an organization. */
import { useQuery } from '@tanstack/react-query';
import { useContext, useEffect, useMemo } from 'react';

import { take } from '../../api/client.js';
import { Refusal } from '../../api/refusal.js';
import { CoreContext } from '../../core.js';
import { useEnvironment } from '../../environment.js';
import type { FlagEngine } from '../../page-engine.js';
import { useSession } from '../../session.js';

export type Context = Readonly<Record<string, unknown>>;

/** `elsewhere`: programs are of the first environment, or of the one that the token names. */
export type PageState =
  | { readonly state: 'loading' }
  | { readonly state: 'elsewhere' }
  | { readonly state: 'failed'; readonly why: string }
  | { readonly state: 'ready'; readonly engine: FlagEngine; readonly version: number | undefined };

/** The core with the newest program for the owners that a context names; it follows changes. `undefined` is no context. */
export function useInPage(context: Context | undefined): PageState {
  const { api } = useSession();
  const environment = useEnvironment();
  const loadCore = useContext(CoreContext);
  const isFirst = environment.name === undefined;
  const core = useQuery({
    queryKey: ['core'],
    queryFn: loadCore,
    gcTime: Number.POSITIVE_INFINITY,
    enabled: isFirst,
    meta: { isTimed: true },
  });
  const owners = useMemo(() => ownersOf(context), [context]);
  const program = useQuery({
    queryKey: ['program', owners],
    queryFn: async () => {
      let version: number | undefined;
      const asked = api.POST('/v1/program', {
        params: { query: { format: core.data?.format } as never, header: { accept: 'application/vnd.twinflag.program' } as never },
        body: { context: owners } as never,
        parseAs: 'arrayBuffer',
      });
      const bytes = await take(
        asked.then(answer => {
          // A host's back end may keep it back.
          version = Number(answer.response.headers.get('twinflag-version')?.split('.')[1]) || undefined;
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
    if (failure) return { state: 'failed', why: failure instanceof Refusal ? failure.message : WITHOUT_CORE };
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

const WITHOUT_CORE = 'The core cannot be loaded. It needs ‘wasm-unsafe-eval’ in the page’s policy for scripts; without it, ask the edge.';

/** The part of a context that decides which program answers. */
function ownersOf(context: Context | undefined): Context {
  const owners: Record<string, unknown> = {};
  for (const name of ['customerId', 'organizationId']) if (context?.[name] !== undefined) owners[name] = context[name];
  return owners;
}
