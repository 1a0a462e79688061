import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { type Bounds, bounds } from '../../reference/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { NORM_EPS } from '../../spec/model/transformer.js';
import { type Program, sameShape } from '../../spec/program/index.js';
import { type Case, type Family, family } from '../case.js';
import { cutStep } from '../steps/step-program.js';
import { stepInputs, TINY_MAE } from '../steps/tiny-step.js';
import { judging } from './exact.js';

interface StepDrawn {
  readonly batch: number;
  readonly visible: number;
  readonly draw: number;
}

/**
 * One reconstruction step of a tiny model, in f64: in f32 the worst case of so many layers is wider
 * than the results, and a wrong step could hide in it. A port computes it with f64 tensors, or does
 * not declare it.
 */
function stepCase({ batch, visible, draw }: StepDrawn): Case {
  const { step: program, update, state } = cutStep(TINY_MAE, { batch, visible }, 'f64');
  const runs = [0, 1].map((run) => {
    const inputs = stepInputs(program, state, { batch, visible, draw, run });
    return Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [name, widened(tensor)]),
    );
  });
  const { video, encoder, mae } = TINY_MAE;
  const { tubelet, patch } = video;
  const { width, depth, heads, mlpRatio = 4 } = encoder;
  const decoder = mae?.decoder ?? encoder;
  const attributes = {
    ...{ tubelet, patch, width, depth, heads, mlp_ratio: mlpRatio, norm_eps: NORM_EPS },
    decoder_width: decoder.width,
    decoder_depth: decoder.depth,
    decoder_heads: decoder.heads,
    ...{ beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.05 },
  };
  const contract = CONTRACTS['f64-ieee'];
  return {
    program,
    call: { function: 'step', attributes },
    runs,
    expected: (inputs, _, outputs) => ({
      ...bounds(program, inputs, contract),
      ...(outputs === undefined ? {} : ownUpdate(update, inputs, outputs)),
    }),
  };
}

/** The update from the subject's own gradients: what is wrong with those says nothing of it. */
function ownUpdate(
  update: Program,
  inputs: Named<HostTensor>,
  outputs: Named<HostTensor>,
): Named<Bounds> {
  const own: Record<string, HostTensor> = {};
  for (const { name, dtype, shape } of update.inputs) {
    const tensor = name.startsWith('grad.') ? outputs[name] : inputs[name];
    const fits = tensor?.dtype === dtype && sameShape(tensor.shape, shape);
    if (tensor === undefined || !fits) return {};
    own[name] = tensor;
  }
  return bounds(update, own, CONTRACTS['f64-ieee']);
}

function widened(tensor: HostTensor): HostTensor {
  return tensor.data instanceof Float32Array
    ? { ...tensor, data: Float64Array.from(tensor.data) }
    : tensor;
}

const parameters = fc.record({
  batch: fc.constantFrom(1, 2),
  visible: fc.constantFrom(1, 3, 4),
  draw: fc.nat({ max: 0xffff_ffff }),
});

const isGradient = (output: string): boolean =>
  output.startsWith('grad.') || output.startsWith('loss');

/** For ports: backends are judged by whole steps of their own (`steps/`), in their own precision. */
export const STEP_FUNCTION_FAMILIES: readonly Family[] = [
  family('function/step/gradients', parameters, (drawn) => judging(stepCase(drawn), isGradient), {
    level: 3,
    clauses: ['step.gradients'],
  }),
  family(
    'function/step/update',
    parameters,
    (drawn) => judging(stepCase(drawn), (output) => !isGradient(output)),
    { level: 3, clauses: ['step.update'] },
  ),
];
