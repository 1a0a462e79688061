import type { HostTensor, Named } from '../../../core/backend.js';
import type { FunctionAttributes } from '../../../protocol/function-call.js';
import { integers } from '../../functions/exact.js';

/** Tables of positions at another size, number by number: a row of the result is made of named rows. */
export function resize(
  { table }: Named<HostTensor>,
  attributes: FunctionAttributes,
): Named<HostTensor> {
  const [rows, columns, toRows, toColumns] = ['rows', 'columns', 'toRows', 'toColumns'].map(
    (name) => Number(attributes[name]),
  ) as [number, number, number, number];
  const width = table?.shape[1] ?? 1;
  const at = (row: number, column: number, d: number): number =>
    Number(table?.data[(row * columns + column) * width + d]) / 16;
  const along = attributes.kind === 'slots' ? linear : bicubic;
  const numbers: number[] = [];
  for (let i = 0; i < toRows; i++)
    for (let j = 0; j < toColumns; j++)
      for (let d = 0; d < width; d++) {
        const inRow = (row: number): number =>
          along(columns, toColumns, j, (column) => at(row, column, d));
        numbers.push(along(rows, toRows, i, inRow));
      }
  return { bits: integers(new Int32Array(Float32Array.from(numbers).buffer)) };
}

function bicubic(from: number, to: number, i: number, value: (index: number) => number): number {
  if (from === to) return value(i);
  const y = ((i + 0.5) * from) / to - 0.5;
  const f = Math.floor(y);
  return [-1, 0, 1, 2].reduce((sum, k) => {
    const x = Math.abs(y - f - k);
    const weight = x <= 1 ? (1.25 * x - 2.25) * x * x + 1 : ((-0.75 * x + 3.75) * x - 6) * x + 3;
    return sum + weight * value(Math.min(Math.max(f + k, 0), from - 1));
  }, 0);
}

function linear(from: number, to: number, i: number, value: (index: number) => number): number {
  if (from === to) return value(i);
  const y = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
  const f = Math.floor(y);
  return (1 - (y - f)) * value(f) + (y - f) * value(Math.min(f + 1, from - 1));
}
