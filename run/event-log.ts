import { cutEventFiles, EventFile } from '../formats/event-file/event-file.js';
import type { StepEvaluation, StepMetrics } from './run-lines.js';

/**
 * What a run tells TensorBoard: event files in its folder, one for each time that it was begun or went on.
 * Tags: `train/` and the name of a metric, `train/learning_rate`, `train/epoch`, `seconds/step`,
 * `seconds/wait`; the name of an evaluator, `/`, and that of a score.
 */
export class EventLog {
  readonly #folder: string;
  #file: EventFile | undefined;
  #goesOn = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  addMetrics(line: StepMetrics): Promise<void> {
    const { step, epoch, metrics, learningRate, stepSeconds, waitSeconds } = line;
    return this.#add(step, {
      ...prefixed('train', metrics),
      'train/learning_rate': learningRate,
      'train/epoch': epoch,
      'seconds/step': stepSeconds,
      'seconds/wait': waitSeconds,
    });
  }

  addEvaluation({ step, evaluator, scores }: StepEvaluation): Promise<void> {
    return this.#add(step, prefixed(evaluator, scores));
  }

  async sync(): Promise<void> {
    await this.#file?.sync();
  }

  /** Drops what is written of steps after `step`; what comes then goes into a new file. */
  async cut(step: number): Promise<void> {
    await this.close();
    await cutEventFiles(this.#folder, step);
    this.#goesOn = true;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #add(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    // TensorBoard shows when something was: nothing else of a run reads the clock.
    const wallTime = Date.now() / 1000;
    this.#file ??= await EventFile.create(this.#folder, {
      wallTime,
      step,
      goesOn: this.#goesOn,
    });
    await this.#file.add({ wallTime, step, values });
  }
}

function prefixed(
  prefix: string,
  values: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]),
  );
}
