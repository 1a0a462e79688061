import {
  add,
  constant,
  crossEntropy,
  finite,
  linear,
  mean,
  mul,
  rsqrt,
  select,
  square,
  sub,
  type Value,
} from '../program/index.js';
import { type AttentivePoolingConfig, attentivePooling } from './attentive-pooling.js';
import { batchNormLayer, type Mode } from './layers.js';
import { fanIn, type Model, ModelBuilder, ONES, ZEROS } from './state.js';

/**
 * A classifier on frozen features.
 * - `linear`: batch norm without affine parameters, then a linear map (MAE main_linprobe.py), on one
 *   vector a clip.
 * - `attentive`: `attentivePooling`, then a linear map (V-JEPA 2 `AttentiveClassifier`), on all tokens.
 */
export type ProbeModelConfig = {
  /** D, the width of a feature. */
  readonly width: number;
  /** C. */
  readonly classes: number;
} & (
  | {
      readonly kind: 'linear';
      /**
       * Whose mean and variance normalise a clip that is judged.
       * - `all`: those of all features, which a step reads at once, the variance biased.
       * - `running`: running ones, as `batchNormLayer` keeps them.
       */
      readonly statistics: 'all' | 'running';
    }
  | ({
      readonly kind: 'attentive';
      /** K, tokens of a clip. */
      readonly tokens: number;
    } & AttentivePoolingConfig)
);

/** How one of several heads that are trained side by side is trained. */
export interface ProbeCandidate {
  /** Its rate over the schedule's. */
  readonly rateScale: number;
  /** Of matrices. */
  readonly weightDecay: number;
}

const EPS = 1e-6;

/**
 * The loss of heads that are trained side by side on the same clips: `features` f32 [N, D] (linear) or
 * [N, K, D] (attentive) and `labels` i32 [N] to `loss`, the sum over candidates of the mean cross-entropy, so that
 * each has the gradients that it has alone. Of several, one whose loss is not finite counts as 0: it is
 * lost, and the others go on.
 *
 * Names: of one candidate as they stand here (`weight`, `bias`), of several behind `candidate.k.`.
 * Linear weights start normal with deviation 0.01 (MAE), those behind an attentive pooling as PyTorch's.
 */
export function probeModel(
  config: ProbeModelConfig,
  clips: number,
  candidates: readonly ProbeCandidate[],
): Model {
  const model = new ModelBuilder(`${config.kind}_probe`);
  const features = featuresInput(model, config, clips);
  const labels = model.program.input('labels', 'i32', [clips], 'data');
  const losses = headsOn(model, config, features, candidates, 'train').map((logits) =>
    mean(crossEntropy(logits, labels)),
  );
  const counted = (loss: Value): Value =>
    losses.length === 1 ? loss : select(finite(loss), loss, constant(loss.builder, 0));
  model.program.output(
    'loss',
    losses.map(counted).reduce((a, b) => add(a, b)),
  );
  return model.finish();
}

/** Trained heads: `features` to `logits.k` [N, C] of each candidate. */
export function probeLogits(config: ProbeModelConfig, clips: number, candidates: number): Model {
  const model = new ModelBuilder(`${config.kind}_probe_logits`);
  const features = featuresInput(model, config, clips);
  const plain = Array.from({ length: candidates }, () => ({ rateScale: 1, weightDecay: 0 }));
  headsOn(model, config, features, plain, 'evaluate').forEach((logits, index) => {
    model.program.output(`logits.${index}`, logits);
  });
  return model.finish();
}

function featuresInput(model: ModelBuilder, config: ProbeModelConfig, clips: number): Value {
  const { width } = config;
  const shape = config.kind === 'linear' ? [clips, width] : [clips, config.tokens, width];
  return model.program.input('features', 'f32', shape, 'data');
}

/** The logits of each candidate. */
function headsOn(
  model: ModelBuilder,
  config: ProbeModelConfig,
  features: Value,
  candidates: readonly ProbeCandidate[],
  mode: Mode,
): readonly Value[] {
  // All candidates see the same clips, and so the same statistics.
  const read =
    config.kind === 'linear' ? normalized(model, features, config.statistics, mode) : features;
  const head = (candidate: ProbeCandidate): Value => {
    const { rateScale: learningRateScale, weightDecay } = candidate;
    return model.learning({ learningRateScale, weightDecay }, () => {
      const x = config.kind === 'linear' ? read : attentivePooling(model, read, config);
      return classifier(model, x, config);
    });
  };
  if (candidates.length === 1) return candidates.map(head);
  return candidates.map((each, index) => model.scope(`candidate.${index}`, () => head(each)));
}

function classifier(
  model: ModelBuilder,
  x: Value,
  { kind, width, classes }: ProbeModelConfig,
): Value {
  const start = fanIn(width);
  const init = kind === 'linear' ? ({ kind: 'normal', std: 0.01 } as const) : start;
  const weight = model.parameter('weight', [classes, width], init);
  return linear(x, weight, model.parameter('bias', [classes], kind === 'linear' ? ZEROS : start));
}

/** Batch norm without affine parameters: (x - mean) / sqrt(variance + 1e-6). */
function normalized(
  model: ModelBuilder,
  features: Value,
  statistics: 'all' | 'running',
  mode: Mode,
): Value {
  if (statistics === 'running') {
    return batchNormLayer(model, 'norm', features, mode, { eps: EPS, affine: false });
  }
  const width = features.shape[1] as number;
  const kept = [
    model.statistic('norm.mean', [width], ZEROS),
    model.statistic('norm.variance', [width], ONES),
  ] as const;
  let [center, variance]: readonly [Value, Value] = kept;
  if (mode === 'train') {
    center = mean(features, [0]);
    variance = mean(square(sub(features, center)), [0]);
    model.program.output(kept[0].name, center);
    model.program.output(kept[1].name, variance);
  }
  return mul(sub(features, center), rsqrt(add(variance, EPS)));
}
