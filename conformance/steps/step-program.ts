import { differentiate } from '../../core/autodiff/differentiate.js';
import { simplify } from '../../core/passes/simplify.js';
import {
  type ActiveLossScaling,
  adamwState,
  adamwUpdate,
  lossScale,
  lossScalerState,
  type PretrainingConfig,
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

/**
 * The step of a model, cut between gradients and update.
 *
 * @param float Its type.
 * @param scaling Of its loss: the gradients of both programs are then those of the scaled loss.
 */
export function cutStep(
  config: PretrainingConfig,
  shape: { readonly batch: number; readonly visible: number },
  float: FloatType = 'f32',
  scaling?: ActiveLossScaling,
): CutStep {
  const model = pretrainingModel(config, shape, float);
  const parameters = model.state.filter(({ role }) => role === 'parameter');
  const names = parameters.map(({ name }) => name);
  const finish = (
    builder: ProgramBuilder,
    state: readonly StateSpec[],
    gradients: ReadonlyMap<string, Value>,
  ): void => {
    if (scaling === undefined) adamwUpdate(builder, state, gradients, {});
    else scaledAdamwUpdate(builder, state, gradients, {}, scaling);
  };
  const { builder, gradients } =
    scaling === undefined
      ? differentiate(model.program, 'loss', names)
      : differentiate(model.program, 'loss', names, (loss) => lossScale(loss.builder, scaling));
  for (const [name, gradient] of gradients) builder.output(`grad.${name}`, gradient);
  finish(builder, model.state, gradients);

  const update = new ProgramBuilder('update', { float });
  const given = new Map(
    parameters.map(({ name, shape: own }) => {
      update.input(name, float, own, 'parameter');
      return [name, update.input(`grad.${name}`, float, own, 'data')];
    }),
  );
  finish(update, parameters, given);
  const oracle = { ...builder.finish(), name: 'step' };
  return {
    step: simplify(oracle),
    oracle,
    update: update.finish(),
    state: [
      ...model.state,
      ...adamwState(model.state),
      ...(scaling === undefined ? [] : lossScalerState(scaling)),
    ],
  };
}
