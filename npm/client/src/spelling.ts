/** The words that numbers in decisions stand for, in the order of their numbers in `sdk-core/src/model/details.rs`, counted from one. */
import type { ErrorCode, Layer, Reason } from './types.js';

export const REASONS: readonly Reason[] = ['STATIC', 'DEFAULT', 'TARGETING_MATCH', 'SPLIT', 'DISABLED', 'PREREQUISITE_FAILED'];
export const CODES: readonly ErrorCode[] = [
  'FLAG_NOT_FOUND',
  'TYPE_MISMATCH',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'PROVIDER_NOT_READY',
];
export const LAYERS: readonly Layer[] = ['kill', 'customer', 'organization', 'rollout', 'target', 'rule', 'environment', 'default'];
