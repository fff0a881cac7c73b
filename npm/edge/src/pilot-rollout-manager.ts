/** Steering rollouts, asking whether somebody is in, and telling what happened. */
import type { FlagWrite } from './change.js';
import { type ConnectionOptions, type Credential, complain, connect } from './connection.js';
import { asTwinflagError, TwinflagError } from './error.js';
import type { Feature, Features } from './feature.js';
import { askFlag } from './flag.js';
import { isOff } from './off-switch.js';
import { askRepeatedly } from './repeat.js';
import { type NewRollout, type RolloutConfig, type RolloutStats, rolloutOf, statsOf } from './rollout.js';
import { write } from './write.js';

/** How a manager of rollouts works. */
export interface RolloutManagerOptions extends ConnectionOptions {
  /** An operator's token, or who knows it. @default TWINFLAG_TOKEN of the environment */
  readonly token?: Credential | undefined;
  /** For whether somebody is in, and for what happened. @default TWINFLAG_SERVER_KEY of the environment */
  readonly serverKey?: Credential | undefined;
}

/** Why a step is taken. */
export interface StepOptions {
  readonly reason?: string;
  /** For whom. */
  readonly changedBy?: string;
}

/** What happened to somebody who has a feature, or has it no more. */
export interface RolloutEvent {
  readonly featureName: string;
  readonly customerId: string;
  /** The first four say how a feature does; others are kept. */
  readonly event: 'enabled' | 'disabled' | 'error' | 'rollback' | (string & {});
  /** Kept with the event. What counts is when it arrives: nobody's clock but the worker's does. */
  readonly timestamp?: Date;
  readonly variant?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Rollouts, by a flag's key or alias. Methods throw a TwinflagError where they are refused or cannot be asked. */
export interface PilotRolloutManager {
  /** Plans a rollout: `tier_0_disabled`, unless it has a percentage. */
  createRollout(rollout: NewRollout, options?: StepOptions): Promise<FlagWrite>;
  /** To the first tier. */
  startRollout(featureName: string, options?: StepOptions): Promise<FlagWrite>;
  /** To the next tier, when the present one lasted long enough and went well; with `force`, and then a reason, whatever it was like. */
  advanceRollout(featureName: string, options?: StepOptions & { readonly force?: boolean }): Promise<FlagWrite>;
  pauseRollout(featureName: string, options?: StepOptions): Promise<FlagWrite>;
  resumeRollout(featureName: string, options?: StepOptions): Promise<FlagWrite>;
  completeRollout(featureName: string, options?: StepOptions): Promise<FlagWrite>;
  /** Off for everybody. */
  rollbackRollout(featureName: string, reason: string, options?: Omit<StepOptions, 'reason'>): Promise<FlagWrite>;
  /** `undefined` where there is no such flag, or it has no rollout. */
  getRollout(featureName: string): Promise<RolloutConfig | undefined>;
  getRolloutStats(featureName: string): Promise<RolloutStats | undefined>;
  listRollouts(): Promise<readonly RolloutConfig[]>;
  /** What the flag is for a customer. Never throws: what cannot be asked is off, and `onError` is told. */
  shouldEnableFeature(featureName: string, customerId: string): Promise<boolean>;
  /** Tells what happened; it counts once. */
  recordEvent(event: RolloutEvent): Promise<void>;
}

export function createPilotRolloutManager(options: RolloutManagerOptions = {}): PilotRolloutManager {
  const { onError = complain } = options;
  const asOperator = connect(options, options.token, 'TWINFLAG_TOKEN');
  const asServer = connect(options, options.serverKey, 'TWINFLAG_SERVER_KEY');

  const take = (verb: string, body: object) => write(asOperator, `/api/admin/rollout/${verb}`, body);
  const step =
    (verb: string) =>
    (featureName: string, more: StepOptions = {}) =>
      take(verb, { ...more, featureName });
  const features = async () => (await asOperator<Features>({ path: '/api/admin/feature-flags' })).features;
  const find = async (name: string) => (await features()).find(feature => isCalled(feature, name));

  return {
    createRollout: (rollout, more = {}) => take('create', { ...more, ...rollout }),
    startRollout: step('start'),
    advanceRollout: step('advance'),
    pauseRollout: step('pause'),
    resumeRollout: step('resume'),
    completeRollout: step('complete'),
    rollbackRollout: (featureName, reason, more = {}) => take('rollback', { ...more, featureName, reason }),
    async getRollout(featureName) {
      const feature = await find(featureName);
      return feature && rolloutOf(feature);
    },
    async getRolloutStats(featureName) {
      const feature = await find(featureName);
      return feature && statsOf(feature);
    },
    listRollouts: async () => (await features()).flatMap(feature => rolloutOf(feature) ?? []),
    async shouldEnableFeature(featureName, customerId) {
      if (isOff(options.enabled)) return false;
      try {
        return (await askFlag(asServer, featureName, { targetingKey: customerId, customerId })) ?? false;
      } catch (thrown) {
        onError(asTwinflagError(thrown));
        return false;
      }
    },
    async recordEvent({ featureName, customerId, event, timestamp, variant, metadata }) {
      const told = timestamp ? { ...metadata, timestamp: timestamp.toISOString() } : metadata;
      const outcome = { id: crypto.randomUUID(), flag: featureName, unit: customerId, customerId, event, variant, metadata: told };
      const asked = { method: 'POST', path: '/v1/outcomes', body: { outcomes: [outcome] } } as const;
      const { refused } = await askRepeatedly<Taken>(asServer, asked);
      for (const { detail } of refused) throw new TwinflagError({ status: 202, code: 'OUTCOME_REFUSED', detail });
    },
  };
}

/** The answer to outcomes. */
interface Taken {
  readonly refused: readonly { readonly detail: string }[];
}

const isCalled = ({ featureName, flagPath, aliases }: Feature, name: string) => [featureName, flagPath, ...aliases].includes(name);
