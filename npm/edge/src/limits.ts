/** The bounds of requests to a worker: in a module without imports, so that the numbers are written where they are used. */

/** The longest answer, in bytes: four times the largest document. */
export const LONGEST_ANSWER = 32_000_000;
/** The failures in a row after which requests are held back. */
export const OPENS_AT = 5;
/** The most workers whose breakers are kept. */
export const MOST_BREAKERS = 64;
