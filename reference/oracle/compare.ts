import { expect } from 'vitest';
import { differentiate } from '../../core/autodiff/differentiate.js';
import type { HostTensor, Named } from '../../core/backend.js';
import type { Model } from '../../spec/index.js';
import { interpret } from '../interpret.js';

/** The agreement that float64 on both sides must reach; above 1 relatively. */
const EXACT = 1e-9;

/** Holds our elements to theirs; `within` is for rows whose own accuracy the README bounds. */
export function expectEqual(
  name: string,
  ours: ArrayLike<number> | undefined,
  theirs: ArrayLike<number>,
  within: number = EXACT,
): void {
  expect(ours?.length, name).toBe(theirs.length);
  let worst = 0;
  for (let i = 0; i < theirs.length; i++) {
    const want = theirs[i] as number;
    const difference = Math.abs((ours?.[i] ?? Number.NaN) - want) / Math.max(1, Math.abs(want));
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  }
  expect(worst, `${name}: worst difference`).toBeLessThan(within);
}

/** A fixture's tensor as an input of a program. */
export function asInput({ dtype, shape, data }: HostTensor): HostTensor {
  return { dtype: dtype === 'bool' ? 'u8' : dtype, shape, data };
}

/** The outputs of a model and the gradients of its output `loss` by the values of `wrt`. */
export function outputsAndGradients(
  { program }: Model,
  inputs: Named<HostTensor>,
  wrt: readonly string[],
): { readonly outputs: Named<HostTensor>; readonly gradients: Named<ArrayLike<number>> } {
  const { builder, gradients } = differentiate(program, 'loss', wrt);
  for (const [name, gradient] of gradients) builder.output(`gradient.${name}`, gradient);
  const outputs = interpret(builder.finish(), inputs);
  return {
    outputs,
    gradients: Object.fromEntries(
      wrt.map((name) => [name, outputs[`gradient.${name}`]?.data ?? []]),
    ),
  };
}
