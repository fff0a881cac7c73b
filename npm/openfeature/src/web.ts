/**
 * OpenFeature's provider for pages: flags are evaluated in the page, by `@twinflag/client`.
 *
 * ```ts
 * await OpenFeature.setContext({ targetingKey: 'ada', customerId: 'c-1' });
 * await OpenFeature.setProviderAndWait(new TwinflagWebProvider({ url: 'https://flags.example.com', clientKey: 'tf_client_…' }));
 * ```
 *
 * With the option `bootstrap` the provider is ready at once, with the answers that the page's server gave for that context.
 */
import {
  ClientProviderEvents,
  type EvaluationContext,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderFatalError,
  ProviderNotReadyError,
  type ResolutionDetails,
} from '@openfeature/web-sdk';
import {
  type ClientOptions,
  createClient,
  EdgeRefused,
  type FlagClient,
  type EvaluationContext as TwinflagContext,
} from '@twinflag/client';

import { isRefusal, resolutionOf } from './resolution.js';
import { statusTeller } from './status.js';

export class TwinflagWebProvider implements Provider {
  readonly metadata = { name: 'twinflag-web' };
  readonly runsOn = 'client';
  readonly events = new OpenFeatureEventEmitter();
  readonly #options: Omit<ClientOptions, 'context' | 'lazy'>;
  #client: FlagClient | undefined;
  /** The context that the client is made with. */
  #first: TwinflagContext = {};
  #unsubscribe: (() => void) | undefined;

  /**
   * @param options how to reach the edge; OpenFeature gives the context, for which the answers of `bootstrap` are
   * @throws {RangeError} for an option outside its bounds; beside a bootstrap, when the client is made
   */
  constructor(options: Omit<ClientOptions, 'context' | 'lazy'>) {
    this.#options = options;
    // The answers of a bootstrap are for the context that the client is made with, which comes with `initialize`.
    if (!options.bootstrap) void this.client;
  }

  /** The flags that the provider answers from. Read before OpenFeature has set the provider, it counts a bootstrap as that of an empty context. */
  get client(): FlagClient {
    return (this.#client ??= createClient({ ...this.#options, context: this.#first, lazy: true }));
  }

  async initialize(context: EvaluationContext = {}): Promise<void> {
    if (this.#client) await this.#client.setContext(context as TwinflagContext);
    else this.#first = context as TwinflagContext;
    await this.client.ready();
    const { status } = this.client;
    const tell = statusTeller(status, {
      stale: () => this.events.emit(ClientProviderEvents.Stale, { message: 'the edge cannot confirm the answers' }),
      ready: () => this.events.emit(ClientProviderEvents.Ready),
    });
    this.#unsubscribe ??= this.client.subscribe(({ flagKeys, status: next }) => {
      if (flagKeys.length > 0) this.events.emit(ClientProviderEvents.ConfigurationChanged, { flagsChanged: [...flagKeys] });
      tell(next);
    });
    if (status !== 'error') return;
    const { error } = this.client;
    const message = error?.message ?? 'the edge did not answer';
    throw error instanceof EdgeRefused && isRefusal(error.status) ? new ProviderFatalError(message) : new ProviderNotReadyError(message);
  }

  /** Evaluates anew: without a request if the customer and the organization stay the same. */
  onContextChange(_: EvaluationContext, next: EvaluationContext): Promise<void> {
    return this.client.setContext(next as TwinflagContext);
  }

  onClose(): Promise<void> {
    this.#unsubscribe?.();
    this.#client?.close();
    return Promise.resolve();
  }

  resolveBooleanEvaluation(flagKey: string, defaultValue: boolean): ResolutionDetails<boolean> {
    return resolutionOf(this.client.get(flagKey, defaultValue));
  }

  resolveStringEvaluation(flagKey: string, defaultValue: string): ResolutionDetails<string> {
    return resolutionOf(this.client.get(flagKey, defaultValue));
  }

  resolveNumberEvaluation(flagKey: string, defaultValue: number): ResolutionDetails<number> {
    return resolutionOf(this.client.get(flagKey, defaultValue));
  }

  resolveObjectEvaluation<T extends JsonValue>(flagKey: string, defaultValue: T): ResolutionDetails<T> {
    return resolutionOf(this.client.get(flagKey, defaultValue));
  }
}
