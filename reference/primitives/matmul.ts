import { elementCount, type Shape } from '../../spec/program/index.js';
import { floatOperand, floatZeros, type Rule, type Rules } from './rule.js';

/** out[..., m, n] = the inner product of row m of a and column n of b. */
const matmul: Rule<'matmul'> = ({ arithmetic, operands, attributes, type }) => {
  const [a, b] = [floatOperand(operands, 0), floatOperand(operands, 1)];
  const left = matrices(a.shape, attributes.transpose_a);
  const right = matrices(b.shape, attributes.transpose_b);
  const out = floatZeros(arithmetic, type);
  const [batches, rows, columns] = [elementCount(a.shape.slice(0, -2)), left.rows, right.columns];
  let i = 0;
  for (let batch = 0; batch < batches; batch++) {
    for (let m = 0; m < rows; m++) {
      const row = {
        column: a.column,
        start: batch * left.size + m * left.rowStep,
        step: left.columnStep,
      };
      for (let n = 0; n < columns; n++) {
        const column = {
          column: b.column,
          start: batch * right.size + n * right.columnStep,
          step: right.rowStep,
        };
        arithmetic.dot(out.column, i++, row, column, left.columns);
      }
    }
  }
  return out;
};

export const MATMUL: Rules<'matmul'> = { matmul };

interface Matrices {
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
  /** Elements of one matrix. */
  readonly size: number;
}

function matrices(shape: Shape, transposed: boolean): Matrices {
  const [height, width] = [shape.at(-2) as number, shape.at(-1) as number];
  const size = height * width;
  return transposed
    ? { rows: width, columns: height, rowStep: 1, columnStep: width, size }
    : { rows: height, columns: width, rowStep: width, columnStep: 1, size };
}
