import { join } from 'node:path';
import { z } from 'zod';
import { readOwnFile } from '../../formats/own-file.js';
import { sealJson, unsealJson } from '../../formats/sealed-json.js';
import { replaceFile } from '../../formats/whole-file.js';
import { LacunaError, type RetrievalScores } from '../../spec/index.js';

/** Retrieval scores of one model, as the evaluation of a run keeps them. */
export interface ScoreRow {
  /** `trained`, `untrained`, `captions shuffled`. */
  readonly model: string;
  readonly textToVideo: RetrievalScores;
  readonly videoToText: RetrievalScores;
}

/** `evaluation.json` of a run folder: what the run reached. */
export interface RunEvaluation {
  /** The list that was evaluated on. */
  readonly list: string;
  /** What the scores depend on beside the model. Old runs have none. */
  readonly protocol?: string;
  readonly verdict: string;
  readonly rows: readonly ScoreRow[];
}

const FILE = 'evaluation.json';
const MAX_BYTES = 2 ** 20;

const SCORES: z.ZodType<RetrievalScores> = z.object({
  queries: z.int().min(0),
  gallery: z.int().min(0),
  recallAt1: z.number(),
  recallAt5: z.number(),
  recallAt10: z.number(),
  medianRank: z.number(),
  meanRank: z.number(),
  chanceAt1: z.number(),
  chanceAt5: z.number(),
  chanceAt10: z.number(),
});
const EVALUATION: z.ZodType<RunEvaluation> = z.object({
  list: z.string().max(4096),
  protocol: z.string().max(4096).exactOptional(),
  verdict: z.string().max(65_536),
  rows: z
    .array(z.object({ model: z.string().max(256), textToVideo: SCORES, videoToText: SCORES }))
    .max(1000),
});

/** Writes it into a run folder, whole or not at all. */
export async function writeRunEvaluation(folder: string, evaluation: RunEvaluation): Promise<void> {
  await replaceFile(join(folder, FILE), sealJson(evaluation));
}

/** Undefined where there is none. @throws LacunaError where it is damaged. */
export async function readRunEvaluation(folder: string): Promise<RunEvaluation | undefined> {
  const path = join(folder, FILE);
  const bytes = await readOwnFile(path, MAX_BYTES);
  if (bytes === undefined) return undefined;
  try {
    return EVALUATION.parse(unsealJson(bytes.toString('utf8')));
  } catch (cause) {
    const [issue] = cause instanceof z.ZodError ? cause.issues : [];
    throw new LacunaError(
      {
        where: path,
        what: 'this file is damaged',
        got:
          issue === undefined
            ? String(cause).slice(0, 200)
            : `${issue.path.map(String).join('.')}: ${issue.message}`,
        fix: 'Remove it: the report then leaves the evaluation out.',
      },
      { cause },
    );
  }
}
