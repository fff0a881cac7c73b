/** One error of a document, with its place. */
export interface DocumentFault {
  /** The place of the error: a JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly message: string;
}

/** The answer to one question; `value` and `json` are absent if the answer is the caller's default. */
export interface RulesetDetails {
  readonly value?: boolean | string | number;
  /** Of a flag whose values are objects: canonical JSON text. */
  readonly json?: string;
  readonly variant?: string;
  readonly reason: 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'PREREQUISITE_FAILED' | 'ERROR';
  readonly errorCode?: 'FLAG_NOT_FOUND' | 'TYPE_MISMATCH' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'PROVIDER_NOT_READY';
  readonly layer?: 'kill' | 'customer' | 'organization' | 'rollout' | 'target' | 'rule' | 'environment' | 'default';
  /** The bucket that the answering step compared, 0 to 99,999. */
  readonly bucket?: number;
  /** The index of the step that answered, or in which the error arose, counted as if the flag had every step. */
  readonly step?: number;
  /** The flag is off because its rollout was rolled back, rather than because it is disabled. */
  readonly rolledBack?: true;
  /** The flag's metadata: canonical JSON text of an object; absent if the flag has none. */
  readonly metadata?: string;
}
