import { differentiate } from '../../core/autodiff/differentiate.js';
import { simplify } from '../../core/passes/simplify.js';
import {
  type ActiveLossScaling,
  type AdamWConfig,
  adamwState,
  adamwUpdate,
  type BatchShape,
  lossScale,
  lossScalerState,
  type ModelConfig,
  pretrainingModel,
  type StateSpec,
  scaledAdamwUpdate,
} from '../../spec/index.js';
import {
  type FloatType,
  type Program,
  ProgramBuilder,
  type Value,
} from '../../spec/program/index.js';

/** A step whose gradients are outputs, too, and its update as a program of its own. */
export interface CutStep {
  /** Outputs: losses, `grad.NAME` of each parameter, and the next state by name. */
  readonly step: Program;
  /** The same with constants as their formulas have them: literals are not folded. */
  readonly oracle: Program;
  /**
   * Inputs: `grad.NAME`, the parameters, their moments, the scaler and the schedule; outputs: the
   * next state, and what the scaler says.
   */
  readonly update: Program;
  readonly state: readonly StateSpec[];
}

export interface CutStepOptions {
  /** @defaultValue 'f32' */
  readonly float?: FloatType;
  /** Of the loss: the gradients of both programs are then those of the scaled loss. @defaultValue none */
  readonly scaling?: ActiveLossScaling | undefined;
  /** @defaultValue that of `adamwUpdate` */
  readonly optimizer?: AdamWConfig;
}

/** The step of a model, cut between gradients and update. */
export function cutStep(
  config: ModelConfig,
  shape: BatchShape,
  { float = 'f32', scaling, optimizer = {} }: CutStepOptions = {},
): CutStep {
  const model = pretrainingModel(config, shape, float);
  const parameters = model.state.filter(({ role }) => role === 'parameter');
  const names = parameters.map(({ name }) => name);
  const { builder, gradients } =
    scaling === undefined
      ? differentiate(model.program, 'loss', names)
      : differentiate(model.program, 'loss', names, (loss) => lossScale(loss.builder, scaling));
  for (const [name, gradient] of gradients) builder.output(`grad.${name}`, gradient);
  addUpdate(builder, model.state, gradients, { scaling, optimizer });
  const oracle = { ...builder.finish(), name: 'step' };
  return {
    step: simplify(oracle),
    oracle,
    update: updateProgram(parameters, { float, scaling, optimizer }),
    state: [
      ...model.state,
      ...adamwState(model.state),
      ...(scaling === undefined ? [] : lossScalerState(scaling)),
    ],
  };
}

/** The update of parameters as a program of its own, from gradients that are inputs. */
export function updateProgram(
  parameters: readonly StateSpec[],
  { float = 'f32', ...options }: CutStepOptions = {},
): Program {
  const builder = new ProgramBuilder('update', { float });
  const given = new Map(
    parameters.map(({ name, shape }) => {
      builder.input(name, float, shape, 'parameter');
      return [name, builder.input(`grad.${name}`, float, shape, 'data')];
    }),
  );
  addUpdate(builder, parameters, given, options);
  return builder.finish();
}

function addUpdate(
  builder: ProgramBuilder,
  state: readonly StateSpec[],
  gradients: ReadonlyMap<string, Value>,
  { scaling, optimizer = {} }: CutStepOptions,
): void {
  if (scaling === undefined) adamwUpdate(builder, state, gradients, optimizer);
  else scaledAdamwUpdate(builder, state, gradients, optimizer, scaling);
}
