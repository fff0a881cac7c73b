/** Shorthand for writing topics by hand. */

export const KEY = '000102030405060708090a0b0c0d0e0f';

/** A document with these flags; `more` adds or replaces top-level members. */
export const doc = (flags, more = {}) => ({ schema: 'twinflag/1', environment: 'production', bucketKey: KEY, ...more, flags });

/** An expectation written by hand: the answer has this layer and this variant. */
const from = (reason, layer) => (variant, value) => ({ reason, layer, variant, ...(value === undefined ? {} : { value }), errorCode: undefined });

export const killed = from('DISABLED', 'kill');
export const unmet = from('PREREQUISITE_FAILED', 'kill');
export const customer = from('TARGETING_MATCH', 'customer');
export const organization = from('TARGETING_MATCH', 'organization');
export const listed = from('TARGETING_MATCH', 'rollout');
export const targeted = from('TARGETING_MATCH', 'target');
export const ruled = from('TARGETING_MATCH', 'rule');
export const split = from('SPLIT', 'rule');
export const drawn = from('SPLIT', 'rollout');
export const environment = from('STATIC', 'environment');
export const environmentDefault = from('DEFAULT', 'environment');
export const constant = from('STATIC', 'default');
export const fallback = from('DEFAULT', 'default');
export const failed = (errorCode, value) => ({ reason: 'ERROR', errorCode, value, variant: undefined, layer: undefined });

/** A case: `ask(document, flag)(description, context, expected, more)`. */
export const ask = (document, flag) => (description, context, expected, more = {}) => ({
  description,
  document,
  flag,
  ...(context === undefined ? {} : { context }),
  ...more,
  expected,
});
