import { LacunaError } from '../errors.js';
import type { StateSpec } from '../model/state.js';
import {
  add,
  compare,
  constant,
  div,
  finite,
  max,
  maximum,
  min,
  mul,
  type ProgramBuilder,
  select,
  type Value,
} from '../program/index.js';
import { type AdamWConfig, adamwUpdate } from './adamw.js';

/**
 * Loss scaling: the loss is multiplied by a scale before backpropagation and the gradients are
 * divided by it before the update, so that gradients too small for the numbers in which products
 * are read (f16: below 6e-8 nothing, below 6e-5 fewer bits) are not lost. Scales are powers of two:
 * multiplying by one changes no bit but the exponent, so that a scaled step has the bits of the
 * unscaled one wherever no number is subnormal or overflows in either.
 *
 * - `none`: the programs of a step without any of this.
 * - `fixed`: the same scale throughout; a step whose gradients are not finite is skipped.
 * - `dynamic`: a skipped step halves the scale, and after `growthInterval` steps in a row that were
 *   not skipped it doubles.
 *
 * Source: Micikevicius et al. 2018, "Mixed Precision Training", section 3.2; the defaults and the
 * rule are those of `torch.amp.GradScaler`, which has no least scale and no greatest one.
 */
export type LossScaling = { readonly kind: 'none' } | FixedLossScaling | DynamicLossScaling;

export interface FixedLossScaling {
  readonly kind: 'fixed';
  readonly scale: number;
}

export interface DynamicLossScaling {
  readonly kind: 'dynamic';
  /** The scale of the first step. @defaultValue 65536, or the bound that is nearest */
  readonly initial?: number;
  /** Steps in a row, none skipped, after which the scale doubles. @defaultValue 2000 */
  readonly growthInterval?: number;
  /**
   * The scale never falls below: gradients that overflow with less than this do so by themselves,
   * and a smaller scale would lose the small ones. @defaultValue 1
   */
  readonly minimum?: number;
  /**
   * The scale never rises above: where nothing overflows, it would double until it does.
   * @defaultValue 16777216, 2^24 (Apex, `max_loss_scale`)
   */
  readonly maximum?: number;
}

/** State tensors of loss scaling; numbers of type f32, whose counts are exact to 2^24. */
export const SCALER = {
  /** The scale of the next step (`dynamic`). */
  scale: 'scaler.scale',
  /** Steps since the scale changed or a step was skipped (`dynamic`). */
  good: 'scaler.good_steps',
  /** All steps that were skipped: AdamW's update number does not count them. */
  skipped: 'scaler.skipped_steps',
} as const;

/** Loss scaling that is on, with every choice made. */
export type ActiveLossScaling = FixedLossScaling | Required<DynamicLossScaling>;

/** 2^126: twice of it, and 1 / it, are normal f32 numbers. */
const MAX_SCALE = 2 ** 126;
const MAX_STEPS = 2 ** 24;

/**
 * What a loss scaling comes to; undefined for `none`.
 * @throws LacunaError naming the key, for a scale that is no power of two, or bounds that do not fit.
 */
export function activeLossScaling(scaling: LossScaling): ActiveLossScaling | undefined {
  if (scaling.kind === 'none') return undefined;
  const refuse = (key: string, got: number, expected: string): never => {
    const what = 'this loss scaling cannot be used';
    throw new LacunaError({ where: `lossScaling.${key}`, what, got: `${got}`, expected });
  };
  const requireScale = (key: string, scale: number): void => {
    const power = scale >= 1 && scale <= MAX_SCALE && 2 ** Math.round(Math.log2(scale)) === scale;
    if (!power) refuse(key, scale, 'a power of two from 1 to 2^126, such as 65536');
  };
  if (scaling.kind === 'fixed') {
    requireScale('scale', scaling.scale);
    return scaling;
  }
  const { minimum: floor = 1, maximum: ceiling = 2 ** 24 } = scaling;
  const usual = Math.min(Math.max(2 ** 16, floor), ceiling);
  const defaults = { initial: usual, growthInterval: 2000, minimum: 1, maximum: 2 ** 24 };
  const active = { ...defaults, ...scaling };
  const { initial, growthInterval: steps, minimum, maximum: most } = active;
  for (const key of ['initial', 'minimum', 'maximum'] as const) requireScale(key, active[key]);
  if (initial < minimum || initial > most) refuse('initial', initial, `${minimum} to ${most}`);
  if (!Number.isInteger(steps) || steps < 1 || steps > MAX_STEPS)
    refuse('growthInterval', steps, `an integer from 1 to ${MAX_STEPS}`);
  return active;
}

/** What loss scaling keeps from step to step. */
export function lossScalerState(scaling: ActiveLossScaling): readonly StateSpec[] {
  const scalar = (name: string, value: number): StateSpec => ({
    name,
    shape: [],
    role: name === SCALER.scale ? 'scaler' : 'counter',
    init: { kind: 'constant', value },
    decay: false,
  });
  const skipped = scalar(SCALER.skipped, 0);
  if (scaling.kind === 'fixed') return [skipped];
  return [scalar(SCALER.scale, scaling.initial), scalar(SCALER.good, 0), skipped];
}

/** The scale of this step: the cotangent of the loss. Adds its input where it is state. */
export function lossScale(builder: ProgramBuilder, scaling: ActiveLossScaling): Value {
  if (scaling.kind === 'fixed') return constant(builder, scaling.scale);
  if (builder.has(SCALER.scale)) return builder.value(SCALER.scale);
  return builder.input(SCALER.scale, builder.float, [], 'scaler');
}

/**
 * 1 where an element of a tensor is infinite or NaN, else 0, as a scalar of their type. Decided by
 * `is_finite` alone: not every contract promises what becomes of infinities in arithmetic.
 */
export function notFinite(tensors: Iterable<Value>): Value {
  return [...tensors].map((x) => maximum(select(finite(x), 0, 1))).reduce((a, b) => max(a, b));
}

/**
 * `adamwUpdate` from the gradients of a scaled loss, and the update of the scaler. Where a gradient
 * is not finite, the step is skipped: parameters and moments stay as they are, bit for bit.
 * Statistics follow the forward pass, skipped or not, as PyTorch's buffers do. Adds the metrics
 * `loss_scale`, that of this step, and `skipped`, 1 or 0.
 *
 * @param bad 1 where the step is to be skipped, else 0. @defaultValue `notFinite` of the gradients
 * @param steered What the update is made of, from the unscaled gradients. @defaultValue they themselves
 * @returns the gradients, unscaled, and the parameters after the update, by name.
 */
export function scaledAdamwUpdate(
  builder: ProgramBuilder,
  state: readonly StateSpec[],
  gradients: ReadonlyMap<string, Value>,
  config: AdamWConfig,
  scaling: ActiveLossScaling,
  bad: Value = builder.scope('scaler', () => notFinite(gradients.values())),
  steered: (unscaled: ReadonlyMap<string, Value>) => ReadonlyMap<string, Value> = (own) => own,
): Record<'gradients' | 'updated', ReadonlyMap<string, Value>> {
  const scale = lossScale(builder, scaling);
  const { inverse, taken } = builder.scope('scaler', () => ({
    inverse: div(1, scale),
    taken: compare(bad, 'eq', 0),
  }));
  const unscaled = new Map<string, Value>();
  for (const [name, gradient] of gradients) {
    unscaled.set(
      name,
      builder.scope(`unscaled.${name}`, () => mul(gradient, inverse)),
    );
  }
  const updated = adamwUpdate(builder, state, steered(unscaled), config, taken);
  const counter = (name: string): Value => builder.input(name, builder.float, [], 'counter');
  const skipped = counter(SCALER.skipped);
  builder.output(
    SCALER.skipped,
    builder.scope('scaler', () => add(skipped, bad)),
  );
  builder.output('skipped', bad);
  builder.output('loss_scale', scale);
  const result = { gradients: unscaled, updated };
  if (scaling.kind === 'fixed') return result;
  const good = counter(SCALER.good);
  const next = builder.scope('scaler', () => nextScale(scale, good, taken, scaling));
  builder.output(SCALER.scale, next.scale);
  builder.output(SCALER.good, next.good);
  return result;
}

function nextScale(
  scale: Value,
  good: Value,
  taken: Value,
  { growthInterval, minimum, maximum: most }: Required<DynamicLossScaling>,
): { readonly scale: Value; readonly good: Value } {
  const count = select(taken, add(good, 1), 0);
  const grows = compare(count, 'ge', growthInterval);
  const grown = select(grows, min(mul(scale, 2), most), scale);
  const shrunk = max(mul(scale, 0.5), minimum);
  return { scale: select(taken, grown, shrunk), good: select(grows, 0, count) };
}
