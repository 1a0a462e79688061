import {
  type BatchShape,
  LacunaError,
  lossScale,
  type Model,
  type ModelConfig,
  partedPretrainingModel,
  pretrainingModel,
} from '../../spec/index.js';
import { differentiate } from '../autodiff/differentiate.js';
import { simplify } from '../passes/simplify.js';
import {
  finishStep,
  parameterNames,
  planState,
  type StepOptions,
  scalingOf,
} from './finish-step.js';
import { partedPlan } from './parted-plan.js';
import type { Plan } from './plan.js';

export interface TrainingPlanOptions extends StepOptions {
  /**
   * B / b: into how many equal parts the global batch is cut, each run by itself, so that a step needs
   * the memory of b clips. Negatives and batch norm's statistics are those of the global batch all the
   * same: see `partedPlan`. @defaultValue 1
   */
  readonly microbatches?: number;
}

/** The plan of one pretraining step: loss, gradients and AdamW, in one call or in parts of the batch. */
export function trainingPlan(
  config: ModelConfig,
  shape: BatchShape,
  options: TrainingPlanOptions = {},
): Plan {
  const { microbatches = 1, float = 'f32' } = options;
  const { batch } = shape;
  if (microbatches === 1)
    return { ...oneCallPlan(pretrainingModel(config, shape, float), options), batch };
  if (!Number.isInteger(microbatches) || microbatches < 1 || shape.batch % microbatches !== 0) {
    throw new LacunaError({
      what: 'the batch cannot be cut into equal microbatches',
      got: `batch ${shape.batch}, ${microbatches} microbatches`,
    });
  }
  const model = partedPretrainingModel(config, shape, shape.batch / microbatches, float);
  return { ...partedPlan(model, microbatches, options), batch };
}

/** The plan of one call for any model with the output `loss`. */
export function oneCallPlan(model: Model, options: StepOptions = {}): Plan {
  const scaling = scalingOf(options);
  const names = parameterNames(model.state);
  const { builder, gradients } =
    scaling === undefined
      ? differentiate(model.program, 'loss', names)
      : differentiate(model.program, 'loss', names, (loss) => lossScale(loss.builder, scaling));
  finishStep(builder, model.state, gradients, options);
  return {
    programs: { step: simplify({ ...builder.finish(), name: 'step' }) },
    calls: [{ program: 'step', repeat: 1 }],
    state: planState(model.state, options),
    scratch: [],
    recompute: options.recompute ?? false,
  };
}
