/**
 * How an element finds its provider: the community's context protocol.
 *
 * Source: https://github.com/webcomponents-cg/community-protocols/blob/main/proposals/context.md
 */
import type { FlagClient } from '@twinflag/client';

/** What is asked for: the nearest provider's client. `@lit/context` takes it as a key, too. */
export const FLAG_CLIENT: symbol & { readonly __context__?: FlagClient } = Symbol.for('twinflag.client');

/** Takes the client; again when it is another one, with how to be forgotten. */
export type ClientCallback = (client: FlagClient, unsubscribe?: () => void) => void;

/** Asks upwards for a client. */
export class ContextRequestEvent extends Event {
  readonly context: unknown = FLAG_CLIENT;

  constructor(
    readonly contextTarget: Element,
    readonly callback: ClientCallback,
    readonly subscribe: boolean,
  ) {
    super('context-request', { bubbles: true, composed: true });
  }
}

/** Says that there is a provider now, for those who asked before it was there. */
export class ContextProviderEvent extends Event {
  readonly context: unknown = FLAG_CLIENT;

  constructor(readonly contextTarget: Element) {
    super('context-provider', { bubbles: true, composed: true });
  }
}

/** A request of anybody's. */
export interface AnyContextRequest extends Event {
  readonly context: unknown;
  readonly callback: ClientCallback;
  readonly subscribe?: boolean;
}
