import type { CompositeRule } from './index.js';

export const lowerGelu: CompositeRule = (call, lowering) => {
  lowering.result(call, 'Gelu', [lowering.use(call.operands[0] as string)]);
};
