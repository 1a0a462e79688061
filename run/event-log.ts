import { cutEventFiles, EventFile } from '../formats/event-file/event-file.js';
import type { StepEvaluation, StepMetrics } from './run-lines.js';
import { type RunLog, scoreTags, stepTags } from './run-log.js';

/** What a run tells TensorBoard: event files in its folder, one for each time that it was begun or went on. */
export class EventLog implements RunLog {
  readonly #folder: string;
  #file: EventFile | undefined;
  #goesOn = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  addMetrics(line: StepMetrics): Promise<void> {
    return this.#add(line.step, stepTags(line));
  }

  addEvaluation(line: StepEvaluation): Promise<void> {
    return this.#add(line.step, scoreTags(line));
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
