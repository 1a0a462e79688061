import { differentiate } from '../../core/index.js';
import type { Program } from '../../spec/index.js';

/** The program with the gradients of its output `loss` as outputs `grad.<name>`. */
export function withGradients(program: Program, wrt: readonly string[]): Program {
  const { builder, gradients } = differentiate(program, 'loss', wrt);
  for (const [name, value] of gradients) builder.output(`grad.${name}`, value);
  return builder.finish();
}

/** `grad.`-prefixed names, as `withGradients` calls its outputs. */
export function asGradients<T>(named: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [`grad.${name}`, value]));
}
