/** Limits of documents, flags, segments and contexts (sections 1 and 2). */

/** Limits of the document: one more refuses it whole. */
export const DOCUMENT = { bytes: 8_000_000, nesting: 64, flags: 5_000, segments: 5_000, valueBytes: 8_000_000, networks: 250_000 };

/** Limits of one flag or segment: one more is an error of that flag, or of every flag that uses the segment. Names are counted in bytes. */
export const FLAG = {
  rules: 256,
  targets: 256,
  variants: 1_000,
  variantName: 128,
  environments: 100,
  list: 50_000,
  conditionDepth: 16,
  metadataNames: 32,
  metadataBytes: 4_096,
};

/** Table bytes of one pattern: one more is an error of its flag. */
export const PATTERN_BYTES = 16_000;

/** Limits of a context: one more refuses it. Members and items are counted over all depths. */
export const CONTEXT = { nesting: 16, members: 1_000, items: 10_000, bytes: 65_536 };

/** How many errors of a document are told, the first ones in its order. */
export const ERRORS_TOLD = 1_000;
