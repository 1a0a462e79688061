/** A number in [0, 1), the next of a seeded sequence. */
export type Draw = () => number;

/** Numbers by xorshift32: the same in every run. */
export function drawsOf(seed: number): Draw {
  let word = (seed * 2_654_435_761 + 88_172_645) >>> 0 || 1;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    word >>>= 0;
    return word / 2 ** 32;
  };
}

export function oneOf<T>(items: readonly T[], draw: Draw): T {
  return items[Math.floor(draw() * items.length)] as T;
}
