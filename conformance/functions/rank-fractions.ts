import type { HostTensor, Named } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';
import { matrixRows, placementsOf, RightPairs } from '../../spec/index.js';

/**
 * Expected ranks and recalls, as fractions in lowest terms: [queries, 2] each.
 *
 * @throws LacunaError where an input is missing.
 */
export function rankFractions(
  k: number,
  { similarity, right }: Named<HostTensor>,
): { readonly rank: readonly number[]; readonly recall: readonly number[] } {
  if (similarity === undefined || right === undefined) {
    throw new LacunaError({ what: 'an input is missing', expected: 'similarity and right' });
  }
  const [queries = 0, items = 0] = similarity.shape;
  const pairs = Array.from(right.data, (flag, at) => [flag, at] as const).flatMap(([flag, at]) =>
    flag === 1 ? [[Math.floor(at / items), at % items] as const] : [],
  );
  const matrix = matrixRows(Float64Array.from(similarity.data), queries, items);
  const { textToVideo } = placementsOf(matrix, RightPairs.of(pairs, queries, items));
  const rank: number[] = [];
  const recall: number[] = [];
  for (let query = 0; query < queries; query++) {
    const [higher, wrong, tied] = [
      textToVideo.higher,
      textToVideo.tiedWrong,
      textToVideo.tiedRight,
    ].map((counts) => counts[query] as number) as [number, number, number];
    rank.push(...lowest(higher * (tied + 1) + wrong, tied + 1));
    const places = k - higher;
    let [missed, all] = [1, 1];
    for (let i = 0; i < tied; i++) {
      missed *= Math.max(0, wrong + tied - Math.max(0, places) - i);
      all *= wrong + tied - i;
    }
    recall.push(...lowest(all - missed, all));
  }
  return { rank, recall };
}

function lowest(above: number, below: number): readonly [number, number] {
  let [a, b] = [above, below];
  while (b !== 0) [a, b] = [b, a % b];
  return [above / a, below / a];
}
