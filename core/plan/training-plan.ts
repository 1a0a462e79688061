import {
  type ActiveLossScaling,
  type AdamWConfig,
  activeLossScaling,
  adamwState,
  adamwUpdate,
  add,
  type BatchShape,
  type FloatType,
  gradientNorm,
  LacunaError,
  type LossScaling,
  lossScale,
  lossScalerState,
  type Model,
  type ModelConfig,
  max,
  mul,
  notFinite,
  ProgramBuilder,
  pretrainingModel,
  type Shape,
  type StateSpec,
  scaledAdamwUpdate,
  type Value,
} from '../../spec/index.js';
import { differentiate, type Gradients } from '../autodiff/differentiate.js';
import { simplify } from '../passes/simplify.js';
import type { Plan } from './plan.js';

export interface TrainingPlanOptions {
  readonly optimizer?: AdamWConfig;
  /**
   * B / b: into how many microbatches the global batch is cut. Their gradients are averaged, which
   * equals the one-call step only for losses that are means over samples: MAE, not InfoNCE or
   * batch norm, whose negatives and statistics are those of the global batch. @defaultValue 1
   */
  readonly microbatches?: number;
  /** Adds the metric `grad_norm`, the Euclidean norm of all gradients. @defaultValue false */
  readonly gradientNorm?: boolean;
  /** @defaultValue `none` */
  readonly lossScaling?: LossScaling;
  /** @defaultValue 'f32' */
  readonly float?: FloatType;
}

/** The plan of one pretraining step: loss, gradients and AdamW, in one call or accumulated. */
export function trainingPlan(
  config: ModelConfig,
  shape: BatchShape,
  options: TrainingPlanOptions = {},
): Plan {
  const { microbatches = 1, float = 'f32' } = options;
  if (microbatches === 1) return oneCallPlan(pretrainingModel(config, shape, float), options);
  if (!Number.isInteger(microbatches) || microbatches < 1 || shape.batch % microbatches !== 0) {
    throw new LacunaError({
      what: 'the batch cannot be cut into equal microbatches',
      got: `batch ${shape.batch}, ${microbatches} microbatches`,
    });
  }
  if (config.contrastive !== undefined) {
    throw new LacunaError({
      what: 'a contrastive loss cannot be accumulated over microbatches: its negatives are the batch',
      fix: 'Train with one microbatch, or with the objective mae.',
    });
  }
  const micro = { ...shape, batch: shape.batch / microbatches };
  return accumulatedPlan(pretrainingModel(config, micro, float), microbatches, options);
}

/** The plan of one call for any model with the output `loss`. */
export function oneCallPlan(model: Model, options: TrainingPlanOptions = {}): Plan {
  const scaling = scalingOf(options);
  const { builder, gradients } = backpropagated(model, scaling);
  finishStep(builder, model.state, gradients, options);
  return {
    programs: { step: simplify({ ...builder.finish(), name: 'step' }) },
    calls: [{ program: 'step', repeat: 1 }],
    state: planState(model, scaling),
    scratch: [],
  };
}

function accumulatedPlan(model: Model, microbatches: number, options: TrainingPlanOptions): Plan {
  const scaling = scalingOf(options);
  const parameters = model.state.filter(({ role }) => role === 'parameter');
  const scratch = parameters.map(({ name, shape }) => scratchSpec(`accumulated.${name}`, shape));
  const { builder: backward, gradients } = backpropagated(model, scaling);
  const update = new ProgramBuilder('update', { float: options.float ?? 'f32' });
  const averaged = new Map<string, Value>();
  parameters.forEach(({ name, shape }, index) => {
    const { name: total } = scratch[index] as StateSpec;
    const gradient = gradients.get(name) as Value;
    const sum = backward.input(total, gradient.dtype, shape, 'optimizer');
    backward.output(total, add(sum, mul(gradient, 1 / microbatches)));
    update.input(name, update.float, shape, 'parameter');
    averaged.set(name, update.input(total, update.float, shape, 'optimizer'));
  });
  let bad: Value | undefined;
  if (scaling !== undefined) {
    // Both the parts and their sum are tested: not every backend promises that an infinity in a part
    // makes the sum infinite or NaN.
    const flag = (builder: ProgramBuilder, tensors: ReadonlyMap<string, Value>): Value =>
      max(
        builder.input(NOT_FINITE, builder.float, [], 'optimizer'),
        builder.scope('scaler', () => notFinite(tensors.values())),
      );
    backward.output(NOT_FINITE, flag(backward, gradients));
    bad = flag(update, averaged);
    scratch.push(scratchSpec(NOT_FINITE, []));
  }
  finishStep(update, model.state, averaged, options, bad);
  return {
    programs: {
      backward: simplify({ ...backward.finish(), name: 'backward' }),
      update: simplify(update.finish()),
    },
    calls: [
      { program: 'backward', repeat: microbatches },
      { program: 'update', repeat: 1 },
    ],
    state: planState(model, scaling),
    scratch,
  };
}

/** Whether a gradient of one of the microbatches was not finite, 1 or 0. */
const NOT_FINITE = 'accumulated.not_finite';

function scalingOf({ lossScaling = { kind: 'none' } }: TrainingPlanOptions) {
  return activeLossScaling(lossScaling);
}

function backpropagated(model: Model, scaling: ActiveLossScaling | undefined): Gradients {
  const names = parameterNames(model.state);
  return scaling === undefined
    ? differentiate(model.program, 'loss', names)
    : differentiate(model.program, 'loss', names, ({ builder }) => lossScale(builder, scaling));
}

function planState({ state }: Model, scaling: ActiveLossScaling | undefined): readonly StateSpec[] {
  return [
    ...state,
    ...adamwState(state),
    ...(scaling === undefined ? [] : lossScalerState(scaling)),
  ];
}

function scratchSpec(name: string, shape: Shape): StateSpec {
  return { name, shape, role: 'optimizer', init: { kind: 'constant', value: 0 }, decay: false };
}

function finishStep(
  builder: ProgramBuilder,
  state: readonly StateSpec[],
  gradients: ReadonlyMap<string, Value>,
  options: TrainingPlanOptions,
  bad?: Value,
): void {
  const { optimizer = {} } = options;
  const scaling = scalingOf(options);
  const norm = (own: ReadonlyMap<string, Value>): void => {
    if (options.gradientNorm === true) builder.output('grad_norm', gradientNorm(own.values()));
  };
  if (scaling === undefined) {
    norm(gradients);
    adamwUpdate(builder, state, gradients, optimizer);
  } else {
    norm(scaledAdamwUpdate(builder, state, gradients, optimizer, scaling, bad));
  }
}

function parameterNames(state: readonly StateSpec[]): readonly string[] {
  return state.filter(({ role }) => role === 'parameter').map(({ name }) => name);
}
