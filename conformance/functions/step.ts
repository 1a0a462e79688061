import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { removeDeadCode } from '../../core/passes/dead-code.js';
import { type Bounds, bounds } from '../../reference/index.js';
import { CONTRACTS, type ContractErrors } from '../../spec/contracts/index.js';
import { gridOf, type ModelConfig } from '../../spec/index.js';
import { type Program, sameShape } from '../../spec/program/index.js';
import { type Case, type Family, family } from '../case.js';
import { spreadBounds } from '../steps/legal-spread.js';
import { cutStep } from '../steps/step-program.js';
import { stepInputs, tinyVideo } from '../steps/tiny-step.js';
import { CUBE } from './forward.js';

/** What a case judges. */
type Part = 'gradients' | 'update';

export interface StepDrawn {
  readonly batch: number;
  readonly visible: number;
  /** Frames of a cube, and its rows and columns. */
  readonly cube: readonly number[];
  /** Width, heads and depth, of the encoder and of the decoder. */
  readonly encoder: readonly number[];
  readonly decoder: readonly number[];
  readonly mlpRatio: number;
  readonly normEps: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly decay: number;
  readonly draw: number;
}

/** The model of a case. */
function modelOf({ cube, encoder, decoder, mlpRatio, normEps }: StepDrawn): MaeModel {
  const sized = ([width = 0, heads = 0, depth = 0]: readonly number[]): Sized => ({
    ...{ width, heads, depth, mlpRatio, normEps },
  });
  return {
    video: tinyVideo(cube),
    encoder: sized(encoder),
    mae: { decoder: { ...sized(decoder), finalNormEps: normEps } },
  };
}

type Sized = Readonly<Record<'width' | 'heads' | 'depth' | 'mlpRatio' | 'normEps', number>>;

interface MaeModel extends ModelConfig {
  readonly encoder: Sized;
  readonly mae: { readonly decoder: Sized & Readonly<Record<'finalNormEps', number>> };
}

/**
 * One reconstruction step of a tiny model. In f32 the gradients and losses are judged by the spread of
 * legal runs, since the worst case of so many layers is wider than the results; in f64 by derived bounds.
 */
export function stepCase(part: Part, drawn: StepDrawn, float: 'f32' | 'f64' = 'f32'): Case {
  const { batch, visible, draw, beta1, beta2, eps, decay } = drawn;
  const model = modelOf(drawn);
  const optimizer = { beta1, beta2, eps, weightDecay: decay };
  const shape = { batch, visible };
  const { step, oracle, update, state } = cutStep(model, shape, { float, optimizer });
  // One run of the gradients: the spread of each costs 32 more.
  const runs = (part === 'gradients' ? [0] : [0, 1]).map((run) => {
    const inputs = stepInputs(step, state, { batch, visible, draw, run });
    return float === 'f32'
      ? inputs
      : Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, widened(tensor)]));
  });
  const { video, encoder, mae } = model;
  const { tubelet, patch } = video;
  const { width, depth, heads, mlpRatio, normEps } = encoder;
  const attributes = {
    ...{ tubelet, patch, width, depth, heads, mlp_ratio: mlpRatio, norm_eps: normEps },
    decoder_width: mae.decoder.width,
    decoder_depth: mae.decoder.depth,
    decoder_heads: mae.decoder.heads,
    ...{ beta1, beta2, eps, weight_decay: decay },
  };
  const tokens = gridOf(video);
  const masked = tokens.slots * tokens.rows * tokens.columns - visible;
  const terms = batch * masked * 3 * tubelet * patch ** 2;
  const outputs = oracle.outputs.filter(({ name }) => isLossOrGradient(name));
  const judged = removeDeadCode({ ...oracle, outputs });
  return {
    program: step,
    call: { function: 'step', attributes },
    runs,
    followsOutputs: part === 'update',
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

/** What `function/step/gradients` judges; the rest is judged by `function/step/update`. */
export function isLossOrGradient(output: string): boolean {
  return output.startsWith('grad.') || output.startsWith('loss');
}

const parameters = fc.record({
  batch: fc.constantFrom(1, 2),
  visible: fc.constantFrom(1, 3, 4),
  cube: CUBE,
  encoder: fc.constantFrom([6, 2, 1], [4, 1, 2], [6, 3, 1]),
  decoder: fc.constantFrom([6, 2, 1], [4, 2, 1], [3, 1, 2]),
  mlpRatio: fc.constantFrom(2, 4),
  normEps: fc.constantFrom(1e-6, 1e-5),
  beta1: fc.constantFrom(0.9, 0.8),
  beta2: fc.constantFrom(0.95, 0.999),
  eps: fc.constantFrom(1e-8, 1e-6),
  decay: fc.constantFrom(0.05, 0.1),
  draw: fc.nat({ max: 0xffff_ffff }),
});

/** For ports: backends are judged by whole steps of their own (`steps/`), in their own precision. */
export const STEP_FUNCTION_FAMILIES: readonly Family[] = [
  family('function/step/gradients', parameters, (drawn) => stepCase('gradients', drawn), {
    level: 3,
    clauses: ['step.gradients'],
    most: 8,
  }),
  family('function/step/update', parameters, (drawn) => stepCase('update', drawn), {
    level: 3,
    clauses: ['step.update'],
    most: 8,
  }),
];
