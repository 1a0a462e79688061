import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { type Bounds, bounds } from '../../reference/index.js';
import { CONTRACTS, type ContractErrors } from '../../spec/contracts/index.js';
import { gridOf } from '../../spec/index.js';
import { NORM_EPS } from '../../spec/model/transformer.js';
import { type Program, sameShape } from '../../spec/program/index.js';
import { type Case, type Family, family } from '../case.js';
import { spreadBounds } from '../steps/legal-spread.js';
import { cutStep } from '../steps/step-program.js';
import { stepInputs, TINY_MAE } from '../steps/tiny-step.js';

/** What a case judges. */
type Part = 'gradients' | 'update';

interface StepDrawn {
  readonly batch: number;
  readonly visible: number;
  readonly draw: number;
}

/**
 * One reconstruction step of a tiny model. In f32 the gradients and losses are judged by the spread of
 * legal runs, since the worst case of so many layers is wider than the results; in f64 by derived bounds.
 */
function stepCase(part: Part, drawn: StepDrawn, float: 'f32' | 'f64' = 'f32'): Case {
  const { batch, visible, draw } = drawn;
  const { step, oracle, update, state } = cutStep(TINY_MAE, { batch, visible }, float);
  const runs = [0, 1].map((run) => {
    const inputs = stepInputs(step, state, { batch, visible, draw, run });
    return float === 'f32'
      ? inputs
      : Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, widened(tensor)]));
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
  const tokens = gridOf(video);
  const masked = tokens.slots * tokens.rows * tokens.columns - visible;
  const terms = batch * masked * 3 * tubelet * patch ** 2;
  const judged = {
    ...oracle,
    outputs: oracle.outputs.filter(({ name }) => isLossOrGradient(name)),
  };
  return {
    program: step,
    call: { function: 'step', attributes },
    runs,
    expected: (inputs, given, outputs) => {
      const contract = float === 'f32' ? given : CONTRACTS['f64-ieee'];
      if (part === 'update')
        return outputs === undefined ? {} : ownUpdate(update, inputs, outputs, contract);
      return float === 'f32'
        ? summedInAnyOrder(spreadBounds(judged, inputs, contract), terms, contract)
        : bounds(judged, inputs, contract, { order: 'any' });
    },
    ...(float === 'f32' ? { inDouble: () => stepCase(part, drawn, 'f64') } : {}),
  };
}

/**
 * The bounds with room for one sum over all `count` squares in the losses. The squares have one sign, so
 * that the errors of their sum agree, which no spread of runs shows that add them row by row.
 */
function summedInAnyOrder(
  named: Named<Bounds>,
  count: number,
  contract: ContractErrors,
): Named<Bounds> {
  const drift = count * contract.format('f32').unitRoundoff;
  const widened = ([name, allowed]: [string, Bounds]): [string, Bounds] => {
    if (!name.startsWith('loss') || !('value' in allowed)) return [name, allowed];
    const { value, low, high } = allowed;
    const error = value.map((x) => (drift / (1 - drift)) * Math.abs(x));
    return [
      name,
      {
        ...allowed,
        low: low.map((x, i) => x - (error[i] as number)),
        high: high.map((x, i) => x + (error[i] as number)),
      },
    ];
  };
  return Object.fromEntries(Object.entries(named).map(widened));
}

/** The update from the subject's own gradients: what is wrong with those says nothing of it. */
function ownUpdate(
  update: Program,
  inputs: Named<HostTensor>,
  outputs: Named<HostTensor>,
  contract: ContractErrors,
): Named<Bounds> {
  const own: Record<string, HostTensor> = {};
  for (const { name, dtype, shape } of update.inputs) {
    const tensor = name.startsWith('grad.') ? outputs[name] : inputs[name];
    const fits = tensor?.dtype === dtype && sameShape(tensor.shape, shape);
    if (tensor === undefined || !fits) return {};
    own[name] = tensor;
  }
  // A gradient that is handed out was rounded for it; the update may have been made before.
  const rounded = (name: string): boolean => name.startsWith('grad.');
  return bounds(update, own, contract, { order: 'any', rounded });
}

function widened(tensor: HostTensor): HostTensor {
  return tensor.data instanceof Float32Array
    ? { ...tensor, data: Float64Array.from(tensor.data) }
    : tensor;
}

const isLossOrGradient = (output: string): boolean =>
  output.startsWith('grad.') || output.startsWith('loss');

const parameters = fc.record({
  batch: fc.constantFrom(1, 2),
  visible: fc.constantFrom(1, 3, 4),
  draw: fc.nat({ max: 0xffff_ffff }),
});

/** For ports: backends are judged by whole steps of their own (`steps/`), in their own precision. */
export const STEP_FUNCTION_FAMILIES: readonly Family[] = [
  family('function/step/gradients', parameters, (drawn) => stepCase('gradients', drawn), {
    level: 3,
    clauses: ['step.gradients'],
  }),
  family('function/step/update', parameters, (drawn) => stepCase('update', drawn), {
    level: 3,
    clauses: ['step.update'],
  }),
];
