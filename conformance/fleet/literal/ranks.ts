import type { HostTensor, Named } from '../../../core/backend.js';
import type { FunctionAttributes } from '../../../protocol/function-call.js';

/** `retrieval.rank`, word by word; fractions are brought to lowest terms by trying every divisor. */
export function ranks(
  { similarity, right }: Named<HostTensor>,
  { k }: FunctionAttributes,
): Named<HostTensor> {
  const [queries = 0, items = 0] = similarity?.shape ?? [];
  const rank: number[] = [];
  const recall: number[] = [];
  for (let query = 0; query < queries; query++) {
    const row = Array.from({ length: items }, (_, item) => ({
      value: similarity?.data[query * items + item] ?? 0,
      isRight: right?.data[query * items + item] === 1,
    }));
    const s = Math.max(...row.filter(({ isRight }) => isRight).map(({ value }) => value));
    const h = row.filter(({ value, isRight }) => !isRight && value > s).length;
    const w = row.filter(({ value, isRight }) => !isRight && value === s).length;
    const r = row.filter(({ value, isRight }) => isRight && value === s).length;
    rank.push(...fraction(h * (r + 1) + w, r + 1));
    const m = Math.max(0, Number(k) - h);
    let [above, below] = [1, 1];
    for (let i = 0; i <= r - 1; i++) {
      above *= Math.max(0, w + r - m - i);
      below *= w + r - i;
    }
    recall.push(...fraction(below - above, below));
  }
  const tensor = (data: readonly number[]): HostTensor => ({
    dtype: 'i32',
    shape: [queries, 2],
    data: Int32Array.from(data),
  });
  return { rank: tensor(rank), recall: tensor(recall) };
}

function fraction(above: number, below: number): readonly [number, number] {
  if (above === 0) return [0, 1];
  for (let divisor = below; divisor > 1; divisor--) {
    if (above % divisor === 0 && below % divisor === 0) return [above / divisor, below / divisor];
  }
  return [above, below];
}
