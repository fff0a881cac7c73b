/** The bounds of a client's memory and waiting: in a module without imports, so that bundlers write the numbers where they are used. */

/** The longest program, in bytes: `MAX_PROGRAM_BYTES` in `sdk-core/src/program/wire.rs`. An engine gives memory that it once asked for never back. */
export const LONGEST_PROGRAM = 16e6;
/** The highest format of programs that the engine reads: `FORMAT` in `sdk-core/src/program/wire.rs`. */
export const FORMAT = 2;
/** The length of `ENGINES` in `sdk-wasm/src/runner.rs`: an instance of the module answers nothing to a higher number. */
export const ENGINES = 64;
/** The longest wait of `ready()`, in milliseconds. */
export const READY_MS = 3000;

/**
 * The flag keys whose answers are kept, and the defaults for which an answer without a variant is kept; a program has at most 5,000 flags. The
 * oldest one goes for the next: a page that makes up keys or defaults, such as a text with the time in it, holds no more.
 */
export const MOST_KEYS = 10_000,
  MOST_DEFAULTS = 100;

/** Answers are stale when so many intervals have passed without one that could be confirmed. */
export const STALE_INTERVALS = 3;
/** The shortest time between two questions that signals cause: a page that is seen again often sends several at once. */
export const SIGNAL_GAP_MS = 1000;
/** When a network comes back, pages behind it ask within this time, rather than at once. */
export const ONLINE_SPREAD_MS = 1000;
/** The pause after an answer that the same question will get again, such as 401: the edge may be repaired, its key restored. */
export const REFUSED_MS = 300_000;

/** The number of outcomes that are sent without waiting for `flushMs`. */
export const MANY_OUTCOMES = 100;
/** The most exposures that are remembered, and the most units whose receipts are. */
export const MOST_EXPOSED = 10_000,
  MOST_RECEIPTS = 100;
/** An own event that names no flag is reported for so many of the flags that the unit saw, the latest ones. */
export const MOST_TRACKED = 50;
/** The first and the longest pause after a failure to send outcomes, and the longest wait for an answer. */
export const RETRY_MS = 1000,
  MAX_RETRY_MS = 60_000,
  ANSWER_MS = 10_000;

/** The longest time for which a program is kept, and the usual one, in milliseconds. */
export const LONGEST_AGE_MS = 366 * 86_400_000,
  USUAL_AGE_MS = 30 * 86_400_000;
