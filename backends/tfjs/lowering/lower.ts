import { expand } from '../../../core/passes/expand.js';
import { simplify } from '../../../core/passes/simplify.js';
import { elementCount, type Program } from '../../../spec/program/index.js';
import type { TfTensor } from '../library/tfjs.js';
import { Lowering, type LoweringOptions, type Step } from './lowering.js';
import { lowerPrimitive } from './primitives.js';

/** Composites that TensorFlow.js has; the others are expanded. */
export const CLAIMS: readonly string[] = ['softmax'];

/** A program as calls of TensorFlow.js. */
export interface Lowered {
  /** In order; those without operands make literals, once for all runs. */
  readonly steps: readonly Step[];
  /** For each output of the program, in order, the name of its value among the steps. */
  readonly outputs: readonly string[];
}

export function lower(program: Program, options: LoweringOptions = {}): Lowered {
  const expanded = simplify(expand(program, (composite) => CLAIMS.includes(composite)));
  const lowering = new Lowering(expanded, options);
  for (const operation of expanded.operations) {
    if (operation.op !== 'call') {
      lowerPrimitive(operation, lowering);
      continue;
    }
    const [{ name, shape } = { name: '', shape: [] }] = operation.results;
    const x = lowering.use(operation.operands[0] as string);
    if (elementCount(shape) === 0) lowering.step(name, [], (tf) => tf.zeros([...shape], 'float32'));
    else lowering.step(name, [x], (tf, [scores]) => tf.softmax(scores as TfTensor, -1));
  }
  const outputs = expanded.outputs.map(({ value }) => lowering.use(value));
  return { steps: lowering.steps, outputs };
}
