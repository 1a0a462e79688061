import {
  add,
  compare,
  constant,
  layerNorm,
  linear,
  mean,
  mul,
  rsqrt,
  select,
  square,
  sub,
  tanh,
  type Value,
} from '../program/index.js';
import { type Init, type ModelBuilder, ONES, xavier, ZEROS } from './state.js';

interface LinearOptions {
  /** @defaultValue true */
  readonly bias?: boolean;
  /** @defaultValue Xavier over inputs and outputs */
  readonly init?: Init;
  /** @defaultValue 0 */
  readonly biasInit?: Init;
}

/** x W^T + b with parameters `name.weight` [O, I] and `name.bias` [O]. */
export function linearLayer(
  model: ModelBuilder,
  name: string,
  x: Value,
  outputs: number,
  options: LinearOptions = {},
): Value {
  const inputs = x.shape.at(-1) as number;
  return model.scope(name, () => {
    const weight = model.parameter(
      'weight',
      [outputs, inputs],
      options.init ?? xavier(inputs, outputs),
    );
    const bias =
      options.bias === false
        ? undefined
        : model.parameter('bias', [outputs], options.biasInit ?? ZEROS);
    return linear(x, weight, bias);
  });
}

/** Layer normalisation over the last axis with parameters `name.weight` and `name.bias`. */
export function layerNormLayer(model: ModelBuilder, name: string, x: Value, eps: number): Value {
  const width = x.shape.at(-1) as number;
  return model.scope(name, () =>
    layerNorm(
      x,
      model.parameter('weight', [width], ONES),
      model.parameter('bias', [width], ZEROS),
      eps,
    ),
  );
}

/** Whether statistics come from the batch (and running ones are updated) or from training. */
export type Mode = 'train' | 'evaluate';

const BATCH_NORM_EPS = 1e-5;
const BATCH_NORM_MOMENTUM = 0.1;

export interface BatchNormOptions {
  /** @defaultValue 1e-5 */
  readonly eps?: number;
  /** Whether a weight and a bias, which are learned, follow. @defaultValue true */
  readonly affine?: boolean;
}

/**
 * Batch normalisation of x [B, D] over the whole batch, with eps 1e-5 (PyTorch's BatchNorm1d).
 * In training the running mean and (unbiased) variance move by 0.1 towards the batch's and are
 * outputs under their own names. B is always the global batch: a plan never splits it.
 */
export function batchNormLayer(
  model: ModelBuilder,
  name: string,
  x: Value,
  mode: Mode,
  { eps = BATCH_NORM_EPS, affine = true }: BatchNormOptions = {},
): Value {
  const [batch, width] = x.shape as [number, number];
  return model.scope(name, () => {
    const learned = affine
      ? {
          weight: model.parameter('weight', [width], ONES),
          bias: model.parameter('bias', [width], ZEROS),
        }
      : undefined;
    const runningMean = model.statistic('running_mean', [width], ZEROS);
    const runningVariance = model.statistic('running_variance', [width], ONES);
    let [center, variance] = [runningMean, runningVariance];
    if (mode === 'train') {
      center = mean(x, [0]);
      variance = mean(square(sub(x, center)), [0]);
      const unbiased = mul(variance, batch / (batch - 1));
      model.program.output(runningMean.name, moved(runningMean, center));
      model.program.output(runningVariance.name, moved(runningVariance, unbiased));
    }
    const normalized = mul(sub(x, center), rsqrt(add(variance, eps)));
    return learned === undefined ? normalized : add(mul(normalized, learned.weight), learned.bias);
  });
}

function moved(running: Value, current: Value): Value {
  return add(mul(running, 1 - BATCH_NORM_MOMENTUM), mul(current, BATCH_NORM_MOMENTUM));
}

/** max(x, 0), with gradient 0 at 0 (PyTorch's convention). */
export function relu(x: Value): Value {
  const zero = constant(x.builder, 0, { dtype: x.dtype });
  return select(compare(x, 'gt', 0), x, zero);
}

/** x * sigmoid(1.702 x): CLIP's approximation of GELU. sigmoid(z) = (1 + tanh(z / 2)) / 2 never overflows. */
export function quickGelu(x: Value): Value {
  return mul(x, mul(add(tanh(mul(x, 1.702 / 2)), 1), 0.5));
}
