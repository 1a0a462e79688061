import { type Area, clause } from './clause.js';

const rounded = 'rounded as the numeric contract says';

export const OPERATIONS: Area = {
  title: 'Operations',
  introduction:
    'Operands of elementwise operations have one shape; nothing broadcasts by itself. An extent may be 0. Results in floating point are as accurate as the numeric contract of the backend says; of integers and bools they are exact. i32 wraps at 2^32. Operations of a program run as they are written; within a composite that is executed whole, sums and products may run in any order that is the same if computed exactly.',
  clauses: [
    clause('op.add', `Elementwise sum, ${rounded}.`, { formula: 'y = a + b' }),
    clause('op.sub', `Elementwise difference, ${rounded}.`, { formula: 'y = a - b' }),
    clause('op.mul', `Elementwise product, ${rounded}.`, { formula: 'y = a b' }),
    clause('op.div', 'Elementwise quotient of floats.', { formula: 'y = a / b' }),
    clause('op.min', 'The lesser operand, exactly.', { formula: 'y = min(a, b)' }),
    clause('op.max', 'The greater operand, exactly.', { formula: 'y = max(a, b)' }),
    clause('op.neg', 'The sign is changed, exactly.', { formula: 'y = -x' }),
    clause('op.exp', 'The exponential function; infinite above its range.', {
      formula: 'y = e^x',
    }),
    clause('op.log', 'The natural logarithm of a positive number.', { formula: 'y = ln x' }),
    clause('op.sqrt', 'The square root of a number that is not negative.', {
      formula: 'y = sqrt(x)',
    }),
    clause('op.rsqrt', 'The reciprocal square root of a positive number.', {
      formula: 'y = 1 / sqrt(x)',
    }),
    clause('op.erf', 'The error function, odd, between -1 and 1.', {
      formula: 'y = 2 / sqrt(pi) * integral from 0 to x of e^(-t^2) dt',
    }),
    clause('op.tanh', 'The hyperbolic tangent.', { formula: 'y = tanh x' }),
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
    clause(
      'op.compare',
      'eq, ne, lt, le, gt, ge give a bool; -0 equals 0; with NaN only ne holds.',
      { formula: 'y = a ? b' },
    ),
    clause('op.and', 'Both bools hold.'),
    clause('op.or', 'One of the bools holds, or both.'),
    clause('op.not', 'The bool does not hold.'),
    clause('op.is_finite', 'The number, as its type holds it, is neither infinite nor NaN.'),
    clause('op.select', 'The element of a where the condition holds, else that of b, unchanged.', {
      formula: 'y = c ? a : b',
    }),
    clause(
      'op.cast',
      'To another element type: floats to integers cut towards zero, anything but 0 is true, true is 1.',
    ),
    clause(
      'op.reduce_sum',
      'The sum over the given axes, in any order; 0 where there is nothing to sum. A reduced axis is dropped, or kept with extent 1.',
      { formula: 'y = sum x' },
    ),
    clause('op.reduce_max', 'The largest element over the given axes, exactly.', {
      formula: 'y = max x',
    }),
    clause(
      'op.matmul',
      'The product of matrices in the last two axes, either of them transposed, for each index of the batch axes; sums in any order; 0 where the inner extent is 0.',
      { formula: 'y_ij = sum_k a_ik b_kj' },
    ),
    clause('op.reshape', 'The same elements in row-major order under another shape.'),
    clause('op.transpose', 'Axis i of the result is axis permutation[i] of the operand.'),
    clause(
      'op.broadcast',
      'Axes aligned at the last; extents of 1 and missing axes are repeated to the shape.',
    ),
    clause('op.slice', 'The elements from start (included) to end (excluded) on each axis.'),
    clause('op.pad', 'The operand with low and high elements of a given value around each axis.'),
    clause('op.concat', 'The operands one after the other along an axis, empty ones too.'),
    clause('op.gather', 'For each index the row of that number, batch by batch, unchanged.', {
      formula: 'y[b, i, ...] = x[b, indices[b, i], ...]',
    }),
    clause(
      'op.scatter_add',
      'Each row is added to the row of its index in a table of zeros; rows of one index add up.',
      { formula: 'y[b, j, ...] = sum over i with indices[b, i] = j of u[b, i, ...]' },
    ),
    clause('op.iota', 'The index along an axis, as i32.'),
    clause('op.constant', 'The given elements, rounded to the element type.'),
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
    clause('op.attention', 'For each batch and head; a bias on the scores may mask keys.', {
      formula: 'o = softmax(scale q k^T + bias) v',
      needs: ['op.softmax', 'op.matmul', 'op.mul', 'op.add'],
    }),
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
    clause('op.unbiased', 'Rounding errors of + - * / sqrt, sums and products have mean 0.', {
      needs: ['op.add', 'op.matmul', 'op.reduce_sum'],
    }),
  ],
};
