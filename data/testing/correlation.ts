/** Pearson's correlation of two lists; NaN where one of them is constant. */
export function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [centreA, centreB] = [mean(a), mean(b)];
  let [product, squareA, squareB] = [0, 0, 0];
  a.forEach((value, i) => {
    const [x, y] = [value - centreA, (b[i] ?? Number.NaN) - centreB];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  });
  return product / Math.sqrt(squareA * squareB);
}

/** Spearman's correlation: Pearson's of the ranks, equal values sharing their mean rank. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  return pearson(ranks(a), ranks(b));
}

/** The middle one of those that are numbers; of an even number the upper. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const result = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first;
    const value = values[order[first] ?? 0];
    while (end < order.length && values[order[end] ?? 0] === value) end++;
    for (const place of order.slice(first, end)) result[place] = (first + end - 1) / 2;
    first = end;
  }
  return result;
}
