import { createClient, type EvaluationContext, type FlagClient } from '@twinflag/client';

import { type AnyContextRequest, type ClientCallback, ContextProviderEvent, FLAG_CLIENT } from './context-request.js';
import { ElementBase } from './element-base.js';

/**
 * `<flag-provider url="…" client-key="tf_client_…" context='{"customerId":"c-1"}'>`: a client for all elements inside.
 *
 * Another `context` is another visitor; another `url` or `client-key` another client. `enabled="false"` switches all flags off:
 * every flag is its default, and nothing is asked. Or a client of the page's own making:
 * `provider.client = createClient(…)`, which stays the page's to close.
 */
export class FlagProviderElement extends ElementBase {
  static readonly observedAttributes = ['url', 'client-key', 'context', 'enabled'];

  #client: FlagClient | undefined;
  /** Whether the client was made here. */
  #isOwn = false;
  /** Whether it was connected: an element that is upgraded hears of its attributes first. */
  #isPlaced = false;
  readonly #consumers = new Set<ClientCallback>();

  constructor() {
    super();
    this.addEventListener('context-request', this.#answer as EventListener);
  }

  /** The client; absent before the element is connected with an address and a key. */
  get client(): FlagClient | undefined {
    return this.#client;
  }

  set client(client: FlagClient | undefined) {
    this.#take(client, false);
  }

  connectedCallback(): void {
    this.#isPlaced = true;
    if (Object.hasOwn(this, 'client')) {
      // Set before the element was defined.
      const { client } = this;
      delete (this as { client?: unknown }).client;
      this.client = client;
    }
    if (!this.#client) this.#make();
    else this.#announce();
  }

  disconnectedCallback(): void {
    this.#isPlaced = false;
    // An element that is moved is connected again at once.
    queueMicrotask(() => {
      if (!this.isConnected && this.#isOwn) this.#take(undefined, false);
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#isPlaced) return;
    if (name === 'context') void (this.#isOwn && this.#client?.setContext(this.#context()));
    else if (this.#isOwn || !this.#client) this.#make();
  }

  #make(): void {
    const url = this.getAttribute('url'),
      clientKey = this.getAttribute('client-key'),
      enabled = this.getAttribute('enabled') !== 'false';
    if (enabled && (url === null || clientKey === null)) return;
    this.#take(createClient({ url: url ?? '', clientKey: clientKey ?? '', enabled, context: this.#context() }), true);
  }

  #context(): EvaluationContext {
    const text = this.getAttribute('context');
    if (!text) return {};
    try {
      return JSON.parse(text) as EvaluationContext;
    } catch (error) {
      console.error('<flag-provider>: its context is no JSON', error);
      // No context at all: the engine says so of every flag.
      return null as unknown as EvaluationContext;
    }
  }

  #take(client: FlagClient | undefined, isOwn: boolean): void {
    if (this.#isOwn) this.#client?.close();
    this.#client = client;
    this.#isOwn = isOwn;
    if (!client) return;
    for (const consumer of [...this.#consumers]) this.#give(consumer, true);
    this.#announce();
  }

  #announce(): void {
    if (this.isConnected) this.dispatchEvent(new ContextProviderEvent(this));
  }

  readonly #answer = (event: AnyContextRequest): void => {
    if (event.context !== FLAG_CLIENT || event.composedPath()[0] === this) return;
    // Who asks us gets its client from us, even where there is none yet.
    event.stopImmediatePropagation();
    if (event.subscribe) this.#consumers.add(event.callback);
    if (this.#client) this.#give(event.callback, event.subscribe);
  };

  #give(callback: ClientCallback, subscribed?: boolean): void {
    if (subscribed) callback(this.#client!, this.#forget(callback));
    else callback(this.#client!);
  }

  readonly #forgetting = new WeakMap<ClientCallback, () => void>();

  /** For one consumer always the same function: by it the consumer tells providers apart. */
  #forget(callback: ClientCallback): () => void {
    let forget = this.#forgetting.get(callback);
    if (!forget) this.#forgetting.set(callback, (forget = () => void this.#consumers.delete(callback)));
    return forget;
  }
}
