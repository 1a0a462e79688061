import type { StateSpec } from '../model/state.js';
import {
  add,
  and,
  compare,
  div,
  mul,
  type ProgramBuilder,
  select,
  sqrt,
  square,
  sub,
  sumAxisByAxis,
  type Value,
} from '../program/index.js';

/** LARS's constants. */
export interface LarsConfig {
  /** @defaultValue 0.9 */
  readonly momentum?: number;
  /** Size of a step over that of the parameter, at rate 1. @defaultValue 0.001 */
  readonly trust?: number;
  /** Of matrices; it is part of the gradient, as in L2 regularisation. @defaultValue 0 */
  readonly weightDecay?: number;
}

/** What an update of one parameter goes by. */
export interface LarsAttributes {
  readonly momentum: number;
  readonly trust: number;
  readonly decay: number;
  /** Whether the gradient is scaled to the parameter: matrices are, vectors and scalars are not. */
  readonly scaled: boolean;
}

/**
 * One LARS update of parameter p with gradient g, momentum mu (0 at first) and the rate r:
 * d = g + decay p; q = trust |p| / |d|, or 1 where |p| or |d| is 0; mu' = momentum mu + q d;
 * p' = p - r mu'. |.| is the Euclidean norm over all elements. Where not `scaled`: mu' = momentum mu + g.
 * Source: MAE util/lars.py (MoCo v3's), which scales and decays parameters of two axes and more alone.
 *
 * @returns p' and mu'.
 */
export function larsStep(
  [p, mu, g, rate]: readonly [p: Value, mu: Value, g: Value, rate: Value],
  { momentum, trust, decay, scaled }: LarsAttributes,
): readonly [Value, Value] {
  const direction = scaled ? scaledToParameter(p, g, trust, decay) : g;
  const moved = add(mul(mu, momentum), direction);
  return [sub(p, mul(moved, rate)), moved];
}

function scaledToParameter(p: Value, g: Value, trust: number, decay: number): Value {
  const decayed = decay === 0 ? g : add(g, mul(p, decay));
  const [own, its] = [norm(p), norm(decayed)];
  const both = and(compare(own, 'gt', 0), compare(its, 'gt', 0));
  const ratio = select(both, div(mul(own, trust), select(both, its, 1)), 1);
  return mul(decayed, ratio);
}

function norm(x: Value): Value {
  return sqrt(sumAxisByAxis(square(x)));
}

/** The name of the optimiser's state tensor of a parameter. */
export function larsMomentumName(parameter: string): string {
  return `lars.mu.${parameter}`;
}

/** The momentum of each parameter, as state. */
export function larsState(state: readonly StateSpec[]): readonly StateSpec[] {
  return state
    .filter(({ role }) => role === 'parameter')
    .map(({ name, shape }) => ({
      name: larsMomentumName(name),
      shape,
      role: 'optimizer',
      init: { kind: 'constant', value: 0 },
      decay: false,
    }));
}

/**
 * Adds the update of every parameter: new inputs for the momenta and the scalar `schedule.lr`, new
 * outputs under the state's names. See `larsStep`.
 *
 * @returns the parameters after the update, by name.
 */
export function larsUpdate(
  builder: ProgramBuilder,
  state: readonly StateSpec[],
  gradients: ReadonlyMap<string, Value>,
  { momentum = 0.9, trust = 0.001, weightDecay = 0 }: LarsConfig,
): ReadonlyMap<string, Value> {
  const updates = new Map<string, Value>();
  const rate = builder.input('schedule.lr', builder.float, [], 'schedule');
  for (const { name, shape, role, decay, ...spec } of state) {
    if (role !== 'parameter') continue;
    const parameter = builder.value(name);
    const momentumInput = builder.input(
      larsMomentumName(name),
      parameter.dtype,
      shape,
      'optimizer',
    );
    const { learningRateScale: scale = 1, weightDecay: own = weightDecay } = spec;
    const [next, moved] = builder.scope(`update.${name}`, () =>
      larsStep(
        [
          parameter,
          momentumInput,
          gradients.get(name) as Value,
          scale === 1 ? rate : mul(rate, scale),
        ],
        { momentum, trust, decay: decay ? own : 0, scaled: shape.length > 1 },
      ),
    );
    builder.output(name, next);
    builder.output(momentumInput.name, moved);
    updates.set(name, next);
  }
  return updates;
}
