import { type ClientOptions, createClient, type FlagClient } from '@twinflag/client';
import { createElement, type ReactNode, useEffect, useState } from 'react';

import { FlagContext } from './flag-context.js';

/** Either a client, which stays its maker's to close, or what to make one of. */
export type FlagProviderProps =
  | { readonly client: FlagClient; readonly children?: ReactNode }
  | { readonly options: ClientOptions; readonly children?: ReactNode };

/** Provides a client to the components below. */
export function FlagProvider(props: FlagProviderProps): ReactNode {
  return 'client' in props ? createElement(FlagClientProvider, props) : createElement(OwnClientProvider, props);
}

/** Provides a client that was made elsewhere, and brings nothing along that makes one. */
export function FlagClientProvider({ client, children }: { readonly client: FlagClient; readonly children?: ReactNode }): ReactNode {
  return createElement(FlagContext.Provider, { value: client }, children);
}

/** A client that lives as long as the component; another address or key, or switching off, is another client. */
function OwnClientProvider({ options, children }: { readonly options: ClientOptions; readonly children?: ReactNode }): ReactNode {
  const { url, clientKey, enabled, context } = options;
  const [held, setHeld] = useState(() => hold(options));
  const isRight = held.url === url && held.clientKey === clientKey && held.enabled === enabled;

  // biome-ignore lint/correctness/useExhaustiveDependencies: callers write `options` in place, a new object at each rendering
  useEffect(() => {
    // Gone, because the component was hidden and is shown again; or another one is wanted.
    if (held.closed || !isRight) return setHeld(hold(options));
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
  useEffect(() => {
    if (!held.closed && isRight) void (context ? held.client.setContext(context) : held.client.ready());
  }, [held, isRight, context]);
  return createElement(FlagContext.Provider, { value: held.client }, children);
}

interface Held {
  readonly client: FlagClient;
  readonly url: string;
  readonly clientKey: string;
  readonly enabled: boolean | undefined;
  mounts: number;
  closed: boolean;
}

/** A client that asks for nothing before somebody below subscribes: rendering may be done in vain, or on a server. */
function hold(options: ClientOptions): Held {
  const { url, clientKey, enabled } = options;
  return { client: createClient({ ...options, lazy: true }), url, clientKey, enabled, mounts: 0, closed: false };
}
