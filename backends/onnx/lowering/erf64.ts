import type { Operation } from '../../../spec/program/index.js';
import type { Lowering } from './lowering.js';

const SERIES_TERMS = 40;
const FRACTION_TERMS = 30;
const BORDER = 2.25;

/**
 * erf in float64, for which ONNX Runtime has no kernel, to a relative error of 7e-16:
 * - |x| < 2.25: the series 2 / sqrt(pi) * x * exp(-x^2) * (1 + t/3 (1 + t/5 (1 + ...))), t = 2 x^2,
 *   40 terms, all positive (Abramowitz and Stegun 7.1.6);
 * - else: sign(x) (1 - erfc|x|) with the continued fraction
 *   erfc(x) = exp(-x^2) / sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), 30 terms (7.1.14).
 */
export function lowerErf64(operation: Operation, lowering: Lowering): void {
  const { writer } = lowering;
  const x = lowering.use(operation.operands[0] as string);
  const number = (value: number): string => writer.scalar('f64', value);
  const mul = (a: string, b: string): string => writer.node('Mul', [a, b]);
  const add = (a: string, b: string): string => writer.node('Add', [a, b]);
  const div = (a: string, b: string): string => writer.node('Div', [a, b]);

  const square = mul(x, x);
  const gauss = writer.node('Exp', [writer.node('Neg', [square])]);
  const t = mul(square, number(2));
  let series = writer.node('Expand', [number(1), writer.node('Shape', [x])]);
  for (let k = SERIES_TERMS; k >= 1; k--) {
    series = add(number(1), mul(mul(series, t), number(1 / (2 * k + 1))));
  }
  const small = mul(mul(mul(x, number(2 / Math.sqrt(Math.PI))), gauss), series);

  const size = writer.node('Abs', [x]);
  let fraction = size;
  for (let k = FRACTION_TERMS; k >= 1; k--) fraction = add(size, div(number(k / 2), fraction));
  const tail = div(mul(gauss, number(1 / Math.sqrt(Math.PI))), fraction);
  const large = mul(writer.node('Sign', [x]), writer.node('Sub', [number(1), tail]));

  const near = writer.node('Less', [size, number(BORDER)]);
  lowering.result(operation, 'Where', [near, small, large]);
}
