import { duration } from '../core/duration.js';

/** Where a run stands; seconds are averages over recent steps. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** The parts of the loss, where it has several. */
  readonly parts: readonly (readonly [name: string, value: number])[];
  /** Where the loss is scaled: by how much, and how many steps were skipped since the command began. */
  readonly scaling?: { readonly scale: number; readonly skipped: number };
  /** The first score of each evaluator, from the last time. @defaultValue none */
  readonly evaluated?: readonly (readonly [evaluator: string, score: number])[];
  readonly stepSeconds: number;
  readonly waitSeconds: number;
  /** Clips of a step. */
  readonly clips: number;
}

/**
 * One line about a run:
 * `step 120/500  loss 2.41 (mae 0.81, contrastive 1.60)  310 ms  206 clips/s  waiting 2 %  1:58 left`.
 */
export function formatProgress(progress: Progress): string {
  const { step, steps, loss, parts, scaling, evaluated = [] } = progress;
  const { stepSeconds, waitSeconds, clips } = progress;
  const detail = parts.map(([name, value]) => `${name} ${number(value)}`).join(', ');
  return [
    `step ${String(step).padStart(String(steps).length)}/${steps}`,
    `loss ${number(loss)}${detail === '' ? '' : ` (${detail})`}`,
    ...(scaling === undefined ? [] : [`scale ${scaling.scale}, ${scaling.skipped} skipped`]),
    ...evaluated.map(([name, value]) => `${name} ${number(value)}`),
    stepSeconds < 10 ? `${Math.round(stepSeconds * 1000)} ms` : `${stepSeconds.toFixed(1)} s`,
    `${number(clips / stepSeconds)} clips/s`,
    `waiting ${Math.round((100 * waitSeconds) / stepSeconds)} %`,
    `${duration((steps - step) * stepSeconds)} left`,
  ].join('  ');
}

/** Three significant digits. */
function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : value.toPrecision(3);
}
