/** Numbers of the tables and answers of `sdk-core/src/model`: in a module of their own, so that bundlers write them where they are used. */

/** The variant's number and the step's index in a decision, each plus one. */
export const TWELVE_BITS = 0xfff,
  WIDE = 2 ** 32;
/** The step of a flag whose rollout was rolled back, plus one. */
export const ROLLED_BACK = 2;
/** The number of an unknown flag. */
export const NO_FLAG = -1;
/** The numbers of INVALID_CONTEXT and PROVIDER_NOT_READY; flags tell no metadata with either. */
export const INVALID_CONTEXT = 4,
  NOT_READY = 5;
/** After so many questions for one context all flags are answered at once. */
export const FEW = 16;
/** The lower bits of a length; the upper ones hold a type. */
export const LENGTH = 0xfffffff;
/** Bytes before the program's words, and words of its head, counted back from there. */
export const WORDS = 72,
  CODE = -13,
  FLAGS = -12,
  ATTRIBUTES = -11,
  ALIASES = -10;
