import type { Named } from '../core/backend.js';
import type { PlanRunner } from '../core/plan/index.js';
import { LacunaError, type LossScaling, SCALER } from '../spec/index.js';

/** Skipped steps in a row, all at a scale that cannot fall, after which a run ends. */
const MAX_IN_A_ROW = 25;

/** The steps of a run that loss scaling skips: counted, logged, and an end where nothing else comes. */
export class SkippedSteps {
  readonly #scaling: LossScaling;
  #total: number;
  #inARow = 0;

  private constructor(scaling: LossScaling, total: number) {
    this.#scaling = scaling;
    this.#total = total;
  }

  /** Counts on from those that the runner's state has. */
  static async of(runner: PlanRunner, scaling: LossScaling): Promise<SkippedSteps> {
    const counts = runner.plan.state.some(({ name }) => name === SCALER.skipped);
    const [total = 0] = counts ? (await runner.download(SCALER.skipped)).data : [];
    return new SkippedSteps(scaling, total);
  }

  /**
   * AdamW's update number, from 1, of a step, from 0: as in PyTorch, where a skipped step is no
   * update of the optimiser, while the learning rate goes by all steps.
   */
  update(step: number): number {
    return step + 1 - this.#total;
  }

  /**
   * Takes note of a step and returns the metrics to log: those that are no numbers because the
   * gradients were not are left out.
   */
  note(metrics: Named<number>): Named<number> {
    if (metrics.skipped !== 1) {
      this.#inARow = 0;
      return metrics;
    }
    this.#total += 1;
    this.#inARow = (metrics.loss_scale ?? 1) > this.#least(metrics) ? 0 : this.#inARow + 1;
    const { grad_norm, ...rest } = metrics;
    return grad_norm === undefined || Number.isFinite(grad_norm) ? metrics : rest;
  }

  /** @throws LacunaError where so many steps in a row were skipped that none will be taken. */
  check({ loss_scale = 1 }: Named<number>, step: number, saved: number): void {
    if (this.#inARow < MAX_IN_A_ROW) return;
    const scaling = this.#scaling;
    const kept = saved === 0 ? '' : `The checkpoint of step ${saved} is kept. `;
    const fix =
      scaling.kind === 'fixed' && loss_scale > 1
        ? 'Lower lossScaling.scale, or set lossScaling.kind to "dynamic".'
        : 'Gradients overflow by themselves: lower the learning rate, or train on a backend that computes in float32.';
    throw new LacunaError({
      where: `step ${step}`,
      what: `${this.#inARow} steps in a row were skipped, because their gradients were not finite`,
      got: `a loss scale of ${loss_scale}, which falls no further`,
      fix: `${kept}${fix}`,
    });
  }

  /** The scale that does not fall: a fixed one never does. */
  #least({ loss_scale = 1 }: Named<number>): number {
    return this.#scaling.kind === 'dynamic' ? (this.#scaling.minimum ?? 1) : loss_scale;
  }
}
