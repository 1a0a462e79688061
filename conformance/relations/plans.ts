import type { Backend, HostTensor, Named } from '../../core/backend.js';
import { removeDeadCode } from '../../core/passes/dead-code.js';
import type { Plan } from '../../core/plan/plan.js';
import { PlanRunner } from '../../core/plan/plan-runner.js';
import { trainingPlan } from '../../core/plan/training-plan.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { momentName } from '../../spec/index.js';
import { type Check, type Finding, verdictOf } from '../check.js';
import { allowance, legalSpread } from '../steps/legal-spread.js';
import { cutStep } from '../steps/step-program.js';
import { stepInputs, TINY_MAE } from '../steps/tiny-step.js';

const SHAPE = { batch: 4, visible: 3 };
/** m after one step from 0 is (1 - beta1) g. */
const SHARE = 0.1;

/**
 * One step in one call and with gradients accumulated over 2 and 4 microbatches: the first moments
 * agree as two legal runs do, within the spread of random legal runs.
 */
export const PLAN_RELATION: Check = {
  id: 'relation/plans',
  level: 3,
  clauses: ['relation.plans'],
  run: async ({ backend }) => {
    if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
    const { step, state } = cutStep(TINY_MAE, SHAPE);
    const inputs = zeroMoments(stepInputs(step, state, { ...SHAPE, draw: 9 }));
    const outputs = step.outputs.filter(({ name }) => name.startsWith('grad.'));
    const judged = removeDeadCode({ ...step, outputs });
    const spread = legalSpread(judged, inputs, CONTRACTS[backend.info.contract]);
    const whole = await moments(backend, trainingPlan(TINY_MAE, SHAPE), inputs);
    let finding: Finding = { ...verdictOf('pass'), cases: 0 };
    for (const microbatches of [2, 4]) {
      const plan = trainingPlan(TINY_MAE, SHAPE, { microbatches });
      const parts = await moments(backend, plan, inputs);
      finding = { ...finding, cases: finding.cases + 1 };
      for (const [name, { data }] of Object.entries(whole)) {
        const { deviation } = spread.get(`grad.${name}`) ?? { deviation: new Float64Array() };
        const limit = allowance(2 * state.length * 100) * Math.SQRT2;
        for (let i = 0; i < data.length; i++) {
          const [one, two] = [data[i] as number, parts[name]?.data[i] ?? Number.NaN];
          const bound = limit * SHARE * (deviation[i] ?? 0) + Math.abs(one) * 2 ** -22;
          const ratio = one === two ? 0 : Math.abs(one - two) / bound;
          finding = {
            ...finding,
            elements: finding.elements + 1,
            worstRatio: Math.max(finding.worstRatio, ratio),
          };
          if (ratio <= 1) continue;
          const what = `${name}[${i}] is ${two} with ${microbatches} microbatches, ${one} with one`;
          const address = `relation/plans:microbatches=${microbatches}`;
          return { ...finding, verdict: 'fail', failure: { address, what } };
        }
      }
    }
    return finding;
  },
};

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

/** The first moments after one step, by the name of their parameter. */
async function moments(
  backend: Backend,
  plan: Plan,
  inputs: Named<HostTensor>,
): Promise<Named<HostTensor>> {
  const given = ({ name }: { readonly name: string }): HostTensor => inputs[name] as HostTensor;
  const runner = await PlanRunner.open(backend, plan, given, given);
  try {
    await runner.step(inputs);
    const names = plan.state.filter(({ role }) => role === 'parameter').map(({ name }) => name);
    const found: Record<string, HostTensor> = {};
    for (const name of names) found[name] = await runner.download(momentName('m', name));
    return found;
  } finally {
    await runner.dispose();
  }
}
