/** The nine features of the widget, each behind a flag that is read while the widget runs. */
import type { FlagClient, Unsubscribe } from '@twinflag/client';

import type { ChatWidgetFeatureFlags } from './flags.js';

type Phases = ChatWidgetFeatureFlags['sessionPersistence'];
type NameIn<Phase extends keyof Phases> = keyof Phases[Phase] & string;
/** The name of each feature with its path in the tree. */
type Paths = {
  [Phase in keyof Phases]: { [Name in NameIn<Phase>]: [Name, `sessionPersistence.${Phase}.${Name}`] }[NameIn<Phase>];
}[keyof Phases];

/** The flag key of each feature. The phases are those of the rollout: stable, beta, experimental. */
export const FLAG_KEYS = {
  parentStorage: 'sessionPersistence.phase1.parentStorage',
  crossDomainMessaging: 'sessionPersistence.phase1.crossDomainMessaging',
  autoRestore: 'sessionPersistence.phase1.autoRestore',
  enhancedStorage: 'sessionPersistence.phase2.enhancedStorage',
  connectionMonitoring: 'sessionPersistence.phase2.connectionMonitoring',
  retryLogic: 'sessionPersistence.phase2.retryLogic',
  tabSync: 'sessionPersistence.phase3.tabSync',
  performanceMode: 'sessionPersistence.phase3.performanceMode',
  analytics: 'sessionPersistence.phase3.analytics',
} as const satisfies { [Path in Paths as Path[0]]: Path[1] };

export type Feature = keyof typeof FLAG_KEYS;

/** The features that are on while the flag server has not answered: those of phase 1. */
const ON_BY_DEFAULT: ReadonlySet<Feature> = new Set(['parentStorage', 'crossDomainMessaging', 'autoRestore']);

/** A feature that went on or off. */
export interface FeatureChange {
  readonly isOn: boolean;
  /** The flag's `metadata.notice`, where an operator left a text for people whose feature went away. */
  readonly notice?: string | undefined;
}

/** The state of the features for this visitor. */
export class Features {
  readonly #client: FlagClient;
  readonly #subscriptions: Unsubscribe[] = [];

  constructor(client: FlagClient) {
    this.#client = client;
  }

  isOn(feature: Feature): boolean {
    return this.#client.getValue(FLAG_KEYS[feature], ON_BY_DEFAULT.has(feature));
  }

  /** Calls the listener when the feature goes on or off; `close` ends the subscription. */
  watch(feature: Feature, listener: (change: FeatureChange) => void): void {
    let isOn = this.isOn(feature);
    const look = () => {
      if (this.isOn(feature) === isOn) return;
      isOn = !isOn;
      const notice = this.#client.get(FLAG_KEYS[feature], isOn).metadata?.notice;
      listener({ isOn, notice: !isOn && typeof notice === 'string' ? notice : undefined });
    };
    this.#subscriptions.push(this.#client.subscribe(FLAG_KEYS[feature], look));
  }

  /** Reports that a feature failed, as an outcome of its flag; enough of them roll the feature back. */
  fail(feature: Feature, reason: unknown): void {
    this.#client.fail(FLAG_KEYS[feature], reason);
  }

  /** Reports an event of the visitor, if the feature `analytics` is on. */
  track(event: string, metadata?: Readonly<Record<string, unknown>>): void {
    if (this.isOn('analytics')) this.#client.track(event, metadata, FLAG_KEYS.analytics);
  }

  close(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
  }
}
