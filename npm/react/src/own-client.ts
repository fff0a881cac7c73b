/** The client that a provider makes of its options, and what follows when they change. */
import { type ClientChange, type ClientOptions, createClient, type FlagClient } from '@twinflag/client';

type Listener = (change: ClientChange) => void;

export interface OwnClient {
  readonly client: FlagClient;
  /** What the components below are given. */
  readonly provided: { readonly client: FlagClient };
  /** How often the provider is mounted at present. */
  mounts: number;
  closed: boolean;
  /** Returns true unless an option has changed that takes another client. */
  isFor(options: ClientOptions): boolean;
  /** Takes the options of a rendering, and returns another `provided` if their context is another one. Listeners hear of it afterwards. */
  take(options: ClientOptions): { readonly client: FlagClient };
  /** Asks the edge again if another token vouches for the visitor, or none any more. @param token the token; true for a function */
  vouch(token: string | true | undefined): void;
}

/** A client that asks for nothing before somebody below subscribes: rendering may be done in vain, or on a server. */
export function hold(options: ClientOptions): OwnClient {
  let latest = options,
    context = textOf(options.context ?? {}),
    token = typeof options.identityToken === 'function' ? true : options.identityToken,
    isRendering = false;
  const key = keyOf(options);
  const own = createClient({
    ...options,
    lazy: true,
    fetch: (...request) => (latest.fetch ?? globalThis.fetch)(...request),
    identityToken: () => {
      const { identityToken = '' } = latest;
      return typeof identityToken === 'function' ? identityToken() : identityToken;
    },
  });
  const subscribe = own.subscribe as (first: unknown, second?: unknown) => () => void;
  /** A rendering may set no state of another component: a listener that is called during one is called right after it. */
  const listen = (first: string | Listener, second?: Listener) => {
    const listener = (second ?? first) as Listener;
    let isOver = false;
    const heard: Listener = change => {
      if (isRendering) queueMicrotask(() => isOver || listener(change));
      else listener(change);
    };
    const stop = second ? subscribe(first, heard) : subscribe(heard);
    return () => {
      isOver = true;
      stop();
    };
  };
  const client = Object.create(own, { subscribe: { value: listen } }) as FlagClient;
  let provided = { client };
  return {
    client,
    get provided() {
      return provided;
    },
    mounts: 0,
    closed: false,
    isFor: wanted => keyOf(wanted) === key,
    take(wanted) {
      latest = wanted;
      const next = textOf(wanted.context ?? {});
      if (next !== context) {
        context = next;
        isRendering = true;
        void own.setContext(wanted.context ?? {});
        isRendering = false;
        provided = { client };
      }
      return provided;
    },
    vouch(wanted) {
      if (wanted !== token) void own.refresh();
      token = wanted;
    },
  };
}

/** The options that take another client, as text. */
const keyOf = ({ context: _, identityToken: __, fetch: ___, ...rest }: ClientOptions) => JSON.stringify(rest);

/** A context as text, to compare by value; one that is no JSON is another one each time. */
function textOf(context: unknown): string | symbol {
  try {
    return JSON.stringify(context);
  } catch {
    return Symbol();
  }
}
