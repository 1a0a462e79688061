import {
  type ActiveLossScaling,
  type AdamWConfig,
  activeLossScaling,
  adamwState,
  adamwUpdate,
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
  /** @defaultValue `none` */
  readonly lossScaling?: LossScaling;
  /** @defaultValue 'f32' */
  readonly float?: FloatType;
}

export function scalingOf({
  lossScaling = { kind: 'none' },
}: StepOptions): ActiveLossScaling | undefined {
  return activeLossScaling(lossScaling);
}

/** The state of a step: the model's, the optimiser's and the scaler's. */
export function planState(
  state: readonly StateSpec[],
  scaling: ActiveLossScaling | undefined,
  { lars }: Pick<StepOptions, 'lars'>,
): readonly StateSpec[] {
  return [
    ...state,
    ...(lars === undefined ? adamwState(state) : larsState(state)),
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
  const { optimizer = {}, lars } = options;
  const scaling = scalingOf(options);
  const norm = (own: ReadonlyMap<string, Value>): void => {
    if (options.gradientNorm === true) builder.output('grad_norm', gradientNorm(own.values()));
  };
  if (lars !== undefined) {
    if (scaling !== undefined) throw new LacunaError({ what: 'LARS knows no loss scaling' });
    norm(gradients);
    larsUpdate(builder, state, gradients, lars);
  } else if (scaling === undefined) {
    norm(gradients);
    adamwUpdate(builder, state, gradients, optimizer);
  } else {
    norm(scaledAdamwUpdate(builder, state, gradients, optimizer, scaling, bad));
  }
}

export function parameterNames(state: readonly StateSpec[]): readonly string[] {
  return state.filter(({ role }) => role === 'parameter').map(({ name }) => name);
}
