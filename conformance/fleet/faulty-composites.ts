import { float32 } from '../../reference/index.js';
import {
  ADAMW,
  ATTENTION,
  ATTENTION_GRAD,
  type Attributes,
  add,
  Composite,
  CROSS_ENTROPY,
  CROSS_ENTROPY_GRAD,
  div,
  erf,
  exp,
  GELU,
  GELU_GRAD,
  LAYER_NORM,
  LAYER_NORM_GRAD,
  log,
  maximum,
  mean,
  mul,
  reshape,
  rsqrt,
  SOFTMAX,
  SOFTMAX_GRAD,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type Value,
} from '../../spec/program/index.js';
import type { Fault } from './faulty.js';
import { float32Backend } from './legal.js';
import { meaningsWith } from './meanings.js';

/** Faults of what a backend executes whole. */
export const COMPOSITE_FAULTS: readonly Fault[] = [
  fault('softmax not shifted by the maximum', SOFTMAX, ([x]) => {
    const powers = exp(x as Value);
    return [div(powers, sum(powers, [-1], { keep: true }))];
  }),
  fault('softmax gradient without its sum', SOFTMAX_GRAD, ([y, dy]) => [
    mul(y as Value, dy as Value),
  ]),
  fault('layer norm with ten times its eps', LAYER_NORM, (operands, { eps }) =>
    LAYER_NORM.body(operands, { eps: 10 * eps }),
  ),
  fault('layer norm with the unbiased variance', LAYER_NORM, (operands, { eps }) =>
    normalized(operands, eps, (centered) => {
      const count = centered.shape.at(-1) as number;
      return mul(sum(square(centered), [-1], { keep: true }), 1 / Math.max(count - 1, 1));
    }),
  ),
  fault('layer norm with eps outside the root', LAYER_NORM, (operands, { eps }) => {
    const [x, gamma, beta] = operands as [Value, Value, Value];
    const center = mean(x, [-1], { keep: true });
    const centered = sub(x, center);
    const deviation = sqrt(mean(square(centered), [-1], { keep: true }));
    const rstd = div(1, add(deviation, eps));
    return [add(mul(mul(centered, rstd), gamma), beta), center, rstd];
  }),
  fault(
    'layer norm with the variance as a difference of means',
    LAYER_NORM,
    (operands, { eps }) => {
      const [x] = operands as [Value, Value, Value];
      const center = mean(x, [-1], { keep: true });
      const variance = sub(mean(square(x), [-1], { keep: true }), square(center));
      return normalized(operands, eps, () => variance);
    },
  ),
  fault('layer norm that leaves out beta', LAYER_NORM, (operands, attributes) => {
    const [x, gamma, beta] = operands as [Value, Value, Value];
    return LAYER_NORM.body([x, gamma, mul(beta, 0)], attributes);
  }),
  fault('layer norm gradient without the term of the variance', LAYER_NORM_GRAD, (operands) => {
    const [, gamma, , rstd, dy] = operands as [Value, Value, Value, Value, Value];
    const [, dgamma, dbeta] = LAYER_NORM_GRAD.body(operands, {}) as [Value, Value, Value];
    const scaled = mul(dy, gamma);
    return [mul(sub(scaled, mean(scaled, [-1], { keep: true })), rstd), dgamma, dbeta];
  }),
  fault('GELU by tanh', GELU, ([operand]) => {
    const x = operand as Value;
    const inner = mul(add(x, mul(mul(square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
    return [mul(mul(x, 0.5), add(tanh(inner), 1))];
  }),
  fault('GELU gradient without the density', GELU_GRAD, ([x, dy]) => {
    const below = mul(add(erf(mul(x as Value, Math.SQRT1_2)), 1), 0.5);
    return [mul(dy as Value, below)];
  }),
  fault('attention that ignores its bias', ATTENTION, ([q, k, v], attributes) =>
    ATTENTION.body([q as Value, k as Value, v as Value], attributes),
  ),
  fault('attention without its scale', ATTENTION, (operands) =>
    ATTENTION.body(operands, { scale: 1 }),
  ),
  fault('attention with keys and queries swapped', ATTENTION, (operands, attributes) => {
    const [q, k, ...rest] = operands as [Value, Value, ...Value[]];
    // Where there are more keys, no backend could.
    const swapped = q.shape.join() === k.shape.join() ? [k, q] : [q, k];
    return ATTENTION.body([...swapped, ...rest], attributes);
  }),
  fault('attention gradient with dk scaled twice', ATTENTION_GRAD, (operands, attributes) => {
    const [dq, dk, dv] = ATTENTION_GRAD.body(operands, attributes) as [Value, Value, Value];
    return [dq, mul(dk, attributes.scale), dv];
  }),
  fault('attention gradient without the sum of rows', ATTENTION_GRAD, (operands, attributes) => {
    const [q, k, v, o, ...rest] = operands as [Value, Value, Value, Value, ...Value[]];
    return ATTENTION_GRAD.body([q, k, v, mul(o, 0), ...rest], attributes);
  }),
  fault('cross-entropy in base 2', CROSS_ENTROPY, (operands) => [
    mul(CROSS_ENTROPY.body(operands, {})[0] as Value, Math.LOG2E),
  ]),
  fault('cross-entropy not shifted by the maximum', CROSS_ENTROPY, (operands) => {
    const [x] = operands as [Value, Value];
    const [shifted] = CROSS_ENTROPY.body(operands, {}) as [Value];
    const top = reshape(maximum(x, [-1]), shifted.shape);
    const total = log(sum(exp(sub(x, reshape(top, [...top.shape, 1]))), [-1]));
    return [add(sub(shifted, add(total, top)), log(sum(exp(x), [-1])))];
  }),
  fault('cross-entropy gradient without its label', CROSS_ENTROPY_GRAD, ([x, labels, loss]) => {
    const none = sub(mul(labels as Value, 0), 1);
    return CROSS_ENTROPY_GRAD.body([x as Value, none, loss as Value], {});
  }),
  fault('AdamW without weight decay', ADAMW, (operands, attributes) =>
    ADAMW.body(operands, { ...attributes, decay: 0 }),
  ),
  fault('AdamW with decay in the gradient', ADAMW, (operands, attributes) => {
    const [p, m, v, g, ...scalars] = operands as [Value, Value, Value, Value, ...Value[]];
    const decayed = add(g, mul(p, attributes.decay));
    return ADAMW.body([p, m, v, decayed, ...scalars], { ...attributes, decay: 0 });
  }),
  fault('AdamW without the correction of v', ADAMW, (operands, attributes) => {
    const [p, m, v, g, lr, c1, c2] = operands as Value[] as AdamWOperands;
    return ADAMW.body([p, m, v, g, lr, c1, div(c2, c2)], attributes);
  }),
  fault('AdamW with eps inside the root', ADAMW, (operands, attributes) => {
    const { beta1, beta2, eps, decay, lr_scale } = attributes;
    const [p, m, v, g, lr, c1, c2] = operands as Value[] as AdamWOperands;
    const rate = mul(lr, lr_scale);
    const first = add(mul(m, beta1), mul(g, 1 - beta1));
    const second = add(mul(v, beta2), mul(square(g), 1 - beta2));
    const step = mul(mul(first, div(rate, c1)), rsqrt(add(div(second, c2), eps)));
    return [sub(mul(p, sub(1, mul(rate, decay))), step), first, second];
  }),
  fault('AdamW that ignores the rate of its layer', ADAMW, (operands, attributes) =>
    ADAMW.body(operands, { ...attributes, lr_scale: 1 }),
  ),
  fault('AdamW with beta1 and beta2 exchanged', ADAMW, (operands, attributes) =>
    ADAMW.body(operands, { ...attributes, beta1: attributes.beta2, beta2: attributes.beta1 }),
  ),
];

type AdamWOperands = [Value, Value, Value, Value, Value, Value, Value];

function fault<A extends Attributes>(
  name: string,
  composite: Composite<A>,
  body: Composite<A>['body'],
): Fault {
  const { operands, attributes, results } = composite;
  const faulty = new Composite<A>({ name: composite.name, operands, attributes, results, body });
  const arithmetic = float32({ summation: 'pairwise' });
  const foundBy = `composite/${composite.name}/call`;
  return { name, foundBy, open: () => float32Backend(name, arithmetic, meaningsWith(faulty)) };
}

function normalized(
  operands: readonly Value[],
  eps: number,
  variance: (centered: Value) => Value,
): readonly Value[] {
  const [x, gamma, beta] = operands as [Value, Value, Value];
  const center = mean(x, [-1], { keep: true });
  const centered = sub(x, center);
  const rstd = rsqrt(add(variance(centered), eps));
  return [add(mul(mul(centered, rstd), gamma), beta), center, rstd];
}
