import type { HostTensor, Named } from '../../core/backend.js';
import { removeDeadCode } from '../../core/passes/dead-code.js';
import type { FunctionCall } from '../../protocol/function-call.js';
import { type Bounds, bounds } from '../../reference/index.js';
import { CONTRACTS, type ContractErrors } from '../../spec/contracts/index.js';
import type { AdamWConfig, BatchShape, ModelConfig } from '../../spec/index.js';
import { type Program, sameShape } from '../../spec/program/index.js';
import type { Case } from '../case.js';
import { spreadBounds } from '../steps/legal-spread.js';
import { cutStep } from '../steps/step-program.js';
import { stepInputs } from '../steps/tiny-step.js';

/** What a case judges. */
type Part = 'gradients' | 'update';

/** A step that a port is asked for as one call. */
export interface StepCall {
  readonly call: FunctionCall;
  readonly model: ModelConfig;
  readonly shape: BatchShape;
  readonly optimizer: AdamWConfig;
  /** The squares that the losses add, where they add any. @defaultValue 0 */
  readonly squares?: number;
  /** Inputs that are not drawn as any step's are. */
  readonly inputs?: Named<HostTensor>;
  readonly draw: number;
}

/**
 * One step of a tiny model. In f32 the gradients and losses are judged by the spread of legal runs, since
 * the worst case of so many layers is wider than the results; in f64 by derived bounds.
 */
export function callCase(part: Part, asked: StepCall, float: 'f32' | 'f64' = 'f32'): Case {
  const { model, shape, optimizer, draw, squares = 0 } = asked;
  const { step, oracle, update, state } = cutStep(model, shape, { float, optimizer });
  // One run of the gradients: the spread of each costs 32 more.
  const runs = (part === 'gradients' ? [0] : [0, 1]).map((run) => {
    const inputs = { ...stepInputs(step, state, { ...shape, draw, run }), ...asked.inputs };
    return float === 'f32'
      ? inputs
      : Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, widened(tensor)]));
  });
  const outputs = oracle.outputs.filter(({ name }) => isLossOrGradient(name));
  const judged = removeDeadCode({ ...oracle, outputs });
  return {
    program: step,
    call: asked.call,
    runs,
    followsOutputs: part === 'update',
    expected: (inputs, given, outputs) => {
      const contract = float === 'f32' ? given : CONTRACTS['f64-ieee'];
      if (part === 'update')
        return outputs === undefined ? {} : ownUpdate(update, inputs, outputs, contract);
      return float === 'f32'
        ? summedInAnyOrder(spreadBounds(judged, inputs, contract), squares, contract)
        : bounds(judged, inputs, contract, { order: 'any' });
    },
    ...(float === 'f32' ? { inDouble: () => callCase(part, asked, 'f64') } : {}),
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

/** What `.../gradients` judges, statistics of batch norm among it; the rest is judged by `.../update`. */
export function isLossOrGradient(output: string): boolean {
  return /^(grad\.|loss)|\.running_(mean|variance)$/.test(output);
}
