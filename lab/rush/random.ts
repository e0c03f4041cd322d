/** Draws the next number, at least 0 and below 1. */
export type Random = () => number;

/** Mulberry32 (Tommy Ettinger, 2017): a small generator whose 32-bit seed fixes everything it will ever draw. */
export function mulberry32(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 1 to `most`. */
export function drawUpTo(random: Random, most: number): number {
  return 1 + Math.floor(random() * most);
}

/** Puts the values into a random order, in place (Fisher and Yates). */
export function shuffle<Value>(values: Value[], random: Random): Value[] {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [values[last], values[other]];
    if (a !== undefined && b !== undefined) [values[last], values[other]] = [b, a];
  }
  return values;
}
