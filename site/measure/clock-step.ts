/** Steps of the clock that are looked at. */
const STEPS = 20;

/**
 * The smallest step of `performance.now()` in milliseconds: browsers round it (to 0.1 ms, or 0.005 ms), so that no page
 * can spy on another by it.
 */
export function clockStep(now: () => number = () => performance.now()): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < STEPS; i++) {
    const start = now();
    let next = now();
    while (next === start) next = now();
    smallest = Math.min(smallest, next - start);
  }
  return smallest;
}
