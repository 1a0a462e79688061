import {
  add,
  crossEntropy,
  linear,
  mean,
  mul,
  rsqrt,
  square,
  sub,
  type Value,
} from '../program/index.js';
import { type Model, ModelBuilder, ONES, ZEROS } from './state.js';

/** A linear classifier on frozen features. */
export interface LinearProbeConfig {
  /** D, the width of a feature. */
  readonly width: number;
  /** C. */
  readonly classes: number;
}

const EPS = 1e-6;

/**
 * The loss of a linear probe on all clips at once: `features` f32 [N, D] and `labels` i32 [N] to
 * `loss`, the mean cross-entropy of W x + b with x = (feature - mean) / sqrt(variance + 1e-6), the
 * batch norm without affine parameters. Mean and (biased) variance are those of all N features and
 * are outputs as `norm.mean` and `norm.variance`, for clips that are judged later.
 * Source: MAE main_linprobe.py (norm, weights normal with deviation 0.01, no weight decay).
 */
export function linearProbeModel(config: LinearProbeConfig, clips: number): Model {
  const model = new ModelBuilder('linear_probe');
  const { program } = model;
  const features = program.input('features', 'f32', [clips, config.width], 'data');
  const labels = program.input('labels', 'i32', [clips], 'data');
  const [runningMean, runningVariance] = statistics(model, config);
  const center = mean(features, [0]);
  const variance = mean(square(sub(features, center)), [0]);
  program.output(runningMean.name, center);
  program.output(runningVariance.name, variance);
  program.output(
    'loss',
    mean(crossEntropy(classifier(model, features, center, variance, config), labels)),
  );
  return model.finish();
}

/** The trained probe: `features` f32 [N, D] to `logits` [N, C]. */
export function linearProbeLogits(config: LinearProbeConfig, clips: number): Model {
  const model = new ModelBuilder('linear_probe_logits');
  const features = model.program.input('features', 'f32', [clips, config.width], 'data');
  const [center, variance] = statistics(model, config);
  model.program.output('logits', classifier(model, features, center, variance, config));
  return model.finish();
}

function statistics(model: ModelBuilder, { width }: LinearProbeConfig): readonly [Value, Value] {
  return [
    model.statistic('norm.mean', [width], ZEROS),
    model.statistic('norm.variance', [width], ONES),
  ];
}

function classifier(
  model: ModelBuilder,
  features: Value,
  center: Value,
  variance: Value,
  { width, classes }: LinearProbeConfig,
): Value {
  const normalized = mul(sub(features, center), rsqrt(add(variance, EPS)));
  const init = { kind: 'normal', std: 0.01, cut: 2 } as const;
  const weight = model.parameter('weight', [classes, width], init, { decay: false });
  return linear(normalized, weight, model.parameter('bias', [classes], ZEROS));
}
