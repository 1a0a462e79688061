import type { HostTensor, Named } from '../../core/backend.js';
import { removeDeadCode } from '../../core/passes/dead-code.js';
import { bounds } from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import {
  type ActiveLossScaling,
  type AdamWConfig,
  type BatchShape,
  type ModelConfig,
  pretrainingModel,
  SCALER,
  type StateSpec,
} from '../../spec/index.js';
import { elementCount } from '../../spec/program/index.js';
import { type Check, type CheckOptions, type Failure, type Finding, verdictOf } from '../check.js';
import { judge } from '../judge.js';
import { runOnce, type Subject } from '../subject.js';
import { allowance, keptSpread, LEGAL_RUNS, legalSpread } from './legal-spread.js';
import { SCALING, scalerInputs } from './scaled-step.js';
import { cutStep, updateProgram } from './step-program.js';
import {
  DEEP_JOINT,
  STEP_SHAPE,
  stepInputs,
  TINY_CONTRASTIVE,
  TINY_DIVIDED,
  TINY_JOINT,
  TINY_MAE,
  TINY_TEACHER,
} from './tiny-step.js';

/**
 * A whole step of a tiny model in two cuts. Gradients and losses against float64, within as many
 * deviations of random legal runs as a correct backend passes with probability 1 - 1e-6: the data
 * are random and centred, and the worst case of so many layers says nothing. Then the update, by
 * derived bounds, from the backend's own gradients: where a gradient is exactly 0, AdamW makes a
 * step of full size of its rounding error, which no comparison with an oracle survives.
 */
export const STEP_CHECKS: readonly Check[] = [
  ...stepChecks('mae', { config: TINY_MAE }),
  ...stepChecks('joint', { config: TINY_JOINT }),
  ...stepChecks('contrastive', { config: TINY_CONTRASTIVE }),
  ...stepChecks('teacher', { config: TINY_TEACHER }),
  // Four visible tokens: two places of each slot.
  ...stepChecks('divided', { config: TINY_DIVIDED, shape: { batch: 3, visible: 4 } }),
  // The gradients, unscaled, lie where those of the step without scaling do.
  ...stepChecks('scaled', { config: TINY_JOINT, scaling: SCALING }),
  ...stepChecks('deep', {
    config: DEEP_JOINT,
    shape: { batch: 9, visible: 1 },
    optimizer: { beta1: 0.8, beta2: 0.98, eps: 1e-6, weightDecay: 0.2 },
    draws: 1,
  }),
];

/** A step that is judged. */
interface Step {
  readonly config: ModelConfig;
  /** @defaultValue STEP_SHAPE */
  readonly shape?: BatchShape;
  readonly scaling?: ActiveLossScaling;
  readonly optimizer?: AdamWConfig;
  /** How many draws of its inputs. @defaultValue 2 */
  readonly draws?: number;
}

function stepChecks(name: string, step: Step): readonly Check[] {
  const { config, shape = STEP_SHAPE, scaling } = step;
  const { width, depth } = config.encoder;
  const reaches = `a batch of ${shape.batch}, ${depth} deep, ${width} wide`;
  const check = (cut: 'gradients' | 'update', judgeCut: typeof judgeGradients): Check => {
    const id = `step/${name}/${cut}`;
    const run = (subject: Subject, options: CheckOptions): Promise<Finding> =>
      runCut(id, subject, step, options, judgeCut);
    const clauses = [scaling === undefined ? `step.${cut}` : 'step.loss-scaling'];
    return { id, level: 3, clauses, reaches, run };
  };
  return [check('gradients', judgeGradients), check('update', judgeUpdate)];
}

interface Outcome extends Step {
  readonly shape: BatchShape;
  readonly subject: Subject;
  readonly draw: number;
  readonly inputs: Named<HostTensor>;
  readonly outputs: Named<HostTensor>;
}

const isGradient = (name: string): boolean => name.startsWith('grad.');

async function runCut(
  id: string,
  subject: Subject,
  asked: Step,
  { seed = 1 }: CheckOptions,
  judgeCut: (outcome: Outcome) => Omit<Finding, 'verdict' | 'cases'>,
): Promise<Finding> {
  const { backend } = subject;
  if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
  const { config, shape = STEP_SHAPE, scaling, optimizer = {}, draws = 2 } = asked;
  const plain = cutStep(config, shape, { optimizer });
  const { step } = scaling === undefined ? plain : cutStep(config, shape, { scaling, optimizer });
  const executable = await backend.compile(step);
  const total = { cases: 0, elements: 0, undecided: 0, worstRatio: 0 };
  try {
    for (let draw = seed; draw < seed + draws; draw++) {
      const inputs = {
        ...stepInputs(plain.step, plain.state, { ...shape, draw }),
        ...(scaling === undefined ? {} : scalerInputs(draw)),
      };
      const outputs = await runOnce(backend, executable, inputs);
      const found = judgeCut({ ...asked, shape, subject, draw, inputs, outputs });
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

/** The spread of the losses, gradients and statistics of a step, without scaling. */
function spreadOf({
  subject,
  draw,
  config,
  shape,
  inputs,
}: Outcome): ReturnType<typeof keptSpread> {
  const { contract } = subject.info;
  return keptSpread(`step ${JSON.stringify([config, shape])} ${draw} ${contract}`, () => {
    const { step, state } = cutStep(config, shape);
    const kept = new Set(state.filter(({ role }) => role !== 'statistic').map(({ name }) => name));
    const outputs = step.outputs.filter(({ name }) => !kept.has(name));
    const judged = removeDeadCode({ ...step, outputs });
    return legalSpread(judged, inputs, CONTRACTS[contract]);
  });
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

/** So many elements of a parameter are judged: each follows from itself alone. */
const SAMPLED = 256;

function judgeUpdate(outcome: Outcome): Omit<Finding, 'verdict' | 'cases'> {
  const { subject, config, shape, scaling, optimizer = {}, inputs } = outcome;
  const parameters = pretrainingModel(config, shape).state.filter(
    ({ role }) => role === 'parameter',
  );
  const places = new Map<string, Int32Array>();
  const sampled = parameters.map((spec): StateSpec => {
    const own = sample(elementCount(spec.shape));
    for (const prefix of ['', 'grad.', 'adamw.m.', 'adamw.v.']) {
      places.set(`${prefix}${spec.name}`, own);
    }
    return { ...spec, shape: [own.length] };
  });
  const update = updateProgram(sampled, { scaling, optimizer });
  const picked = (name: string, tensor: HostTensor | undefined): HostTensor | undefined => {
    const own = places.get(name);
    if (own === undefined || tensor === undefined) return tensor;
    return {
      ...tensor,
      shape: [own.length],
      data: Float32Array.from(own, (i) => tensor.data[i] ?? Number.NaN),
    };
  };
  const given = Object.fromEntries(
    update.inputs.map(({ name }): [string, HostTensor] => {
      const source = isGradient(name) ? outcome.outputs : inputs;
      return [name, picked(name, source[name]) as HostTensor];
    }),
  );
  const outputs = Object.fromEntries(
    update.outputs.map(({ name }) => [name, picked(name, outcome.outputs[name])]),
  );
  let found = { elements: 0, undecided: 0, worstRatio: 0 };
  for (const [name, allowed] of Object.entries(
    // A gradient that is handed out was rounded for it; the update may have been made before.
    bounds(update, given, CONTRACTS[subject.info.contract], { rounded: isGradient }),
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

/** All places, or some of them: the ends, and others that no stride divides. */
function sample(count: number): Int32Array {
  if (count <= SAMPLED) return Int32Array.from({ length: count }, (_, i) => i);
  return Int32Array.from({ length: SAMPLED }, (_, i) =>
    Math.floor((i * (count - 1)) / (SAMPLED - 1)),
  );
}
