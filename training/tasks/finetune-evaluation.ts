import { dirname } from 'node:path';
import type { Backend } from '../../core/backend.js';
import { type ClipRecord, checkDataFolder, type DataRoot, dataRootOf } from '../../data/index.js';
import { classificationProtocol, classify, headScores } from '../../evaluation/index.js';
import { judgedState } from '../../run/classifier.js';
import { requireKnownLabels } from '../../run/feeds/clip-labels.js';
import type { DataDigest, HeadClasses } from '../../run/manifest.js';
import type { DataProblem } from '../../run/run-folder.js';
import { readNamedList } from '../../run/run-list.js';
import type { RunSettings } from '../../run/settings/config.js';
import type { TaskEvaluation } from '../task.js';

/** One view a video: while a run is trained, more would take long. */
const ONE_VIEW = { clips: 1, crops: 1 };

/** The held-out clips that a classifier is judged by while it is trained. */
export interface JudgedClips {
  readonly everySteps: number;
  readonly records: readonly ClipRecord[];
  readonly root: DataRoot;
  /** What the manifest says of their list. */
  readonly data: DataDigest;
}

/**
 * The clips of the section `evaluation`, held to the classes that are learned; undefined without it.
 *
 * @param expected The digest of the list that the run began with, where it goes on.
 * @throws LacunaError for a list, a folder or labels that cannot be used.
 */
export async function openJudgedClips(
  { evaluation, data }: RunSettings,
  heads: readonly HeadClasses[],
  onNote: (sentence: string) => void,
  expected?: string,
): Promise<JudgedClips | undefined> {
  if (evaluation === undefined) return undefined;
  const { list, root: folder = dirname(list), everySteps, clips } = evaluation;
  const { records: all, digest } = await readNamedList(evaluation, expected, onNote);
  const records = all.slice(0, clips);
  const root = dataRootOf(folder, data.followLinks);
  await checkDataFolder(root, records);
  requireKnownLabels(records, heads, list);
  return { everySteps, records, root, data: { clips: all.length, digest } };
}

/** The classifier as it is, on one view of each of these clips. */
export function finetuneEvaluation(
  settings: RunSettings,
  heads: readonly HeadClasses[],
  { everySteps, records, root }: JudgedClips,
  backend: Backend,
): TaskEvaluation {
  return {
    everySteps,
    run: async (state) => {
      const problems: DataProblem[] = [];
      const onProblem = (problem: DataProblem): void => void problems.push(problem);
      const classifier = { settings, heads, backend, state: judgedState(settings, heads, state) };
      const result = await classify(classifier, records, root, ONE_VIEW, { onProblem });
      const protocol = classificationProtocol(classifier, result);
      return [
        { evaluator: 'classification', scores: headScores(heads, result), protocol, problems },
      ];
    },
  };
}
