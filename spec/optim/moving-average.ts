import type { StateSpec } from '../model/state.js';
import { add, mul, type ProgramBuilder, type Value } from '../program/index.js';

const PREFIX = 'average.';

/** The name of the moving average of a parameter. */
export function averageName(parameter: string): string {
  return `${PREFIX}${parameter}`;
}

/** The parameter that a moving average is of; undefined for another name. */
export function averagedName(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}

/** The averages of all parameters, as state: each begins as its parameter does. */
export function averageState(state: readonly StateSpec[]): readonly StateSpec[] {
  return state
    .filter(({ role }) => role === 'parameter')
    .map(({ name, shape, init }) => ({
      name: averageName(name),
      shape,
      role: 'average',
      init,
      decay: false,
    }));
}

/** decay e + (1 - decay) p. */
export function movedAverage(average: Value, parameter: Value, decay: number): Value {
  return add(mul(average, decay), mul(parameter, 1 - decay));
}

/**
 * Adds the moving average of every parameter, after its update: e' = decay e + (1 - decay) p'.
 * Source: timm `ModelEma`, which VideoMAE calls after each step.
 *
 * @param updated The parameters after the update, by name.
 */
export function averageUpdate(
  builder: ProgramBuilder,
  updated: ReadonlyMap<string, Value>,
  decay: number,
): void {
  for (const [name, value] of updated) {
    const average = builder.input(averageName(name), value.dtype, value.shape, 'average');
    builder.output(
      averageName(name),
      builder.scope(`averaged.${name}`, () => movedAverage(average, value, decay)),
    );
  }
}
