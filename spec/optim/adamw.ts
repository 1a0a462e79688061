import type { StateSpec } from '../model/state.js';
import {
  ADAMW,
  constant,
  max,
  min,
  type ProgramBuilder,
  select,
  type Value,
} from '../program/index.js';

/** AdamW's constants. */
export interface AdamWConfig {
  /** @defaultValue 0.9 */
  readonly beta1?: number;
  /** @defaultValue 0.95 (VideoMAE's script; 0.999 in fine-tuning, 0.98 in CLIP) */
  readonly beta2?: number;
  /** @defaultValue 1e-8 */
  readonly eps?: number;
  /** Decoupled weight decay of matrices. @defaultValue 0.05 */
  readonly weightDecay?: number;
}

/** The name of an optimiser state tensor: first (`m`) or second (`v`) moment of a parameter. */
export function momentName(moment: 'm' | 'v', parameter: string): string {
  return `adamw.${moment}.${parameter}`;
}

/** The moments of each parameter, as state. */
export function adamwState(state: readonly StateSpec[]): readonly StateSpec[] {
  return state
    .filter(({ role }) => role === 'parameter')
    .flatMap(({ name, shape }) =>
      (['m', 'v'] as const).map(
        (moment): StateSpec => ({
          name: momentName(moment, name),
          shape,
          role: 'optimizer',
          init: { kind: 'constant', value: 0 },
          decay: false,
        }),
      ),
    );
}

/**
 * Adds the update of every parameter: new inputs for the moments and the scalars `schedule.lr`,
 * `schedule.correction1`, `schedule.correction2` (1 - beta^t), new outputs under the state's names.
 * See `ADAMW` for the formula; a parameter with a clamp is cut to it afterwards.
 *
 * @param taken A bool: where false, parameters and moments stay as they are. @defaultValue true
 * @returns the parameters after the update, by name.
 */
export function adamwUpdate(
  builder: ProgramBuilder,
  state: readonly StateSpec[],
  gradients: ReadonlyMap<string, Value>,
  config: AdamWConfig,
  taken?: Value,
): ReadonlyMap<string, Value> {
  const updates = new Map<string, Value>();
  const { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weightDecay = 0.05 } = config;
  const { float } = builder;
  const scalars = ['lr', 'correction1', 'correction2'].map((name) =>
    builder.input(`schedule.${name}`, float, [], 'schedule'),
  );
  for (const spec of state) {
    if (spec.role !== 'parameter') continue;
    const parameter = builder.value(spec.name);
    const gradient = gradients.get(spec.name) as Value;
    const moments = (['m', 'v'] as const).map((moment) =>
      builder.input(momentName(moment, spec.name), parameter.dtype, spec.shape, 'optimizer'),
    );
    const [updated, m, v] = builder.scope(`update.${spec.name}`, () =>
      builder.call(ADAMW, [parameter, ...moments, gradient, ...scalars], {
        beta1,
        beta2,
        eps,
        decay: spec.decay ? (spec.weightDecay ?? weightDecay) : 0,
        lr_scale: spec.learningRateScale ?? 1,
      }),
    ) as [Value, Value, Value];
    const [oldM, oldV] = moments as [Value, Value];
    const next = (name: string, value: Value, old: Value): Value => {
      const chosen = builder.scope(`next.${name}`, () =>
        taken === undefined ? value : select(taken, value, old),
      );
      builder.output(name, chosen);
      return chosen;
    };
    updates.set(spec.name, next(spec.name, clamped(updated, spec.clamp), parameter));
    next(momentName('m', spec.name), m, oldM);
    next(momentName('v', spec.name), v, oldV);
  }
  return updates;
}

function clamped(value: Value, clamp: StateSpec['clamp']): Value {
  if (clamp === undefined) return value;
  const bound = (limit: number): Value => constant(value.builder, limit, { dtype: value.dtype });
  return min(max(value, bound(clamp.low)), bound(clamp.high));
}
