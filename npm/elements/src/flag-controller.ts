import type { FlagClient, FlagDetails } from '@twinflag/client';

import { ContextRequestEvent } from './context-request.js';

/**
 * A flag for one's own element: finds the provider above it and follows one flag.
 *
 * ```ts
 * class MyElement extends HTMLElement {
 *   #flag = new FlagController(this, 'new_checkout', false, ({ value }) => this.toggleAttribute('new', value));
 *   connectedCallback() { this.#flag.hostConnected(); }
 *   disconnectedCallback() { this.#flag.hostDisconnected(); }
 * }
 * ```
 *
 * Lit calls the two by itself: `this.addController(new FlagController(…))`.
 */
export class FlagController<T = boolean> {
  readonly #host: HTMLElement;
  readonly #flagKey: string;
  readonly #defaultValue: T;
  readonly #changed: (details: FlagDetails<T>) => void;
  #client: FlagClient | undefined;
  #details: FlagDetails<T>;
  #unfollow: (() => void) | undefined;
  #unprovide: (() => void) | undefined;
  /** True once the controller has called `changed` since the document connected the element. */
  #told = false;

  /** @param changed called when the element is connected, and whenever the answer is another one */
  constructor(host: HTMLElement, flagKey: string, defaultValue: T, changed: (details: FlagDetails<T>) => void = () => undefined) {
    this.#host = host;
    this.#flagKey = flagKey;
    this.#defaultValue = defaultValue;
    this.#changed = changed;
    this.#details = { value: defaultValue, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY', pending: true };
  }

  /** The answer; before there is a provider, the default. */
  get details(): FlagDetails<T> {
    return this.#details;
  }

  /** The value. */
  get value(): T {
    return this.#details.value;
  }

  /** True if the value is `true`. */
  get enabled(): boolean {
    return this.#details.value === true;
  }

  /** True while the client waits for its first answer, and while there is no provider. */
  get loading(): boolean {
    return this.#details.pending ?? false;
  }

  /** The provider's client, once it is found. */
  get client(): FlagClient | undefined {
    return this.#client;
  }

  hostConnected(): void {
    this.#told = false;
    this.#ask();
    // A provider that has an answer gave it; what is shown first is not that there is none.
    if (!this.#told) this.#tell(this.#details);
  }

  hostDisconnected(): void {
    document.removeEventListener('context-provider', this.#ask);
    this.#unprovide?.();
    this.#unfollow?.();
    this.#client = this.#unprovide = this.#unfollow = undefined;
  }

  /** Asks for a client; where nobody answers, again when a provider comes. */
  readonly #ask = (): void => {
    document.removeEventListener('context-provider', this.#ask);
    this.#host.dispatchEvent(new ContextRequestEvent(this.#host, this.#follow, true));
    if (!this.#client) document.addEventListener('context-provider', this.#ask);
  };

  readonly #follow = (client: FlagClient, unsubscribe?: () => void): void => {
    document.removeEventListener('context-provider', this.#ask);
    if (!this.#host.isConnected) {
      unsubscribe?.();
      return;
    }
    // A nearer provider has answered; unsubscribe from the previous one.
    if (unsubscribe !== this.#unprovide) this.#unprovide?.();
    this.#unprovide = unsubscribe;
    this.#unfollow?.();
    this.#client = client;
    this.#unfollow = client.subscribe(this.#flagKey, this.#read);
    this.#read();
  };

  #tell(details: FlagDetails<T>): void {
    this.#details = details;
    this.#told = true;
    this.#changed(details);
  }

  readonly #read = (): void => {
    const details = this.#client!.get(this.#flagKey, this.#defaultValue);
    if (details === this.#details) return;
    this.#tell(details);
    (this.#host as { requestUpdate?(): void }).requestUpdate?.();
  };
}
