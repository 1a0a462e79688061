import { add, div, min, mul, type Value } from '../program/index.js';
import { gradientNorm } from './gradient-norm.js';

/** Keeps the factor finite where all gradients are 0. */
const EPS = 1e-6;

/**
 * Gradients whose common norm n is at most `most`: g min(1, most / (n + 1e-6)), with n as in
 * `gradientNorm`. Source: torch.nn.utils.clip_grad_norm_.
 */
export function clipGradients(
  gradients: ReadonlyMap<string, Value>,
  most: number,
): ReadonlyMap<string, Value> {
  const [first] = gradients.values();
  if (first === undefined) return gradients;
  const { builder } = first;
  const factor = builder.scope('clip', () =>
    min(div(most, add(gradientNorm(gradients.values()), EPS)), 1),
  );
  return new Map(
    [...gradients].map(([name, gradient]) => [
      name,
      builder.scope(`clipped.${name}`, () => mul(gradient, factor)),
    ]),
  );
}
