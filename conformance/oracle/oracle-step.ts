import { differentiate } from '../../core/autodiff/differentiate.js';
import { simplify } from '../../core/passes/simplify.js';
import type { Plan } from '../../core/plan/plan.js';
import { trainingPlan } from '../../core/plan/training-plan.js';
import {
  adamwState,
  adamwUpdate,
  gradientNorm,
  pretrainingModel,
  type StateSpec,
} from '../../spec/index.js';
import { type FloatType, type Program, ProgramBuilder } from '../../spec/program/index.js';
import { type OracleModel, visibleTokens } from './oracle-model.js';

/** The training step of an oracle's model, which keeps its gradients. */
export interface OracleStep {
  /** Its metrics are the losses and `grad_norm`; its state has `grad.NAME` of each parameter, too. */
  readonly plan: Plan;
  readonly parameters: readonly StateSpec[];
}

/**
 * The step as `trainingPlan` makes it with `gradientNorm`, and each gradient beside.
 *
 * @param microbatches Parts that the batch is run in.
 */
export function oracleStep(model: OracleModel, float: FloatType, microbatches: number): OracleStep {
  const { config, optimizer } = model;
  const shape = { batch: model.batch, visible: visibleTokens(model) };
  if (microbatches > 1) {
    const options = { microbatches, float, optimizer, gradientNorm: true };
    const plan = trainingPlan(config, shape, options);
    const parameters = plan.state.filter(({ role }) => role === 'parameter');
    return { plan: keepingGradients(plan, parameters), parameters };
  }
  const { program, state } = pretrainingModel(config, shape, float);
  const parameters = state.filter(({ role }) => role === 'parameter');
  const names = parameters.map(({ name }) => name);
  const { builder, gradients } = differentiate(program, 'loss', names);
  for (const [name, gradient] of gradients) builder.output(`grad.${name}`, gradient);
  builder.output('grad_norm', gradientNorm(gradients.values()));
  adamwUpdate(builder, state, gradients, optimizer);
  const plan: Plan = {
    programs: { step: simplify({ ...builder.finish(), name: 'step' }) },
    calls: [{ program: 'step', repeat: 1 }],
    state: [...state, ...adamwState(state), ...parameters.map(gradientSpec)],
    scratch: [],
  };
  return { plan, parameters };
}

/** A plan in parts whose update hands the gradients on as they were added up. */
function keepingGradients(plan: Plan, parameters: readonly StateSpec[]): Plan {
  const update = plan.programs.update as Program;
  const outputs = parameters.map(({ name }) => ({
    name: `grad.${name}`,
    value: `accumulated.${name}`,
  }));
  return {
    ...plan,
    programs: { ...plan.programs, update: { ...update, outputs: [...update.outputs, ...outputs] } },
    state: [...plan.state, ...parameters.map(gradientSpec)],
  };
}

function gradientSpec({ name, shape }: StateSpec): StateSpec {
  const init = { kind: 'constant', value: 0 } as const;
  return { name: `grad.${name}`, shape, role: 'optimizer', init, decay: false };
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
