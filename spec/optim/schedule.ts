import { LacunaError } from '../errors.js';
import { powInteger } from '../numeric/pow.js';
import { cos } from '../numeric/trigonometry.js';

export const WARMUPS = ['videomae', 'mae'] as const;
export type Warmup = (typeof WARMUPS)[number];

export const DECAYS = ['cosine', 'steps'] as const;

/**
 * How the rate falls after the warm-up.
 * - `cosine`: along half a cosine (VideoMAE, MAE).
 * - `steps`: it is multiplied by `factor` at each of the shares `at` of the whole run: [0.6, 0.8] of 10
 *   epochs is from epochs 6 and 8 on (MCQ).
 */
export type Decay =
  | { readonly kind: 'cosine' }
  | {
      readonly kind: 'steps';
      /** Shares of the run, in (0, 1), rising. */
      readonly at: readonly number[];
      /** In (0, 1). */
      readonly factor: number;
    };

/** A learning rate that rises linearly over W warm-up steps, then falls. */
export interface RateSchedule {
  /** The highest rate: see `scaleLearningRate`. */
  readonly peak: number;
  /** The rate that the cosine tends to, and never quite reaches; no step falls below it. @defaultValue 0 */
  readonly minimum?: number;
  /** W. 0 is none; with 1, VideoMAE's first step has rate 0. */
  readonly warmupSteps: number;
  /** All steps of the run, warm-up included. */
  readonly totalSteps: number;
  /**
   * - `videomae` (default): step s of the warm-up has peak * s / (W - 1): from 0 to the peak
   *   inclusive, so that the peak occurs twice. VideoMAE's `warmup_lr` is parsed but never used.
   * - `mae`: peak * s / W, as MAE and MAE-ST, which compute it from the fraction of the epoch.
   */
  readonly warmup?: Warmup;
  /** @defaultValue `{ kind: 'cosine' }` */
  readonly decay?: Decay;
}

/**
 * The learning rate of a step, counted from 0, as a float32. After the warm-up of W steps, by decay:
 * - `cosine`, with i = step - W and R = total - W: minimum + 0.5 (peak - minimum) (1 + cos(pi i / R));
 * - `steps`, with c = #{a of `at`: step >= round(a total)}: max(minimum, peak factor ... factor), c times.
 *
 * Source: VideoMAE `utils.cosine_scheduler`; MAE-ST `util/lr_sched.py`; MCQ's `schedule` of epochs.
 * @throws LacunaError if the step is outside [0, totalSteps) or the schedule is inconsistent.
 */
export function learningRate(schedule: RateSchedule, step: number): number {
  const { peak, minimum = 0, warmupSteps, totalSteps, warmup = 'videomae' } = schedule;
  requireSchedule(peak, minimum, warmupSteps, totalSteps);
  if (!Number.isInteger(step) || step < 0 || step >= totalSteps) {
    throw new LacunaError({
      what: 'the step is outside its learning-rate schedule',
      got: String(step),
      expected: `an integer in [0, ${totalSteps})`,
    });
  }
  if (step < warmupSteps) {
    if (warmup === 'mae') return Math.fround((peak * step) / warmupSteps);
    if (step === 0) return 0;
    // As NumPy's linspace: the step width is rounded, the last value is not.
    return Math.fround(step === warmupSteps - 1 ? peak : step * (peak / (warmupSteps - 1)));
  }
  if (schedule.decay?.kind === 'steps') {
    const { at, factor } = schedule.decay;
    const fallen = at.filter((share) => step >= Math.round(share * totalSteps));
    return Math.fround(
      Math.max(
        minimum,
        fallen.reduce((rate) => rate * factor, peak),
      ),
    );
  }
  const turn = (Math.PI * (step - warmupSteps)) / (totalSteps - warmupSteps);
  return Math.fround(minimum + 0.5 * (peak - minimum) * (1 + cos(turn)));
}

/**
 * The rate for a global batch of B clips: base * B / 256. Repeated augmentations do not count
 * (VideoMAE, MAE-ST).
 */
export function scaleLearningRate(base: number, globalBatch: number): number {
  return (base * globalBatch) / 256;
}

/**
 * Adam's bias correction 1 - beta^t as a float32, for the update number t, counted from 1;
 * beta^t by `powInteger`.
 * @throws LacunaError if beta is outside [0, 1) or t is not a positive integer.
 */
export function biasCorrection(beta: number, t: number): number {
  if (!(beta >= 0 && beta < 1) || !Number.isSafeInteger(t) || t < 1) {
    throw new LacunaError({
      what: 'the arguments of a bias correction are out of bounds',
      got: `beta ${beta}, update ${t}`,
      expected: 'beta in [0, 1) and an update number of at least 1',
    });
  }
  return Math.fround(1 - powInteger(beta, t));
}

function requireSchedule(peak: number, minimum: number, warmup: number, total: number): void {
  if (!(minimum >= 0 && peak >= minimum && Number.isFinite(peak))) {
    throw new LacunaError({
      what: 'the rates of a schedule are out of bounds',
      got: `peak ${peak}, minimum ${minimum}`,
      expected: '0 <= minimum <= peak',
    });
  }
  if (
    !(Number.isSafeInteger(warmup) && Number.isSafeInteger(total) && warmup >= 0 && total > 0) ||
    warmup > total
  ) {
    throw new LacunaError({
      what: 'the steps of a schedule are out of bounds',
      got: `${warmup} warm-up steps of ${total}`,
      expected: 'integers, 0 <= warm-up <= total, and at least 1 step',
      fix: 'Shorten the warm-up or train for more steps.',
    });
  }
}
