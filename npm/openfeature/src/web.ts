/**
 * OpenFeature's provider for pages: flags are evaluated in the page, by `@twinflag/client`.
 *
 * ```ts
 * await OpenFeature.setContext({ targetingKey: 'ada', customerId: 'c-1' });
 * await OpenFeature.setProviderAndWait(new TwinflagWebProvider({ url: 'https://flags.example.com', clientKey: 'tf_client_…' }));
 * ```
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

export class TwinflagWebProvider implements Provider {
  readonly metadata = { name: 'twinflag-web' };
  readonly runsOn = 'client';
  readonly events = new OpenFeatureEventEmitter();
  /** The flags that the provider answers from. */
  readonly client: FlagClient;
  #unsubscribe: (() => void) | undefined;

  /** @param options how to reach the edge; OpenFeature gives the context */
  constructor(options: Omit<ClientOptions, 'context' | 'lazy'>) {
    this.client = createClient({ ...options, lazy: true });
  }

  async initialize(context: EvaluationContext = {}): Promise<void> {
    await this.client.setContext(context as TwinflagContext);
    await this.client.ready();
    let { status } = this.client;
    this.#unsubscribe ??= this.client.subscribe(({ flagKeys, status: next }) => {
      const before = status;
      status = next;
      if (flagKeys.length > 0) this.events.emit(ClientProviderEvents.ConfigurationChanged, { flagsChanged: [...flagKeys] });
      if (status === before) return;
      if (status === 'stale') this.events.emit(ClientProviderEvents.Stale, { message: 'the edge cannot confirm the answers' });
      if (status === 'ready') this.events.emit(ClientProviderEvents.Ready);
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
    this.client.close();
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
