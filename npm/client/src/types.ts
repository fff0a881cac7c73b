/** Why a value was answered; OpenFeature's words, but for `PREREQUISITE_FAILED`. */
export type Reason = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'PREREQUISITE_FAILED' | 'ERROR';

/** What went wrong. */
export type ErrorCode = 'FLAG_NOT_FOUND' | 'TYPE_MISMATCH' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'PROVIDER_NOT_READY';

/** Which level of the hierarchy answered. */
export type Layer = 'kill' | 'customer' | 'organization' | 'rollout' | 'target' | 'rule' | 'environment' | 'default';

/** The value of a variant; objects and lists are frozen. */
export type FlagValue = boolean | string | number | object;

/** The metadata that a flag carries with its answers; frozen. */
export type FlagMetadata = Readonly<Record<string, string | number | boolean>>;

/** An attribute of a context. */
export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly AttributeValue[]
  | { readonly [name: string]: AttributeValue };

/** What is known of whoever asks. `undefined` is absence; `now` is ignored. */
export interface EvaluationContext {
  readonly targetingKey?: string;
  readonly customerId?: AttributeValue;
  readonly organizationId?: AttributeValue;
  readonly userId?: AttributeValue;
  readonly sessionId?: AttributeValue;
  readonly [attribute: string]: AttributeValue;
}

/** The answer to one question. */
export interface EvaluationDetails<T = FlagValue> {
  /** The variant's value, or the caller's default. */
  readonly value: T;
  /** Absent where the caller's default is answered. */
  readonly variant?: string;
  readonly reason: Reason;
  readonly errorCode?: ErrorCode;
  /** Absent for errors. */
  readonly layer?: Layer;
  /** The bucket that the answering step compared, 0 to 99,999. */
  readonly bucket?: number;
  /**
   * The index of the step that answered, or in which the error arose, counted as if the flag had every step: 0 disabled, 1 rolled
   * back, 2 prerequisites, 3 the customer's override, 4 the organization's, 5 deny list, 6 allow list, 7 the first target; then
   * targets, rules, percentage, the environment's default, the flag's. Only where it is asked for, and absent where none was reached.
   */
  readonly step?: number;
  /** Absent where the flag has none, and for INVALID_CONTEXT, PROVIDER_NOT_READY and an unknown flag. */
  readonly metadata?: FlagMetadata;
}
