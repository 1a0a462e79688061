import type { Named } from '../core/backend.js';
import type { ClipRecord, DataRoot } from '../data/index.js';
import type { TrainedModel } from '../run/open-program.js';
import type { DataProblem } from '../run/run-folder.js';
import { type Capability, capabilitiesOf } from '../run/settings/capabilities.js';
import type { RunSettings } from '../run/settings/config.js';
import { LacunaError } from '../spec/index.js';

/** Who looks on while a model is judged. */
export interface Watch {
  /** Told what is done, and of how many clips. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
  /** Told of each clip that is left out, and why. */
  readonly onProblem?: (problem: DataProblem) => void;
}

/** One way to judge a model: the report, the commands and the training itself share it. */
export interface Evaluator<R> {
  /** One word, for people and for the run folder. */
  readonly name: string;
  /** What a model must be able to do to be judged so. */
  readonly needs: readonly Capability[];
  /**
   * Judges a model that can what `needs` says: call it through `evaluate`, which sees to that.
   *
   * @param root The folder that the paths of `records` start from.
   */
  run(
    model: TrainedModel,
    records: readonly ClipRecord[],
    root: DataRoot,
    watch: Watch,
  ): Promise<R>;
  /** The result in numbers, by name; the first is the one that a progress line shows. */
  scores(result: R): Named<number>;
  /** What the numbers depend on beside the model, in a sentence, where it is more than one thing. */
  protocol?(result: R): string;
}

/** Judges a model. @throws LacunaError where it cannot do what the evaluator needs; and as that. */
export async function evaluate<R>(
  evaluator: Evaluator<R>,
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  watch: Watch = {},
): Promise<R> {
  const { settings } = model;
  const lacking = lackingFor(evaluator, settings);
  if (lacking.length === 0) return evaluator.run(model, records, root, watch);
  throw new LacunaError({
    what: `${evaluator.name} needs a model that ${lacking.map((name) => MEANING[name]).join(' and ')}`,
    got: `a run with the objective ${settings.objective}`,
    fix: 'Name another run, or leave this evaluation out.',
  });
}

/** What an evaluator needs and a model with these settings cannot do. */
export function lackingFor(
  { needs }: Pick<Evaluator<unknown>, 'needs'>,
  settings: RunSettings,
): readonly Capability[] {
  const can = capabilitiesOf(settings);
  return needs.filter((name) => !can[name]);
}

const MEANING: Readonly<Record<Capability, string>> = {
  reconstructs: 'was trained to reconstruct what is masked',
  aligns: 'was trained to align video with text',
  readsText: 'has a text encoder of its own',
};
