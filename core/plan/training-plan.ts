import {
  type AdamWConfig,
  adamwState,
  adamwUpdate,
  add,
  type BatchShape,
  type FloatType,
  LacunaError,
  type Model,
  mul,
  type PretrainingConfig,
  ProgramBuilder,
  pretrainingModel,
  type StateSpec,
  sqrt,
  square,
  sum,
  type Value,
} from '../../spec/index.js';
import { differentiate } from '../autodiff/differentiate.js';
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
  /** @defaultValue 'f32' */
  readonly float?: FloatType;
}

/** The plan of one pretraining step: loss, gradients and AdamW, in one call or accumulated. */
export function trainingPlan(
  config: PretrainingConfig,
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
  const { builder, gradients } = differentiate(model.program, 'loss', parameterNames(model.state));
  finishStep(builder, model.state, gradients, options);
  return {
    programs: { step: simplify({ ...builder.finish(), name: 'step' }) },
    calls: [{ program: 'step', repeat: 1 }],
    state: [...model.state, ...adamwState(model.state)],
    scratch: [],
  };
}

function accumulatedPlan(model: Model, microbatches: number, options: TrainingPlanOptions): Plan {
  const parameters = model.state.filter(({ role }) => role === 'parameter');
  const scratch = parameters.map(
    (spec): StateSpec => ({
      name: `accumulated.${spec.name}`,
      shape: spec.shape,
      role: 'optimizer',
      init: { kind: 'constant', value: 0 },
      decay: false,
    }),
  );
  const { builder: backward, gradients } = differentiate(
    model.program,
    'loss',
    parameterNames(model.state),
  );
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
  finishStep(update, model.state, averaged, options);
  return {
    programs: {
      backward: simplify({ ...backward.finish(), name: 'backward' }),
      update: simplify(update.finish()),
    },
    calls: [
      { program: 'backward', repeat: microbatches },
      { program: 'update', repeat: 1 },
    ],
    state: [...model.state, ...adamwState(model.state)],
    scratch,
  };
}

function finishStep(
  builder: ProgramBuilder,
  state: readonly StateSpec[],
  gradients: ReadonlyMap<string, Value>,
  options: TrainingPlanOptions,
): void {
  if (options.gradientNorm === true) builder.output('grad_norm', norm([...gradients.values()]));
  adamwUpdate(builder, state, gradients, options.optimizer ?? {});
}

function norm(gradients: readonly Value[]): Value {
  return sqrt(gradients.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b)));
}

function parameterNames(state: readonly StateSpec[]): readonly string[] {
  return state.filter(({ role }) => role === 'parameter').map(({ name }) => name);
}
