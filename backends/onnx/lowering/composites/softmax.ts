import type { CompositeRule } from './index.js';

export const lowerSoftmax: CompositeRule = (call, lowering) => {
  const x = lowering.use(call.operands[0] as string);
  lowering.result(call, 'Softmax', [x], { axis: -1 });
};
