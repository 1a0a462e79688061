import { float } from '../../../../formats/onnx/graph-writer.js';
import type { CompositeRule } from './index.js';

export const lowerLayerNorm: CompositeRule = (call, lowering) => {
  const operands = call.operands.map((operand) => lowering.use(operand));
  const epsilon = float(call.attributes.eps as number);
  lowering.result(call, 'LayerNormalization', operands, { axis: -1, epsilon });
};
