/** Pseudo-random draws that depend only on a seed and an index, so that a case can be repeated by its number. */
export function random(seed, index) {
  // Mulberry32. The first state mixes both numbers, so that neighbouring cases differ.
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = limit => Math.floor(next() * limit);
  return { below, chance: share => next() < share, pick: list => list[below(list.length)] };
}
