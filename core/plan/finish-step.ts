import {
  type ActiveLossScaling,
  type AdamWConfig,
  activeLossScaling,
  adamwState,
  adamwUpdate,
  averageState,
  averageUpdate,
  clipGradients,
  type FloatType,
  gradientNorm,
  LacunaError,
  type LarsConfig,
  type LossScaling,
  larsState,
  larsUpdate,
  lossScalerState,
  type ProgramBuilder,
  type StateSpec,
  scaledAdamwUpdate,
  type Value,
} from '../../spec/index.js';

/** What a training step does beside loss and gradients. */
export interface StepOptions {
  /** Of AdamW. */
  readonly optimizer?: AdamWConfig;
  /** LARS in the place of AdamW; it knows no loss scaling. @defaultValue AdamW */
  readonly lars?: LarsConfig;
  /** Adds the metric `grad_norm`, the Euclidean norm of all gradients. @defaultValue false */
  readonly gradientNorm?: boolean;
  /** The most that the norm of all gradients is: see `clipGradients`. @defaultValue 0: they are as they are */
  readonly clipNorm?: number;
  /** The decay of a moving average of every parameter: see `averageUpdate`. @defaultValue 0: there is none */
  readonly average?: number;
  /** @defaultValue `none` */
  readonly lossScaling?: LossScaling;
  /** Whether what can be made again in time for its gradient does not lie in memory until then. @defaultValue false */
  readonly recompute?: boolean;
  /** @defaultValue 'f32' */
  readonly float?: FloatType;
}

export function scalingOf({
  lossScaling = { kind: 'none' },
}: StepOptions): ActiveLossScaling | undefined {
  return activeLossScaling(lossScaling);
}

/** The state of a step: the model's, the optimiser's, the averages and the scaler's. */
export function planState(state: readonly StateSpec[], options: StepOptions): readonly StateSpec[] {
  const scaling = scalingOf(options);
  const { average = 0, lars } = options;
  return [
    ...state,
    ...(lars === undefined ? adamwState(state) : larsState(state)),
    ...(average === 0 ? [] : averageState(state)),
    ...(scaling === undefined ? [] : lossScalerState(scaling)),
  ];
}

/**
 * Adds the update of every parameter, and what is told of it.
 *
 * @param bad 1 where the step is to be skipped, else 0. @defaultValue as `scaledAdamwUpdate`
 */
export function finishStep(
  builder: ProgramBuilder,
  state: readonly StateSpec[],
  gradients: ReadonlyMap<string, Value>,
  options: StepOptions,
  bad?: Value,
): void {
  const { optimizer = {}, lars, clipNorm = 0, average = 0 } = options;
  const scaling = scalingOf(options);
  // What is reported is the norm before it is clipped.
  const norm = (own: ReadonlyMap<string, Value>): void => {
    if (options.gradientNorm === true) builder.output('grad_norm', gradientNorm(own.values()));
  };
  const clipped = (own: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> =>
    clipNorm === 0 ? own : clipGradients(own, clipNorm);
  let updated: ReadonlyMap<string, Value>;
  if (lars !== undefined) {
    if (scaling !== undefined) throw new LacunaError({ what: 'LARS knows no loss scaling' });
    norm(gradients);
    updated = larsUpdate(builder, state, clipped(gradients), lars);
  } else if (scaling === undefined) {
    norm(gradients);
    updated = adamwUpdate(builder, state, clipped(gradients), optimizer);
  } else {
    const step = scaledAdamwUpdate(builder, state, gradients, optimizer, scaling, bad, clipped);
    norm(step.gradients);
    updated = step.updated;
  }
  if (average !== 0) averageUpdate(builder, updated, average);
}

export function parameterNames(state: readonly StateSpec[]): readonly string[] {
  return state.filter(({ role }) => role === 'parameter').map(({ name }) => name);
}
