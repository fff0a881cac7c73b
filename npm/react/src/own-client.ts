/** The client that a provider makes of its options, and what follows when they change. */
import { type ClientChange, type ClientOptions, createClient, type FlagClient } from '@twinflag/client';
import { type Bootstrap, bootstrap } from '@twinflag/client/bootstrap';

/** The options of a client that a provider makes. */
export interface FlagProviderOptions extends Omit<ClientOptions, 'bootstrap' | 'lazy'> {
  /**
   * The answers that the page's server gave for `context`, as `bootstrap` of `@twinflag/server` makes them: what is rendered on the server and
   * first in the page. It counts when the client is made.
   */
  readonly bootstrap?: Bootstrap | string | null | undefined;
}

type Listener = (change: ClientChange) => void;

export interface OwnClient {
  readonly client: FlagClient;
  /** The value that the provider gives to the components below it. */
  readonly provided: { readonly client: FlagClient };
  /** How often the provider is mounted at present. */
  mounts: number;
  closed: boolean;
  /** Returns true unless an option has changed that takes another client. */
  isFor(options: FlagProviderOptions): boolean;
  /** Takes the options of a rendering, and returns another `provided` if their context is another one. Listeners hear of it afterwards. */
  take(options: FlagProviderOptions): { readonly client: FlagClient };
  /** Asks the edge again if another token vouches for the visitor, or none any more. @param token the token; true for a function */
  vouch(token: string | true | undefined): void;
}

/**
 * The clients of providers that were suspended before they were mounted, for which React remembers nothing: rendered anew, a provider takes the
 * one for the same options and context. Of more than 10 the oldest is closed.
 */
const waiting: { readonly held: OwnClient; readonly context: unknown }[] = [];
const MOST_WAITING = 10;

/** A provider has mounted its client, so that React remembers it. */
export function isMounted(held: OwnClient): void {
  const place = waiting.findIndex(each => each.held === held);
  if (place >= 0) waiting.splice(place, 1);
}

/** A client that asks for nothing before somebody below subscribes: rendering may be done in vain, or on a server. */
export function hold(options: FlagProviderOptions): OwnClient {
  const context = textOf(options.context ?? {});
  return waiting.find(each => each.context === context && !each.held.closed && each.held.isFor(options))?.held ?? make(options);
}

function make(options: FlagProviderOptions): OwnClient {
  let latest = options,
    context = textOf(options.context ?? {}),
    token = typeof options.identityToken === 'function' ? true : options.identityToken,
    isRendering = false;
  const key = keyOf(options);
  const own = createClient({
    ...options,
    bootstrap: bootstrap(options.bootstrap),
    lazy: true,
    logger: options.logger && { warn: message => latest.logger?.warn(message) },
    fetch: (...request) => (latest.fetch ?? globalThis.fetch)(...request),
    identityToken: () => {
      const { identityToken = '' } = latest;
      return typeof identityToken === 'function' ? identityToken() : identityToken;
    },
  });
  const subscribe = own.subscribe as (first: unknown, second?: unknown) => () => void;
  /** A rendering may set no state of another component: a listener that is called during one is called right after it. */
  const listen = (first: string | Listener, second?: Listener) => {
    if (!('window' in globalThis))
      throw new Error(`a server that renders asks for nothing, and its bootstrap has no flag "${String(first)}"`);
    if (held.mounts === 0 && !held.closed && !waiting.some(each => each.held === held)) {
      waiting.push({ held, context });
      if (waiting.length > MOST_WAITING) close(waiting.shift()!.held);
    }
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
  const held: OwnClient = {
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
  return held;
}

/** Closes a client that no provider has mounted. */
export function close(held: OwnClient): void {
  if (held.mounts > 0) return;
  held.closed = true;
  held.client.close();
}

/**
 * The options that take another client, as text. Functions and loggers may be others at each rendering: of the former it counts if they are there, and
 * the latest logger is told.
 */
const keyOf = ({
  context: _,
  identityToken: __,
  fetch: ___,
  bootstrap: ____,
  logger,
  outcomes,
  storage,
  tabs,
  ...rest
}: FlagProviderOptions) => JSON.stringify([rest, !!logger, !!outcomes, !!storage, !!tabs]);

/** A context as text, to compare by value; one that is no JSON is another one each time. */
function textOf(context: unknown): string | symbol {
  try {
    return JSON.stringify(context);
  } catch {
    return Symbol();
  }
}
