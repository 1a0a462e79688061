import { differentiate } from '../../core/autodiff/differentiate.js';
import { simplify } from '../../core/passes/simplify.js';
import {
  adamwState,
  adamwUpdate,
  type PretrainingConfig,
  pretrainingModel,
  type StateSpec,
} from '../../spec/index.js';
import { type FloatType, type Program, ProgramBuilder } from '../../spec/program/index.js';

/** A step whose gradients are outputs, too, and its update as a program of its own. */
export interface CutStep {
  /** Outputs: losses, `grad.NAME` of each parameter, and the next state by name. */
  readonly step: Program;
  /** Inputs: `grad.NAME`, the parameters, their moments and the schedule; outputs: the next state. */
  readonly update: Program;
  readonly state: readonly StateSpec[];
}

/** The step of a model, cut between gradients and update. @param float Its type. */
export function cutStep(
  config: PretrainingConfig,
  shape: { readonly batch: number; readonly visible: number },
  float: FloatType = 'f32',
): CutStep {
  const model = pretrainingModel(config, shape, float);
  const parameters = model.state.filter(({ role }) => role === 'parameter');
  const names = parameters.map(({ name }) => name);
  const { builder, gradients } = differentiate(model.program, 'loss', names);
  for (const [name, gradient] of gradients) builder.output(`grad.${name}`, gradient);
  adamwUpdate(builder, model.state, gradients, {});

  const update = new ProgramBuilder('update', { float });
  const given = new Map(
    parameters.map(({ name, shape: own }) => {
      update.input(name, float, own, 'parameter');
      return [name, update.input(`grad.${name}`, float, own, 'data')];
    }),
  );
  adamwUpdate(update, parameters, given, {});
  return {
    step: simplify({ ...builder.finish(), name: 'step' }),
    update: update.finish(),
    state: [...model.state, ...adamwState(model.state)],
  };
}
