/**
 * OpenFeature's provider for servers: flags are evaluated in the process, by `@twinflag/server`.
 *
 * ```ts
 * await OpenFeature.setProviderAndWait(new TwinflagServerProvider({ url: 'https://flags.example.com', serverKey: 'tf_server_…' }));
 * ```
 */
import {
  type EvaluationContext,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderFatalError,
  ProviderNotReadyError,
  type ResolutionDetails,
  ServerProviderEvents,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import { createServerClient, type ServerClient, type ServerOptions, type EvaluationContext as TwinflagContext } from '@twinflag/server';

import { isRefusal, resolutionOf } from './resolution.js';

export class TwinflagServerProvider implements Provider {
  readonly metadata = { name: 'twinflag-server' };
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  /** The flags that the provider answers from. */
  readonly client: ServerClient;
  #unsubscribe: (() => void) | undefined;

  /** @param client the flags of this process, or how to reach the flag server; `onClose` closes them */
  constructor(client: ServerClient | ServerOptions = {}) {
    this.client = 'getDetails' in client ? client : createServerClient(client);
  }

  async initialize(): Promise<void> {
    await this.client.ready();
    let [status, version] = [this.client.status, this.client.version];
    this.#unsubscribe ??= this.client.subscribe(() => {
      const before = status;
      status = this.client.status;
      if (this.client.version !== version) {
        version = this.client.version;
        this.events.emit(ServerProviderEvents.ConfigurationChanged);
      }
      if (status === before) return;
      if (status === 'stale') this.events.emit(ServerProviderEvents.Stale, { message: 'the flag server cannot confirm the rules' });
      if (status === 'ready') this.events.emit(ServerProviderEvents.Ready);
    });
    if (this.client.version !== undefined) return;
    const { error } = this.client;
    const message = error?.message ?? 'the flag server did not answer in time';
    throw isRefusal(error?.status) ? new ProviderFatalError(message) : new ProviderNotReadyError(message);
  }

  async onClose(): Promise<void> {
    this.#unsubscribe?.();
    await this.client.close();
  }

  resolveBooleanEvaluation(flagKey: string, defaultValue: boolean, context: EvaluationContext) {
    return this.#resolve(flagKey, defaultValue, context);
  }

  resolveStringEvaluation(flagKey: string, defaultValue: string, context: EvaluationContext) {
    return this.#resolve(flagKey, defaultValue, context);
  }

  resolveNumberEvaluation(flagKey: string, defaultValue: number, context: EvaluationContext) {
    return this.#resolve(flagKey, defaultValue, context);
  }

  resolveObjectEvaluation<T extends JsonValue>(flagKey: string, defaultValue: T, context: EvaluationContext) {
    return this.#resolve(flagKey, defaultValue, context);
  }

  /** Reports an event as an outcome of the flag that `details.flag` names; an event without one concerns no flag, and is not sent. */
  track(event: string, context: EvaluationContext, details: TrackingEventDetails = {}): void {
    const { flag, ...metadata } = details;
    const { sessionId, userId, targetingKey } = context;
    const unit = [sessionId, userId, targetingKey].find(id => typeof id === 'string' && id !== '');
    if (typeof flag === 'string' && typeof unit === 'string') this.client.track({ flag, unit, event, metadata });
  }

  async #resolve<T>(flagKey: string, defaultValue: T, context: EvaluationContext): Promise<ResolutionDetails<T>> {
    return resolutionOf(await this.client.getDetails(flagKey, defaultValue, context as TwinflagContext));
  }
}
