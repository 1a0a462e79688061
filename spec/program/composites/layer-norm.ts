import { LacunaError } from '../../errors.js';
import type { Value } from '../builder.js';
import { Composite } from '../composite.js';
import { add, mul, rsqrt, square, sub } from '../elementwise.js';
import { mean, sum } from '../reduce.js';

type LayerNormAttributes = Readonly<Record<'eps', number>>;
type None = Readonly<Record<never, never>>;

/**
 * y = (x - mean) * rstd * gamma + beta over the last axis, rstd = 1 / sqrt(var + eps) with the
 * biased variance. x is [..., D], gamma and beta [D]; mean and rstd are [..., 1].
 */
export const LAYER_NORM: Composite<LayerNormAttributes> = new Composite<LayerNormAttributes>({
  name: 'layer_norm',
  operands: ['x', 'gamma', 'beta'],
  attributes: { eps: 'number' },
  results: ['y', 'mean', 'rstd'],
  body: (operands, { eps }) => {
    const [x, gamma, beta] = operands as [Value, Value, Value];
    const center = mean(x, [-1], { keep: true });
    const centered = sub(x, center);
    const rstd = rsqrt(add(mean(square(centered), [-1], { keep: true }), eps));
    return [add(mul(mul(centered, rstd), gamma), beta), center, rstd];
  },
  gradient: ({ operands, results, cotangents: [dy, ...residuals] }) => {
    if (dy === undefined || residuals.some((cotangent) => cotangent !== undefined)) {
      throw new LacunaError({
        what: 'the mean and rstd of a layer norm serve its gradient alone: none flows through them',
        fix: 'Compute them apart where a loss depends on them.',
      });
    }
    const [x, gamma] = operands as [Value, Value];
    const [, center, rstd] = results as [Value, Value, Value];
    return x.builder.call(LAYER_NORM_GRAD, [x, gamma, center, rstd, dy], {});
  },
});

/**
 * The cotangents of x, gamma and beta: with h = (x - mean) * rstd and g = dy * gamma,
 * dx = rstd * (g - mean(g) - h * mean(g * h)); dgamma = sum(dy * h), dbeta = sum(dy) over rows.
 */
export const LAYER_NORM_GRAD: Composite<None> = new Composite<None>({
  name: 'layer_norm_grad',
  operands: ['x', 'gamma', 'mean', 'rstd', 'dy'],
  attributes: {},
  results: ['dx', 'dgamma', 'dbeta'],
  body: (operands) => {
    const [x, gamma, center, rstd, dy] = operands as [Value, Value, Value, Value, Value];
    const normalized = mul(sub(x, center), rstd);
    const scaled = mul(dy, gamma);
    const along = mean(mul(scaled, normalized), [-1], { keep: true });
    const removed = sub(sub(scaled, mean(scaled, [-1], { keep: true })), mul(normalized, along));
    const rows = x.shape.slice(0, -1).map((_, axis) => axis);
    return [mul(removed, rstd), sum(mul(dy, normalized), rows), sum(dy, rows)];
  },
});

/** Layer normalisation over the last axis. */
export function layerNorm(x: Value, gamma: Value, beta: Value, eps: number): Value {
  return x.builder.call(LAYER_NORM, [x, gamma, beta], { eps })[0] as Value;
}
