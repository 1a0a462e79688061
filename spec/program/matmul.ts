import { LacunaError } from '../errors.js';
import type { Value } from './builder.js';
import { add } from './elementwise.js';
import { reshape } from './shape.js';
import { formatType } from './types.js';

interface MatmulOptions {
  /** Use the transpose of the last two axes of a. @defaultValue false */
  readonly transposeA?: boolean;
  /** Use the transpose of the last two axes of b. @defaultValue false */
  readonly transposeB?: boolean;
}

/** a b, [..., M, K] by [..., K, N] to [..., M, N]; the axes before the last two are equal. */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  return a.builder.primitive('matmul', [a, b], {
    transpose_a: options.transposeA ?? false,
    transpose_b: options.transposeB ?? false,
  });
}

/** x W^T + bias over the last axis: x is [..., I], weight [O, I] (as in PyTorch), bias [O]. */
export function linear(x: Value, weight: Value, bias?: Value): Value {
  const [outputs, inputs] = weight.shape;
  if (weight.shape.length !== 2 || x.shape.at(-1) !== inputs || outputs === undefined) {
    throw new LacunaError({
      where: weight.name,
      what: 'the weight does not fit its input',
      got: `${formatType(weight)} for ${x.name}: ${formatType(x)}`,
      expected: '[O, I] for [..., I]',
    });
  }
  const rows = reshape(x, [-1, x.shape.at(-1) as number]);
  const product = matmul(rows, weight, { transposeB: true });
  const result = bias === undefined ? product : add(product, bias);
  return reshape(result, [...x.shape.slice(0, -1), outputs]);
}
