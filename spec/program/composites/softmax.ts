import type { Value } from '../builder.js';
import { Composite } from '../composite.js';
import { div, exp, mul, sub } from '../elementwise.js';
import { maximum, sum } from '../reduce.js';

type None = Readonly<Record<never, never>>;

/** y = exp(x - max x) / sum exp(x - max x) over the last axis. */
export const SOFTMAX: Composite<None> = new Composite<None>({
  name: 'softmax',
  operands: ['x'],
  attributes: {},
  results: ['y'],
  body: ([x]) => {
    const scores = x as Value;
    const shifted = exp(sub(scores, maximum(scores, [-1], { keep: true })));
    return [div(shifted, sum(shifted, [-1], { keep: true }))];
  },
  gradient: ({ results: [y], cotangents: [dy] }) =>
    dy === undefined ? [undefined] : [softmaxGrad(y as Value, dy)],
});

/** dx = y * (dy - sum(dy * y)) over the last axis, from the result y of the softmax. */
export const SOFTMAX_GRAD: Composite<None> = new Composite<None>({
  name: 'softmax_grad',
  operands: ['y', 'dy'],
  attributes: {},
  results: ['dx'],
  body: ([y, dy]) => {
    const [probabilities, cotangent] = [y as Value, dy as Value];
    const inner = sum(mul(cotangent, probabilities), [-1], { keep: true });
    return [mul(probabilities, sub(cotangent, inner))];
  },
});

/** The softmax over the last axis; rows sum to 1. */
export function softmax(x: Value): Value {
  return x.builder.call(SOFTMAX, [x], {})[0] as Value;
}

function softmaxGrad(y: Value, dy: Value): Value {
  return y.builder.call(SOFTMAX_GRAD, [y, dy], {})[0] as Value;
}
