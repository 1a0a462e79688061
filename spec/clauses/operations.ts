import {
  factsOf,
  isBinaryName,
  isUnaryName,
  PRIMITIVE_NAMES,
  type PrimitiveName,
} from '../program/primitive-names.js';
import { type Area, type Clause, clause } from './clause.js';

/** The clause of a primitive, from the table of facts. */
function primitive(name: PrimitiveName): Clause {
  const { means, formula } = factsOf(name);
  return clause(`op.${name}`, means, formula === undefined ? {} : { formula });
}

/** Whether it makes numbers of numbers, element by element. */
function isNumeric(name: PrimitiveName): boolean {
  return (isUnaryName(name) || isBinaryName(name)) && factsOf(name).gives === 'operand';
}

export const OPERATIONS: Area = {
  title: 'Operations',
  introduction:
    'Operands of elementwise operations have one shape; nothing broadcasts by itself. An extent may be 0. Results in floating point are as accurate as the numeric contract of the backend says; of integers and bools they are exact. i32 wraps at 2^32. Operations of a program run as they are written; within a composite that is executed whole, sums and products may run in any order that is the same if computed exactly.',
  clauses: [
    ...PRIMITIVE_NAMES.filter(isNumeric).map(primitive),
    clause('op.tanh.subnormal', 'Also of subnormal numbers, where tanh x = x.', {
      level: 'SHOULD',
      needs: ['op.tanh'],
    }),
    clause(
      'op.non-finite',
      'NaN and infinities follow IEEE 754 in + - * /, functions, negation, comparisons, sums and products of matrices, where the numeric contract keeps them. The least and the greatest of NaN and a number is NaN. An element that is only moved, or chosen by select, stays what it is, whatever stands beside it.',
      { needs: ['op.add'] },
    ),
    clause(
      'op.signed-zero',
      'The negative of 0 is -0, and that of -0 is 0; reshape, transpose, broadcast, slice, pad, concat, gather and constants keep the sign of a zero, where the numeric contract keeps signs of zeros. Of select this is not asked.',
      { needs: ['op.neg'] },
    ),
    ...PRIMITIVE_NAMES.filter((name) => !isNumeric(name)).map(primitive),
    clause('op.programs', 'Operations mean the same wherever they stand in a program.', {
      needs: ['op.add', 'op.mul', 'op.reduce_sum', 'op.matmul'],
    }),
    clause(
      'op.softmax',
      'Over the last axis; the maximum is subtracted, so that nothing overflows.',
      {
        formula: 'y_i = e^(x_i - max x) / sum_j e^(x_j - max x)',
        needs: ['op.exp', 'op.reduce_max', 'op.reduce_sum', 'op.sub', 'op.div'],
      },
    ),
    clause('op.softmax.gradient', 'From the result y and its gradient dy.', {
      formula: 'dx = y (dy - sum(y dy))',
      needs: ['op.mul', 'op.reduce_sum', 'op.sub'],
    }),
    clause(
      'op.layer_norm',
      'Over the last axis, with the biased variance and eps under the root; mean and rstd are results too.',
      {
        formula: 'y = (x - mean) rstd gamma + beta, rstd = 1 / sqrt(var + eps)',
        needs: ['op.reduce_sum', 'op.rsqrt', 'op.mul', 'op.sub', 'op.add'],
      },
    ),
    clause('op.layer_norm.gradient', 'From x, gamma, the saved mean and rstd, and dy.', {
      formula: 'dx = rstd (g - mean(g) - xhat mean(g xhat)), g = dy gamma',
      needs: ['op.reduce_sum', 'op.mul', 'op.sub'],
    }),
    clause('op.gelu', 'The exact form, by erf.', {
      formula: 'y = x (1 + erf(x / sqrt 2)) / 2',
      needs: ['op.erf', 'op.mul', 'op.add'],
    }),
    clause('op.gelu.gradient', 'The distribution and x times the density of N(0, 1).', {
      formula: 'dx = dy (Phi(x) + x phi(x))',
      needs: ['op.erf', 'op.exp', 'op.mul', 'op.add'],
    }),
    clause(
      'op.attention',
      'For each batch and head, of as many keys as values and any number of queries; a bias on the scores may mask keys.',
      {
        formula: 'o = softmax(scale q k^T + bias) v',
        needs: ['op.softmax', 'op.matmul', 'op.mul', 'op.add'],
      },
    ),
    clause(
      'op.attention.gradient',
      'With respect to q, k and v, from q, k, v, the result o and do.',
      {
        formula: 'dv = p^T do; ds = p (do v^T - sum(do o)); dq = scale ds k; dk = scale ds^T q',
        needs: ['op.softmax', 'op.matmul', 'op.mul', 'op.sub'],
      },
    ),
    clause('op.cross_entropy', 'Of rows of logits and one label each.', {
      formula: 'l = ln(sum_j e^(x_j - max x)) + max x - x_label',
      needs: ['op.exp', 'op.log', 'op.reduce_max', 'op.reduce_sum'],
    }),
    clause('op.cross_entropy.gradient', 'The probabilities, less 1 at the label.', {
      formula: 'dx = (softmax(x) - onehot(label)) dl',
      needs: ['op.softmax', 'op.compare', 'op.cast'],
    }),
    clause('op.adamw', 'See optim.adamw; p, m and v are results.', {
      needs: ['op.add', 'op.mul', 'op.div', 'op.sqrt', 'op.sub'],
    }),
    clause('op.unbiased', 'Rounding errors of + - * /, sums and products have mean 0.', {
      needs: ['op.add', 'op.matmul', 'op.reduce_sum'],
    }),
  ],
};
