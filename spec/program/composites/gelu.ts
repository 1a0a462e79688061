import type { Value } from '../builder.js';
import { Composite } from '../composite.js';
import { add, erf, exp, mul, square } from '../elementwise.js';

type None = Readonly<Record<never, never>>;

/** y = x * Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2: the exact GELU, as in VideoMAE's blocks. */
export const GELU: Composite<None> = new Composite<None>({
  name: 'gelu',
  operands: ['x'],
  attributes: {},
  results: ['y'],
  body: ([x]) => [mul(x as Value, normalCdf(x as Value))],
  gradient: ({ operands: [x], cotangents: [dy] }) =>
    dy === undefined ? [undefined] : (x as Value).builder.call(GELU_GRAD, [x as Value, dy], {}),
});

/** dx = dy * (Phi(x) + x * phi(x)), phi(x) = exp(-x^2 / 2) / sqrt(2 pi). */
export const GELU_GRAD: Composite<None> = new Composite<None>({
  name: 'gelu_grad',
  operands: ['x', 'dy'],
  attributes: {},
  results: ['dx'],
  body: (operands) => {
    const [x, dy] = operands as [Value, Value];
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(dy, add(normalCdf(x), mul(x, density)))];
  },
});

/** The exact GELU. */
export function gelu(x: Value): Value {
  return x.builder.call(GELU, [x], {})[0] as Value;
}

function normalCdf(x: Value): Value {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}
