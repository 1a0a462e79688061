import { differentiate } from '../../core/autodiff/differentiate.js';
import { simplify } from '../../core/passes/simplify.js';
import {
  adamwState,
  adamwUpdate,
  gradientNorm,
  pretrainingModel,
  type StateSpec,
} from '../../spec/index.js';
import { type FloatType, type Program, ProgramBuilder } from '../../spec/program/index.js';
import { type OracleModel, visibleTokens } from './oracle-model.js';

/** The training step of an oracle's model, with its gradients as outputs. */
export interface OracleStep {
  /** Outputs: losses, `grad_norm`, `grad.NAME` of each parameter, and the next state by name. */
  readonly program: Program;
  readonly state: readonly StateSpec[];
  readonly parameters: readonly StateSpec[];
}

/** The step as `trainingPlan` makes it with `gradientNorm`, and each gradient beside. */
export function oracleStep(model: OracleModel, float: FloatType): OracleStep {
  const shape = { batch: model.batch, visible: visibleTokens(model) };
  const { program, state } = pretrainingModel(model.config, shape, float);
  const parameters = state.filter(({ role }) => role === 'parameter');
  const names = parameters.map(({ name }) => name);
  const { builder, gradients } = differentiate(program, 'loss', names);
  for (const [name, gradient] of gradients) builder.output(`grad.${name}`, gradient);
  builder.output('grad_norm', gradientNorm(gradients.values()));
  adamwUpdate(builder, state, gradients, model.optimizer);
  return {
    program: simplify({ ...builder.finish(), name: 'step' }),
    state: [...state, ...adamwState(state)],
    parameters,
  };
}

/** AdamW of `count` elements of one group: inputs `p`, `grad.p`, moments and schedule. */
export function updateOf({ optimizer }: OracleModel, count: number, decay: boolean): Program {
  const builder = new ProgramBuilder('update');
  const p = builder.input('p', builder.float, [count], 'parameter');
  const gradient = builder.input('grad.p', builder.float, [count], 'data');
  const init = { kind: 'constant', value: 0 } as const;
  const spec: StateSpec = { name: p.name, shape: p.shape, role: 'parameter', init, decay };
  adamwUpdate(builder, [spec], new Map([[p.name, gradient]]), optimizer);
  return builder.finish();
}
