import type { Value } from '../builder.js';
import { Composite } from '../composite.js';
import { cast, compare, exp, iota, log, mul, sub } from '../elementwise.js';
import { maximum, sum } from '../reduce.js';
import { reshape } from '../shape.js';
import { softmax } from './softmax.js';

type None = Readonly<Record<never, never>>;

/** loss[i] = log sum_j exp(x[i, j]) - x[i, label[i]], shifted by the row's maximum. x [B, C], labels i32 [B]. */
export const CROSS_ENTROPY: Composite<None> = new Composite<None>({
  name: 'cross_entropy',
  operands: ['x', 'labels'],
  attributes: {},
  results: ['loss'],
  body: (operands) => {
    const [logits, labels] = operands as [Value, Value];
    const top = maximum(logits, [-1], { keep: true });
    const shifted = sub(logits, top);
    const total = log(sum(exp(shifted), [-1]));
    const chosen = sum(mul(shifted, oneHot(labels, logits)), [-1]);
    return [sub(total, chosen)];
  },
  gradient: ({ operands, cotangents: [loss] }) =>
    loss === undefined ? [] : loss.builder.call(CROSS_ENTROPY_GRAD, [...operands, loss], {}),
});

/** dx[i, j] = dloss[i] * (softmax(x)[i, j] - [j = label[i]]). */
export const CROSS_ENTROPY_GRAD: Composite<None> = new Composite<None>({
  name: 'cross_entropy_grad',
  operands: ['x', 'labels', 'dloss'],
  attributes: {},
  results: ['dx'],
  body: (operands) => {
    const [logits, labels, loss] = operands as [Value, Value, Value];
    const rows = loss.shape[0] as number;
    const difference = sub(softmax(logits), oneHot(labels, logits));
    return [mul(difference, reshape(loss, [rows, 1]))];
  },
});

/** The cross-entropy of each row against its label. */
export function crossEntropy(logits: Value, labels: Value): Value {
  return logits.builder.call(CROSS_ENTROPY, [logits, labels], {})[0] as Value;
}

function oneHot(labels: Value, logits: Value): Value {
  const rows = labels.shape[0] as number;
  const columns = iota(labels.builder, logits.shape, 1);
  return cast(compare(reshape(labels, [rows, 1]), 'eq', columns), logits.dtype);
}
