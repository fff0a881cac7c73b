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
/**
 * Flags are answered one by one for a context until the number of the questions, to this power, reaches that of the flags; then all at once.
 * So a page that reads a few flags of thousands does not wait for all, and one that reads all of them hardly waits longer.
 */
export const FEW = 3;
/** The lower bits of a length; the upper ones hold a type. */
export const LENGTH = 0xfffffff;
/** Bytes before the program's words, and words of its head, counted back from there. */
export const WORDS = 72,
  CODE = -13,
  FLAGS = -12,
  ATTRIBUTES = -11,
  ALIASES = -10;
