import type { Backend, HostTensor, Named } from '../../core/backend.js';
import { removeDeadCode } from '../../core/passes/dead-code.js';
import type { Plan } from '../../core/plan/plan.js';
import { PlanRunner } from '../../core/plan/plan-runner.js';
import { trainingPlan } from '../../core/plan/training-plan.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { type ModelConfig, momentName } from '../../spec/index.js';
import { type Check, type Finding, verdictOf } from '../check.js';
import { allowance, keptSpread, legalSpread } from '../steps/legal-spread.js';
import { cutStep } from '../steps/step-program.js';
import {
  stepInputs,
  TINY_CONTRASTIVE,
  TINY_JOINT,
  TINY_MAE,
  TINY_TEACHER,
} from '../steps/tiny-step.js';
import type { Subject } from '../subject.js';

const SHAPE = { batch: 4, visible: 3 };
/** m after one step from 0 is (1 - beta1) g. */
const SHARE = 0.1;

/**
 * One step in one call, the same with what can be made again for its gradient made again, and with its batch in parts:
 * losses, gradients (as first moments) and batch norm's statistics agree as two legal runs do, within the
 * spread of random legal runs. Of a part of one clip no batch norm could be computed, nor any negative: those of the
 * whole batch are.
 */
export const PLAN_RELATIONS: readonly Check[] = [
  planRelation('relation/plans', TINY_MAE, [2, 4]),
  planRelation('relation/plans/joint', TINY_JOINT, [2, 4]),
  planRelation('relation/plans/contrastive', TINY_CONTRASTIVE, [2]),
  planRelation('relation/plans/teacher', TINY_TEACHER, [4]),
];

function planRelation(id: string, config: ModelConfig, cuts: readonly number[]): Check {
  const run = (subject: Subject): Promise<Finding> => compare(id, config, cuts, subject);
  return { id, level: 3, clauses: ['relation.plans'], run };
}

async function compare(
  id: string,
  config: ModelConfig,
  cuts: readonly number[],
  { backend }: Subject,
): Promise<Finding> {
  if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
  const { step, state } = cutStep(config, SHAPE);
  const inputs = zeroMoments(stepInputs(step, state, { ...SHAPE, draw: 9 }));
  const kept = new Set(state.filter(({ role }) => role !== 'statistic').map(({ name }) => name));
  const outputs = step.outputs.filter(({ name }) => !kept.has(name));
  const { contract } = backend.info;
  const spread = keptSpread(`${id} ${contract}`, () =>
    legalSpread(removeDeadCode({ ...step, outputs }), inputs, CONTRACTS[contract]),
  );
  const count = [...spread.values()].reduce((sum, { value }) => sum + value.length, 0);
  const limit = allowance(2 * (1 + cuts.length) * count) * Math.SQRT2;
  const whole = await results(backend, trainingPlan(config, SHAPE), inputs);
  let finding: Finding = { ...verdictOf('pass'), cases: 0 };
  const ways = [{ recompute: true }, ...cuts.map((microbatches) => ({ microbatches }))];
  for (const way of ways) {
    const told = Object.entries(way).map(([key, value]) => `${key}=${value}`);
    const parts = await results(backend, trainingPlan(config, SHAPE, way), inputs);
    finding = { ...finding, cases: finding.cases + 1 };
    for (const [name, { deviation }] of spread) {
      const share = name.startsWith('grad.') ? SHARE : 1;
      for (let i = 0; i < deviation.length; i++) {
        const [one, two] = [whole[name]?.[i] ?? Number.NaN, parts[name]?.[i] ?? Number.NaN];
        const bound = limit * share * (deviation[i] ?? 0) + Math.abs(one) * 2 ** -22;
        const raw = one === two ? 0 : Math.abs(one - two) / bound;
        const ratio = Number.isNaN(raw) ? Number.POSITIVE_INFINITY : raw;
        finding = {
          ...finding,
          elements: finding.elements + 1,
          worstRatio: Math.max(finding.worstRatio, ratio),
        };
        if (ratio <= 1) continue;
        const what = `${name}[${i}] is ${two} with ${told}, ${one} in one call`;
        const address = `${id}:${told}`;
        return { ...finding, verdict: 'fail', failure: { address, what } };
      }
    }
  }
  return finding;
}

function zeroMoments(inputs: Named<HostTensor>): Named<HostTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [
      name,
      name.startsWith('adamw.')
        ? { ...tensor, data: new Float32Array(tensor.data.length) }
        : tensor,
    ]),
  );
}

/** After one step: losses, statistics, and the first moment of each parameter as `grad.NAME`. */
async function results(
  backend: Backend,
  plan: Plan,
  inputs: Named<HostTensor>,
): Promise<Named<ArrayLike<number>>> {
  const given = ({ name }: { readonly name: string }): HostTensor => inputs[name] as HostTensor;
  const runner = await PlanRunner.open(backend, plan, given, given);
  try {
    const found: Record<string, ArrayLike<number>> = {};
    for (const [name, value] of Object.entries(await runner.step(inputs))) found[name] = [value];
    for (const { name, role } of plan.state) {
      if (role === 'statistic') found[name] = (await runner.download(name)).data;
      if (role !== 'parameter') continue;
      found[`grad.${name}`] = (await runner.download(momentName('m', name))).data;
    }
    return found;
  } finally {
    await runner.dispose();
  }
}
