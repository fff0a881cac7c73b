/** How long to wait after failures: up to twice as long after each, anything from nothing to that, so that pages do not come at once. */
export function pauseMs(failures: number, first: number, longest: number): number {
  return Math.random() * Math.min(longest, first * 2 ** (failures - 1));
}
