import type { HostTensor, Named } from '../../core/backend.js';
import { bounds } from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { type ActiveLossScaling, type PretrainingConfig, SCALER } from '../../spec/index.js';
import { type Check, type CheckOptions, type Failure, type Finding, verdictOf } from '../check.js';
import { judge } from '../judge.js';
import { runOnce, type Subject } from '../subject.js';
import { allowance, LEGAL_RUNS, legalSpread } from './legal-spread.js';
import { SCALING, scalerInputs } from './scaled-step.js';
import { cutStep } from './step-program.js';
import {
  STEP_SHAPE,
  stepInputs,
  TINY_CONTRASTIVE,
  TINY_JOINT,
  TINY_MAE,
  TINY_TEACHER,
} from './tiny-step.js';

/** Spreads that are kept: those of four models at two draws, under two contracts. */
const KEPT = 16;

/**
 * A whole step of a tiny model in two cuts. Gradients and losses against float64, within as many
 * deviations of random legal runs as a correct backend passes with probability 1 - 1e-6: the data
 * are random and centred, and the worst case of so many layers says nothing. Then the update, by
 * derived bounds, from the backend's own gradients: where a gradient is exactly 0, AdamW makes a
 * step of full size of its rounding error, which no comparison with an oracle survives.
 */
export const STEP_CHECKS: readonly Check[] = [
  ...stepChecks('mae', TINY_MAE),
  ...stepChecks('joint', TINY_JOINT),
  ...stepChecks('contrastive', TINY_CONTRASTIVE),
  ...stepChecks('teacher', TINY_TEACHER),
  // The gradients, unscaled, lie where those of the step without scaling do.
  ...stepChecks('scaled', TINY_JOINT, SCALING),
];

function stepChecks(
  name: string,
  config: PretrainingConfig,
  scaling?: ActiveLossScaling,
): readonly Check[] {
  const check = (cut: 'gradients' | 'update', judgeCut: typeof judgeGradients): Check => {
    const id = `step/${name}/${cut}`;
    const run = (subject: Subject, options: CheckOptions): Promise<Finding> =>
      runCut(id, subject, { config, scaling }, options, judgeCut);
    const clauses = [scaling === undefined ? `step.${cut}` : 'step.loss-scaling'];
    return { id, level: 3, clauses, run };
  };
  return [check('gradients', judgeGradients), check('update', judgeUpdate)];
}

interface Step {
  readonly config: PretrainingConfig;
  readonly scaling: ActiveLossScaling | undefined;
}

interface Outcome extends Step {
  readonly subject: Subject;
  readonly draw: number;
  readonly inputs: Named<HostTensor>;
  readonly outputs: Named<HostTensor>;
}

const isGradient = (name: string): boolean => name.startsWith('grad.');

async function runCut(
  id: string,
  subject: Subject,
  { config, scaling }: Step,
  { seed = 1 }: CheckOptions,
  judgeCut: (outcome: Outcome) => Omit<Finding, 'verdict' | 'cases'>,
): Promise<Finding> {
  const { backend } = subject;
  if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
  const plain = cutStep(config, STEP_SHAPE);
  const { step } = scaling === undefined ? plain : cutStep(config, STEP_SHAPE, 'f32', scaling);
  const executable = await backend.compile(step);
  const total = { cases: 0, elements: 0, undecided: 0, worstRatio: 0 };
  try {
    for (const draw of [seed, seed + 1]) {
      const inputs = {
        ...stepInputs(plain.step, plain.state, { ...STEP_SHAPE, draw }),
        ...(scaling === undefined ? {} : scalerInputs(draw)),
      };
      const outputs = await runOnce(backend, executable, inputs);
      const found = judgeCut({ subject, draw, config, scaling, inputs, outputs });
      total.cases += 1;
      total.elements += found.elements;
      total.undecided += found.undecided;
      total.worstRatio = Math.max(total.worstRatio, found.worstRatio);
      if (found.failure !== undefined) {
        const failure: Failure = { ...found.failure, address: `${id}:draw=${draw}` };
        return { ...total, verdict: 'fail', failure };
      }
    }
  } finally {
    await executable.dispose();
  }
  return { ...total, verdict: 'pass' };
}

/** Spreads of this process, the latest: all subjects of a contract are judged by the same. */
const spreads = new Map<string, ReturnType<typeof legalSpread>>();

/** The spread of the losses, gradients and statistics of a step, without scaling. */
function spreadOf({ subject, draw, config, inputs }: Outcome): ReturnType<typeof legalSpread> {
  const { contract } = subject.info;
  const key = `${JSON.stringify(config)} ${draw} ${contract}`;
  const known = spreads.get(key);
  if (known !== undefined) return known;
  const { step, state } = cutStep(config, STEP_SHAPE);
  const kept = new Set(state.filter(({ role }) => role !== 'statistic').map(({ name }) => name));
  const judged = { ...step, outputs: step.outputs.filter(({ name }) => !kept.has(name)) };
  const spread = legalSpread(judged, inputs, CONTRACTS[contract]);
  const [oldest] = spreads.keys();
  if (oldest !== undefined && spreads.size >= KEPT) spreads.delete(oldest);
  spreads.set(key, spread);
  return spread;
}

function judgeGradients(outcome: Outcome): Omit<Finding, 'verdict' | 'cases'> {
  const { inputs, outputs } = outcome;
  const scale = inputs[SCALER.scale]?.data[0] ?? 1;
  const spread = spreadOf(outcome);
  const elements = [...spread.values()].reduce((sum, { value }) => sum + value.length, 0);
  const limit = allowance(2 * elements);
  let worst: { ratio: number; failure: Failure } | undefined;
  for (const [name, { value, deviation }] of spread) {
    const got = outputs[name]?.data ?? [];
    const factor = isGradient(name) ? scale : 1;
    for (let i = 0; i < value.length; i++) {
      const [want, one] = [value[i], deviation[i]] as [number, number];
      const was = (got[i] ?? Number.NaN) / factor;
      const off = Math.abs(was - want);
      const raw = off === 0 ? 0 : off / (limit * one);
      const ratio = Number.isNaN(raw) ? Number.POSITIVE_INFINITY : raw;
      if (worst !== undefined && ratio <= worst.ratio) continue;
      const [low, high] = [want - limit * one, want + limit * one];
      const what = `farther off than ${limit.toFixed(1)} deviations of ${LEGAL_RUNS} legal runs`;
      const worstElement = { output: name, index: [i], got: was, want, low, high, ratio };
      worst = { ratio, failure: { address: '', what, deviation: worstElement } };
    }
  }
  const worstRatio = worst?.ratio ?? 0;
  const found = { elements, undecided: 0, worstRatio };
  return worst === undefined || worstRatio <= 1 ? found : { ...found, failure: worst.failure };
}

function judgeUpdate({
  subject,
  config,
  scaling,
  inputs,
  outputs,
}: Outcome): Omit<Finding, 'verdict' | 'cases'> {
  const { update } = cutStep(config, STEP_SHAPE, 'f32', scaling);
  const own = Object.fromEntries(
    update.inputs.map(({ name }): [string, HostTensor] => {
      const source = isGradient(name) ? outputs : inputs;
      return [name, source[name] as HostTensor];
    }),
  );
  let found = { elements: 0, undecided: 0, worstRatio: 0 };
  for (const [name, allowed] of Object.entries(
    // A gradient that is handed out was rounded for it; the update may have been made before.
    bounds(update, own, CONTRACTS[subject.info.contract], { rounded: isGradient }),
  )) {
    const { elements, undecided, worst, mismatch } = judge(name, outputs[name], allowed);
    found = {
      elements: found.elements + elements,
      undecided: found.undecided + undecided,
      worstRatio: Math.max(found.worstRatio, worst?.ratio ?? 0),
    };
    if (mismatch !== undefined) return { ...found, failure: { address: '', what: mismatch } };
    if (worst !== undefined && worst.ratio > 1) {
      const what = "out of bounds, from the backend's own gradients";
      return { ...found, failure: { address: '', what, deviation: worst } };
    }
  }
  return found;
}
