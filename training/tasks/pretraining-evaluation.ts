import { dirname } from 'node:path';
import type { Backend } from '../../core/backend.js';
import { type ClipRecord, checkDataFolder, type DataRoot, dataRootOf } from '../../data/index.js';
import { EVALUATORS, evaluate, lackingFor } from '../../evaluation/index.js';
import type { TextSide } from '../../run/feeds/batch-feeds.js';
import { CaptionEmbeddings } from '../../run/feeds/caption-embeddings.js';
import { tokenizerOf } from '../../run/feeds/run-text.js';
import type { DataDigest } from '../../run/manifest.js';
import type { TrainedModel } from '../../run/open-program.js';
import type { DataProblem } from '../../run/run-folder.js';
import { readNamedList } from '../../run/run-list.js';
import { capabilitiesOf } from '../../run/settings/capabilities.js';
import type { RunSettings } from '../../run/settings/config.js';
import { LacunaError } from '../../spec/index.js';
import type { Evaluated, TaskEvaluation } from '../task.js';

/** The held-out clips that a run is judged by while it is trained. */
export interface Gallery {
  readonly everySteps: number;
  readonly records: readonly ClipRecord[];
  readonly root: DataRoot;
  /** What the manifest says of its list. */
  readonly data: DataDigest;
}

/**
 * The clips of the section `evaluation`, looked up before anything is written; undefined without it.
 *
 * @param onNote Told, in a sentence each, what the list says that is left out.
 * @param expected The digest of the list that the run began with, where it goes on.
 * @throws LacunaError for a list or a folder that cannot be used.
 */
export async function openGallery(
  settings: RunSettings,
  onNote: (sentence: string) => void,
  expected?: string,
): Promise<Gallery | undefined> {
  const { evaluation } = settings;
  if (evaluation === undefined) return undefined;
  const { list, root: folder = dirname(list), everySteps, clips } = evaluation;
  const root = dataRootOf(folder, settings.data.followLinks);
  const { records: all, digest } = await readNamedList(evaluation, expected, onNote);
  const records = all.slice(0, clips);
  await checkDataFolder(root, records);
  const silent = records.find(({ captions }) => captions.length === 0);
  if (capabilitiesOf(settings).aligns && silent !== undefined) {
    throw new LacunaError({
      where: list,
      what: 'the clips of the evaluation need captions, since captions are what is looked for',
      got: `${silent.id} without a caption`,
      fix: 'Add captions, or remove these clips.',
    });
  }
  return { everySteps, records, root, data: { clips: all.length, digest } };
}

/** The captions that the gallery is searched by: the first of each clip. */
export function galleryCaptions(gallery: Gallery | undefined): readonly string[] {
  return gallery?.records.flatMap(({ captions }) => captions.slice(0, 1)) ?? [];
}

/** Every evaluator that this run's model can be judged by, on the gallery. */
export function pretrainingEvaluation(
  settings: RunSettings,
  { everySteps, records, root }: Gallery,
  text: TextSide,
  backend: Backend,
): TaskEvaluation {
  const evaluators = EVALUATORS.filter((each) => lackingFor(each, settings).length === 0);
  return {
    everySteps,
    run: async (state) => {
      const tokenizer = tokenizerOf(text);
      const model: TrainedModel = { settings, backend, state, tokenizer, ...teacherOf(text) };
      const results: Evaluated[] = [];
      for (const evaluator of evaluators) {
        const problems: DataProblem[] = [];
        const onProblem = (problem: DataProblem): void => void problems.push(problem);
        const result = await evaluate(evaluator, model, records, root, { onProblem });
        const protocol = evaluator.protocol?.(result);
        results.push({
          evaluator: evaluator.name,
          scores: evaluator.scores(result),
          ...(protocol === undefined ? {} : { protocol }),
          problems,
          result,
        });
      }
      return results;
    },
  };
}

/** A frozen teacher was asked for the gallery's captions before the run began: it is read from there. */
function teacherOf(text: TextSide): Pick<TrainedModel, 'teacher'> {
  if (!(text instanceof CaptionEmbeddings)) return {};
  return { teacher: { embedTexts: async (captions) => text.rows(captions) } };
}
