import type { Value } from '../builder.js';
import { Composite } from '../composite.js';
import { add, mul, sub } from '../elementwise.js';
import { matmul } from '../matmul.js';
import { sum } from '../reduce.js';
import { softmax } from './softmax.js';

type AttentionAttributes = Readonly<Record<'scale', number>>;

/**
 * o = softmax(scale * q k^T + bias) v. q and o are [B, H, Q, d], k and v [B, H, T, d]; the optional bias
 * is added to the scores and stretched to [B, H, Q, T]. The scale is applied to q, before the product (VideoMAE).
 */
export const ATTENTION: Composite<AttentionAttributes> = new Composite<AttentionAttributes>({
  name: 'attention',
  operands: ['q', 'k', 'v', 'bias?'],
  attributes: { scale: 'number' },
  results: ['o'],
  body: (operands, { scale }) => {
    const [q, k, v, bias] = operands as [Value, Value, Value, Value | undefined];
    return [matmul(probabilities(q, k, bias, scale), v)];
  },
  gradient: ({ operands, results: [o], cotangents: [output], attributes }) => {
    if (output === undefined) return [];
    const [q, k, v, bias] = operands as [Value, Value, Value, Value | undefined];
    const inputs = [q, k, v, o as Value, output, ...(bias === undefined ? [] : [bias])];
    return q.builder.call(ATTENTION_GRAD, inputs, attributes);
  },
});

/**
 * The cotangents of q, k and v (a bias gets none). With p the probabilities and do the cotangent
 * of o: dv = p^T do; ds = p * (do v^T - rowsum(do * o)); dq = scale * ds k; dk = scale * ds^T q.
 * The probabilities are computed anew: a backend that expands the composite finds them common to
 * both passes, one that fuses it need never store them.
 */
export const ATTENTION_GRAD: Composite<AttentionAttributes> = new Composite<AttentionAttributes>({
  name: 'attention_grad',
  operands: ['q', 'k', 'v', 'o', 'do', 'bias?'],
  attributes: { scale: 'number' },
  results: ['dq', 'dk', 'dv'],
  body: (operands, { scale }) => {
    const [q, k, v, o, output, bias] = operands as [Value, Value, Value, Value, Value, Value?];
    const p = probabilities(q, k, bias, scale);
    const inner = sum(mul(output, o), [-1], { keep: true });
    const scores = mul(p, sub(matmul(output, v, { transposeB: true }), inner));
    return [
      mul(matmul(scores, k), scale),
      matmul(scores, mul(q, scale), { transposeA: true }),
      matmul(p, output, { transposeA: true }),
    ];
  },
});

/** Scaled dot-product attention; see `ATTENTION`. */
export function attention(
  q: Value,
  k: Value,
  v: Value,
  options: { readonly scale: number; readonly bias?: Value },
): Value {
  const operands = options.bias === undefined ? [q, k, v] : [q, k, v, options.bias];
  return q.builder.call(ATTENTION, operands, { scale: options.scale })[0] as Value;
}

function probabilities(q: Value, k: Value, bias: Value | undefined, scale: number): Value {
  const scores = matmul(mul(q, scale), k, { transposeB: true });
  return softmax(bias === undefined ? scores : add(scores, bias));
}
