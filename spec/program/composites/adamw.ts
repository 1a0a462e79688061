import type { Value } from '../builder.js';
import { Composite } from '../composite.js';
import { add, div, mul, sqrt, square, sub } from '../elementwise.js';

/** Attributes of an update: decay 0 leaves the parameter out of weight decay. */
export type AdamWAttributes = Readonly<
  Record<'beta1' | 'beta2' | 'eps' | 'decay' | 'lr_scale', number>
>;

/**
 * One AdamW update (PyTorch's order: decay first, then the step), with r = lr_scale * lr:
 * m' = beta1 m + (1 - beta1) g; v' = beta2 v + (1 - beta2) g^2;
 * p' = p (1 - r decay) - r (m' / c1) / (sqrt(v' / c2) + eps), c_i = 1 - beta_i^t.
 * Operands: p, m, v, g and the scalars lr, c1, c2.
 */
export const ADAMW: Composite<AdamWAttributes> = new Composite<AdamWAttributes>({
  name: 'adamw',
  operands: ['p', 'm', 'v', 'g', 'lr', 'c1', 'c2'],
  attributes: {
    beta1: 'number',
    beta2: 'number',
    eps: 'number',
    decay: 'number',
    lr_scale: 'number',
  },
  results: ['p', 'm', 'v'],
  body: (operands, { beta1, beta2, eps, decay, lr_scale }) => {
    const [p, m, v, g, lr, correction1, correction2] = operands as Value[] as [
      Value,
      Value,
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    const rate = lr_scale === 1 ? lr : mul(lr, lr_scale);
    const first = add(mul(m, beta1), mul(g, 1 - beta1));
    const second = add(mul(v, beta2), mul(square(g), 1 - beta2));
    const denominator = add(mul(sqrt(second), div(1, sqrt(correction2))), eps);
    const step = div(mul(first, div(rate, correction1)), denominator);
    const decayed = decay === 0 ? p : mul(p, sub(1, mul(rate, decay)));
    return [sub(decayed, step), first, second];
  },
});
