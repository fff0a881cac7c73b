/** The pause after this many failures in a row: up to twice as long after each, and anything from nothing to that, so that pages do not come at once. */
export function pauseMs(failures: number, first: number, longest: number): number {
  return Math.random() * Math.min(longest, first * 2 ** (failures - 1));
}
