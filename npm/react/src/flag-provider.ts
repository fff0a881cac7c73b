import type { ClientOptions, FlagClient } from '@twinflag/client';
import { createElement, type ReactNode, useEffect, useMemo, useState } from 'react';

import { FlagContext } from './flag-context.js';
import { hold } from './own-client.js';

/** Either a client, which stays its maker's to close, or what to make one of. */
export type FlagProviderProps =
  | { readonly client: FlagClient; readonly children?: ReactNode }
  | { readonly options: ClientOptions; readonly children?: ReactNode };

/** Provides a client to the components below. */
export function FlagProvider(props: FlagProviderProps): ReactNode {
  return 'options' in props ? createElement(OwnClientProvider, props) : createElement(FlagClientProvider, props);
}

/** Provides a client that was made elsewhere, and brings nothing along that makes one. */
export function FlagClientProvider({ client, children }: { readonly client: FlagClient; readonly children?: ReactNode }): ReactNode {
  const provided = useMemo(() => ({ client }), [client]);
  return createElement(FlagContext.Provider, { value: provided }, children);
}

/**
 * A client that lives as long as the component. Another context, or none any more, is another visitor from this rendering on; another token
 * or `fetch` counts for the next request; another value of any other option is another client.
 */
function OwnClientProvider({ options, children }: { readonly options: ClientOptions; readonly children?: ReactNode }): ReactNode {
  const [held, setHeld] = useState(() => hold(options));
  const isRight = held.isFor(options);
  // Now rather than in an effect: the components below read the answers in this rendering, and their effects run before this one's.
  const provided = isRight && !held.closed ? held.take(options) : held.provided;

  // biome-ignore lint/correctness/useExhaustiveDependencies: callers write `options` in place, a new object at each rendering
  useEffect(() => {
    // Gone, because the component was hidden and is shown again; or another one is wanted.
    if (held.closed || !isRight) return setHeld(hold(options));
    void held.client.ready();
    held.mounts++;
    return () => {
      held.mounts--;
      // StrictMode unmounts and mounts again at once, and that is no end.
      queueMicrotask(() => {
        if (held.mounts > 0) return;
        held.closed = true;
        held.client.close();
      });
    };
  }, [held, isRight]);
  const { identityToken } = options;
  const token = typeof identityToken === 'function' ? true : identityToken;
  useEffect(() => held.vouch(token), [held, token]);
  return createElement(FlagContext.Provider, { value: provided }, children);
}
