/**
 * The number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
 * (optimal string alignment). Only the first 64 characters count.
 */
export function editDistance(a: string, b: string): number {
  const from = [...a.slice(0, 64)];
  const to = [...b.slice(0, 64)];
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (const [i, x] of from.entries()) {
    const current = [i + 1];
    for (const [j, y] of to.entries()) {
      let cost = Math.min(
        at(previous, j) + (x === y ? 0 : 1),
        at(previous, j + 1) + 1,
        at(current, j) + 1,
      );
      if (i > 0 && j > 0 && x === to[j - 1] && from[i - 1] === y) {
        cost = Math.min(cost, at(beforePrevious, j - 1) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, to.length);
}

/** The candidate that is nearest to `name`, or undefined if none is near; ties go to the first. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
