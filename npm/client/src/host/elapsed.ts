/** A moment, by two clocks. */
export type Mark = readonly [wall: number, steady: number];

export function mark(): Mark {
  return [Date.now(), performance.now()];
}

/**
 * The milliseconds since a mark, by the clock that counted more of them: the steady one may stand still while the machine sleeps, and
 * the wall clock may be set back.
 */
export function since([wall, steady]: Mark): number {
  return Math.max(Date.now() - wall, performance.now() - steady);
}
