import type { Call, DType } from '../../../../spec/program/index.js';
import type { Lowering } from '../lowering.js';
import { lowerAttention } from './attention.js';
import { lowerChunked } from './chunked.js';
import { lowerGelu } from './gelu.js';
import { lowerLayerNorm } from './layer-norm.js';
import { lowerSoftmax } from './softmax.js';

/**
 * Writes a call of a composite as ONNX nodes. No operand is empty.
 *
 * @param beside Another call, of some of its operands, whose results are made by the same nodes.
 */
export type CompositeRule = (call: Call, lowering: Lowering, beside?: Call) => void;

interface Claim {
  readonly rule: CompositeRule;
  /** The element types for which ONNX Runtime has the operator at full accuracy. */
  readonly dtypes: readonly DType[];
}

/** The composites that are written as operators of their own; the others are expanded. */
export const CLAIMS: Readonly<Record<string, Claim>> = {
  adamw: { rule: lowerChunked, dtypes: ['f32', 'f64'] },
  attention: { rule: lowerAttention, dtypes: ['f32', 'f64'] },
  attention_grad: { rule: lowerAttention, dtypes: ['f32', 'f64'] },
  gelu: { rule: lowerGelu, dtypes: ['f32'] },
  gelu_grad: { rule: lowerChunked, dtypes: ['f32', 'f64'] },
  // In float64 its epsilon and its statistics are 32-bit floats.
  layer_norm: { rule: lowerLayerNorm, dtypes: ['f32'] },
  softmax: { rule: lowerSoftmax, dtypes: ['f32', 'f64'] },
};
