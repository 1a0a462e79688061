import type { HostTensor, Named } from '../../core/backend.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { type DynamicLossScaling, type ModelConfig, SCALER } from '../../spec/index.js';
import { isStateRole, type Program } from '../../spec/program/index.js';
import { beyondContract, type Check, type Finding, verdictOf } from '../check.js';
import { runOnce, type Subject } from '../subject.js';
import { cutStep } from './step-program.js';
import { STEP_SHAPE, stepInputs, TINY_JOINT, TINY_MAE } from './tiny-step.js';

/** The loss scaling of the steps that are judged. */
export const SCALING: Required<DynamicLossScaling> = {
  kind: 'dynamic',
  initial: 2 ** 12,
  growthInterval: 3,
  minimum: 1,
  maximum: 2 ** 24,
};

/** The state of the scaler: in every other draw the next good step doubles the scale. */
export function scalerInputs(draw: number, scale: number = SCALING.initial): Named<HostTensor> {
  const scalar = (value: number): HostTensor => ({
    dtype: 'f32',
    shape: [],
    data: Float32Array.of(value),
  });
  return {
    [SCALER.scale]: scalar(scale),
    [SCALER.good]: scalar(1 + (draw % 2)),
    [SCALER.skipped]: scalar(5),
  };
}

/**
 * Steps that must be skipped. In one the gradients are given, one element of them infinite or NaN: no
 * arithmetic is asked what becomes of those but `is_finite`, so that every contract decides it. In the
 * other a whole step overflows, where the contract says what infinities do.
 */
export const SKIP_CHECKS: readonly Check[] = [
  {
    id: 'step/scaled/skip',
    level: 3,
    clauses: ['step.loss-scaling.skip'],
    run: (subject, { seed = 1 }) => {
      const { update, state } = cutStep(TINY_JOINT, STEP_SHAPE, { scaling: SCALING });
      const inputs = {
        ...stepInputs(update, state, { ...STEP_SHAPE, draw: seed }),
        ...scalerInputs(seed),
      };
      const names = Object.keys(inputs).filter((name) => name.startsWith('grad.'));
      const places = [0, Math.floor(names.length / 2), names.length - 1];
      const runs = places.flatMap((place) =>
        [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map((value, nth) => {
          const name = names[place] ?? '';
          return { ...inputs, [name]: planted(inputs[name], value, nth / 2) };
        }),
      );
      return judgeSkips('step/scaled/skip', subject, update, runs);
    },
  },
  {
    id: 'step/scaled/overflow',
    level: 3,
    clauses: ['step.loss-scaling.skip'],
    run: async (subject, { seed = 1 }) => {
      const { contract } = subject.info;
      if (CONTRACTS[contract].nonFinite === 'undefined')
        return beyondContract(`${contract} promises nothing about NaN and infinities`);
      const { step, state } = cutStep(HEAVY, STEP_SHAPE, { scaling: SCALING });
      const inputs = stepInputs(step, state, { ...STEP_SHAPE, draw: seed });
      // 2^126 times a weight of 2^20: gradients overflow that are above 2^-18.
      const runs = [{ ...inputs, ...scalerInputs(seed, 2 ** 126) }];
      return judgeSkips('step/scaled/overflow', subject, step, runs);
    },
  },
];

const HEAVY: ModelConfig = {
  ...TINY_MAE,
  ...(TINY_MAE.mae === undefined ? {} : { mae: { ...TINY_MAE.mae, weight: 2 ** 20 } }),
};

/** A copy with one element, that at a share of its length, replaced. */
function planted(tensor: HostTensor | undefined, value: number, share: number): HostTensor {
  const { dtype = 'f32', shape = [], data = [] } = tensor ?? {};
  const changed = Float32Array.from(data);
  changed[Math.floor(share * (changed.length - 1))] = value;
  return { dtype, shape, data: changed };
}

/** Runs of which each must be skipped: the state as it was, but for the scaler's own. */
async function judgeSkips(
  id: string,
  { backend }: Subject,
  program: Program,
  runs: readonly Named<HostTensor>[],
): Promise<Finding> {
  if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
  const executable = await backend.compile(program);
  let elements = 0;
  try {
    for (const [run, inputs] of runs.entries()) {
      const outputs = await runOnce(backend, executable, inputs);
      for (const [name, want] of Object.entries(skipped(program, inputs))) {
        const got = outputs[name]?.data ?? [];
        elements += want.length;
        const index = want.findIndex((value, i) => got[i] !== value);
        if (index < 0) continue;
        const what = `${name}[${index}] is ${got[index]} after a step that must be skipped, not ${want[index]}`;
        const failure = { address: `${id}:run=${run}`, what };
        return { ...verdictOf('fail'), cases: run + 1, elements, failure };
      }
    }
  } finally {
    await executable.dispose();
  }
  return { ...verdictOf('pass'), cases: runs.length, elements };
}

/** What a skipped step gives. */
function skipped(program: Program, inputs: Named<HostTensor>): Named<readonly number[]> {
  const numbers = (name: string): readonly number[] => Array.from(inputs[name]?.data ?? []);
  const [scale = 0] = numbers(SCALER.scale);
  const [count = 0] = numbers(SCALER.skipped);
  const kept = program.inputs.filter(({ role }) => isStateRole(role) && role !== 'statistic');
  return {
    ...Object.fromEntries(kept.map(({ name }) => [name, numbers(name)])),
    [SCALER.scale]: [scale / 2],
    [SCALER.good]: [0],
    [SCALER.skipped]: [count + 1],
    skipped: [1],
    loss_scale: [scale],
  };
}
