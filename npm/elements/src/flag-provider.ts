import { type ClientOptions, createClient, type EvaluationContext, type FlagClient } from '@twinflag/client';
import { type Bootstrap, bootstrap, type FirstAnswers, pageBootstrap } from '@twinflag/client/bootstrap';

import { type AnyContextRequest, type ClientCallback, ContextProviderEvent, FLAG_CLIENT } from './context-request.js';
import { ElementBase } from './element-base.js';
import { takeProperties } from './take-properties.js';

/** Options of the client that have no attribute. */
export type MoreOptions = Omit<ClientOptions, 'url' | 'clientKey' | 'context' | 'enabled' | 'bootstrap' | 'lazy'>;

const PROPERTIES = ['options', 'bootstrap', 'context', 'url', 'clientKey', 'disabled', 'client'];

/**
 * `<flag-provider url="…" client-key="tf_client_…" context='{"customerId":"c-1"}'>`: a client for all elements inside.
 *
 * Each attribute is a property, too, and the one that is set last counts. Another `context` is another visitor; another `url`, `clientKey` or
 * `options` another client. `disabled` switches all flags off: every flag is its default, and nothing is asked. Or a client of the page's own
 * making: `provider.client = createClient(…)`, which stays the page's to close.
 */
export class FlagProviderElement extends ElementBase {
  static readonly observedAttributes = ['url', 'client-key', 'context', 'disabled'];

  #client: FlagClient | undefined;
  /** Whether the client was made here. */
  #isOwn = false;
  /** Whether it was connected: an element that is upgraded hears of its attributes first. */
  #isPlaced = false;
  /** True while the provider is to make another client in this turn. */
  #isDue = false;
  /** The context that was set as a property, until the attribute is. */
  #context: EvaluationContext | undefined;
  #bootstrap: Bootstrap | string | undefined;
  #options: MoreOptions | undefined;
  /** True once the provider has made a client. */
  #isBegun = false;
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

  /** The flag server's address. */
  get url(): string {
    return this.getAttribute('url') ?? '';
  }

  set url(url: string) {
    this.setAttribute('url', url);
  }

  /** The publishable key. */
  get clientKey(): string {
    return this.getAttribute('client-key') ?? '';
  }

  set clientKey(clientKey: string) {
    this.setAttribute('client-key', clientKey);
  }

  /**
   * True if all flags are switched off. The attribute's presence counts, but for the text `false`: frameworks that remove a false attribute, and those
   * that write it out, mean the same.
   */
  get disabled(): boolean {
    return (this.getAttribute('disabled') ?? 'false') !== 'false';
  }

  set disabled(disabled: boolean | string) {
    if (disabled && disabled !== 'false') this.setAttribute('disabled', '');
    else this.removeAttribute('disabled');
  }

  /** The visitor who asks; as an attribute, JSON. */
  get context(): EvaluationContext {
    return this.#context ?? this.#written();
  }

  set context(context: EvaluationContext | string | undefined) {
    if (typeof context === 'string') this.setAttribute('context', context);
    else {
      this.#context = context ?? {};
      this.#identify();
    }
  }

  /**
   * The answers that the page's server gave for the context, also as JSON text; or the id of the element that `bootstrapScript` wrote. The first client that
   * the provider makes begins with them.
   */
  get bootstrap(): Bootstrap | string | undefined {
    return this.#bootstrap ?? this.getAttribute('bootstrap') ?? undefined;
  }

  set bootstrap(given: Bootstrap | string | undefined) {
    this.#bootstrap = given;
  }

  /** More options of the client, such as `outcomes` and `refresh`; the same object is no change. */
  get options(): MoreOptions | undefined {
    return this.#options;
  }

  set options(options: MoreOptions | undefined) {
    if (options === this.#options) return;
    this.#options = options;
    this.#remake();
  }

  connectedCallback(): void {
    takeProperties(this, PROPERTIES);
    this.#isPlaced = true;
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
    if (before === now) return;
    if (name === 'context') {
      this.#context = undefined;
      this.#identify();
    } else if (name === 'disabled') {
      // A switch that is thrown takes effect now.
      if (this.#isPlaced && (this.#isOwn || !this.#client)) this.#make();
    } else this.#remake();
  }

  #identify(): void {
    if (this.#isPlaced && this.#isOwn) void this.#client?.setContext(this.context);
  }

  /** Another client after this turn: frameworks set one property after the other. */
  #remake(): void {
    if (!this.#isPlaced || this.#isDue || (this.#client && !this.#isOwn)) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (this.#isPlaced && (this.#isOwn || !this.#client)) this.#make();
    });
  }

  #make(): void {
    const { url, clientKey, disabled, context } = this;
    if (!disabled && !(this.hasAttribute('url') && this.hasAttribute('client-key'))) return;
    this.#take(createClient({ ...this.#options, url, clientKey, enabled: !disabled, context, bootstrap: this.#begin() }), true);
  }

  /** The answers to begin with, once: they are those of the visitor that the page was rendered for. */
  #begin(): FirstAnswers | undefined {
    const { bootstrap: given } = this;
    if (this.#isBegun) return undefined;
    this.#isBegun = true;
    const isId = typeof given === 'string' && !given.trimStart().startsWith('{');
    return isId ? pageBootstrap(given) : bootstrap(given);
  }

  /** The context of the attribute. */
  #written(): EvaluationContext {
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
    // An element below gets the client of this provider, even where there is none yet.
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
